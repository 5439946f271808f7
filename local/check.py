"""`make check`: everything that can be judged without running the platform, two at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.paths import REPOSITORY
from local.setup import uv
from local.setup.environments import PROJECTS, Project

AT_A_TIME = 2
SCRIPTS = (".ci/run", "policies/run")
"""Shell scripts; those that are there are parsed."""


@dataclass(frozen=True)
class Check:
    """A command that judges; exit code 0 is a pass.

    Attributes:
        title: For people.
        command: Program and arguments.
        folder: Working directory.
        env: Its whole environment; None for ours.
    """

    title: str
    command: Sequence[str]
    folder: Path
    env: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Verdict:
    """How a check ended."""

    check: Check
    passed: bool
    output: str
    seconds: float


def checks(projects: Sequence[Project], uv_program: Path) -> list[Check]:
    """All checks of `projects`, the longest first so that none waits alone at the end."""
    root = PROJECTS["root"]
    own = root.environment / "bin"
    types = [
        Check(
            f"types of {each.name}",
            [str(each.environment / "bin" / "basedpyright"), "--level", "error"],
            each.folder,
        )
        for each in projects
    ]
    locks = [
        Check(
            f"lock file of {each.name}",
            [str(uv_program), "lock", "--check", "--quiet"],
            each.folder,
            uv.environment(os.environ),
        )
        for each in projects
    ]
    scripts = [
        Check(f"syntax of {name}", ["bash", "-n", name], REPOSITORY)
        for name in SCRIPTS
        if (REPOSITORY / name).exists()
    ]
    return [
        *types,
        Check("lint", [str(own / "ruff"), "check", "."], REPOSITORY),
        Check("format", [str(own / "ruff"), "format", "--check", "."], REPOSITORY),
        *locks,
        *scripts,
    ]


def judge(check: Check) -> Verdict:
    """Run one check."""
    began = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=check.folder,
        env=check.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Verdict(check, done.returncode == 0, done.stdout.strip(), time.monotonic() - began)


def main() -> int:
    """Run all checks; returns 1 when one of them failed."""
    began = time.monotonic()
    there = [each for each in PROJECTS.values() if each.exists()]
    ready = [each for each in there if each.is_in_step()]
    for project in there:
        if project not in ready:
            _say(f"- {project.name}: NOT CHECKED, its environment could not be made here")
    try:
        wanted = checks(ready, uv.ensure())
    except LocalCloudError as error:
        _say(str(error))
        return 1
    failed: list[Verdict] = []
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running: list[Future[Verdict]] = [pool.submit(judge, check) for check in wanted]
        for future in as_completed(running):
            verdict = future.result()
            mark = "✓" if verdict.passed else "✗"
            _say(f"{mark} {verdict.check.title} ({verdict.seconds:.1f} s)")
            if not verdict.passed:
                failed.append(verdict)
    for verdict in failed:
        _say(f"\n✗ {verdict.check.title}: {' '.join(verdict.check.command)}\n{verdict.output}")
    passed = len(wanted) - len(failed)
    _say(f"\n{passed} of {len(wanted)} checks passed in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
