"""`make check`: everything that can be judged without running the platform, two at a time."""

import hashlib
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
PASSED = "llmp-types-passed"
"""Stamp inside an environment: digest of the sources whose types were found right with it."""
DOCKERFILES = ("gateway/Dockerfile", "rollout/Dockerfile", "serving/Dockerfile")
"""Dockerfiles of services/; hadolint judges them."""
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
        passed: File that keeps the digest of what passed, for a check worth remembering.
    """

    title: str
    command: Sequence[str]
    folder: Path
    env: Mapping[str, str] | None = None
    passed: Path | None = None


@dataclass(frozen=True)
class Verdict:
    """How a check ended; `seconds` is None when nothing had changed since it passed."""

    check: Check
    passed: bool
    output: str
    seconds: float | None


def checks(projects: Sequence[Project], uv_program: Path) -> list[Check]:
    """All checks of `projects`, the longest first so that none waits alone at the end."""
    root = PROJECTS["root"]
    own = root.environment / "bin"
    types = [
        Check(
            f"types of {each.name}",
            [str(each.environment / "bin" / "basedpyright"), "--level", "error"],
            each.folder,
            passed=each.environment / PASSED,
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
    services = PROJECTS["services"]
    dockerfiles = [
        Check(
            "Dockerfiles",
            [str(services.environment / "bin" / "hadolint"), *DOCKERFILES],
            services.folder,
        )
        for each in projects
        if each.name == services.name
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
        *dockerfiles,
        *scripts,
    ]


def sources(folder: Path) -> str:
    """Digest of all that a type checker reads in the checkout around `folder`.

    Any change to a Python file or to a project's or lock file counts, tracked or not.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard", "*.py", "*.pyi", "*.toml", "*.lock"],
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    digest = hashlib.sha256()
    for name in sorted(set(listed.split(b"\0")) - {b""}):
        file = folder / os.fsdecode(name)
        content = file.read_bytes() if file.is_file() else b""
        digest.update(b"%b\0%d\0" % (name, len(content)))
        digest.update(content)
    return digest.hexdigest()


def judge(check: Check, digest: str) -> Verdict:
    """Run one check, unless it passed with the same sources; `digest` is that of the sources."""
    if check.passed is not None and _passed_with(check.passed) == digest:
        return Verdict(check, passed=True, output="", seconds=None)
    verdict = _run(check)
    if check.passed is not None and verdict.passed:
        check.passed.write_text(digest, encoding="ascii")
    return verdict


def _passed_with(stamp: Path) -> str | None:
    try:
        return stamp.read_text(encoding="ascii")
    except FileNotFoundError:
        return None


def _run(check: Check) -> Verdict:
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
        digest = sources(REPOSITORY)
        running: list[Future[Verdict]] = [pool.submit(judge, check, digest) for check in wanted]
        for future in as_completed(running):
            verdict = future.result()
            mark = "✓" if verdict.passed else "✗"
            took = "as when it passed" if verdict.seconds is None else f"{verdict.seconds:.1f} s"
            _say(f"{mark} {verdict.check.title} ({took})")
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
