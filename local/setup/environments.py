"""The Python environments of the three projects: made from their lock files, kept in step.

A stamp inside each ``.venv`` says from which files it was made. As long as they are the same,
nothing is started, so a warm run costs milliseconds.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.paths import REPOSITORY, cache_folder
from local.setup import uv
from local.setup.steps import exclusive, step

STAMP = "llmp-made-from"


@dataclass(frozen=True)
class Project:
    """A uv project: a folder with `pyproject.toml`, `uv.lock` and an environment of its own."""

    name: str
    folder: Path

    @property
    def environment(self) -> Path:
        """Its environment."""
        return self.folder / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.environment / "bin" / "python"

    def exists(self) -> bool:
        """Whether the project is there; parts of it may be missing in an early checkout."""
        return (self.folder / "pyproject.toml").exists()

    def made_from(self) -> str:
        """Digest of the files that decide what is in the environment."""
        digest = hashlib.sha256()
        for file in (
            self.folder / "uv.lock",
            self.folder / "pyproject.toml",
            REPOSITORY / "components" / "pyproject.toml",
        ):
            digest.update(file.read_bytes() if file.exists() else b"")
            digest.update(b"\0")
        return digest.hexdigest()

    def is_in_step(self) -> bool:
        """Whether the environment runs and was made from the present files."""
        try:
            made_from = (self.environment / STAMP).read_text(encoding="utf-8").strip()
        except OSError:
            return False
        return made_from == self.made_from() and os.access(self.python, os.X_OK)


class NoPythonError(LocalCloudError):
    """No interpreter on this machine suits a project."""


PROJECTS = {
    "root": Project("root", REPOSITORY),
    "policies": Project("policies", REPOSITORY / "policies"),
    "services": Project("services", REPOSITORY / "services"),
}
"""The three projects by name; ARCHITECTURE: their dependencies fit into no single environment."""


def make(project: Project) -> None:
    """Bring the environment of `project` in step with its lock file.

    Raises:
        NoPythonError: No Python that it takes.
        LocalCloudError: uv cannot be had, or failed.
    """
    if project.is_in_step():
        return
    digest = hashlib.sha256(str(project.folder).encode()).hexdigest()[:12]
    title = f"Python environment of {project.name}"
    with exclusive(cache_folder() / "setup" / f"{digest}.lock", title):
        if project.is_in_step():
            return
        made_from = project.made_from()
        # A Python is chosen once; an environment that runs keeps its own.
        chosen = [] if os.access(project.python, os.X_OK) else ["--python", python_for(project)]
        step(
            title,
            [str(uv.ensure()), "sync", "--frozen", "--all-groups", "--no-progress", *chosen],
            env=uv.environment(os.environ),
            folder=project.folder,
        )
        (project.environment / STAMP).write_text(made_from + "\n", encoding="utf-8")


def python_for(project: Project) -> str:
    """An interpreter that `project` takes: this one, else another one on PATH.

    Raises:
        NoPythonError: There is none.
    """
    first, end = accepted_minors((project.folder / "pyproject.toml").read_text(encoding="utf-8"))
    if first <= sys.version_info.minor < end:
        return sys.executable
    for minor in range(end - 1, first - 1, -1):
        program = shutil.which(f"python3.{minor}")
        if program and _runs(program, minor):
            return program
    raise NoPythonError(
        f"{project.name} needs Python 3.{first} to 3.{end - 1}; this is 3.{sys.version_info.minor},"
        " and no other is on PATH.",
        f"Install python3.{end - 1}, or do without the targets that need {project.name}.",
    )


def accepted_minors(pyproject: str) -> tuple[int, int]:
    """First minor version of Python 3 that a project takes, and the first that it does not."""
    found = re.search(r'^requires-python = ">=3\.(\d+),\s*<3\.(\d+)"', pyproject, re.MULTILINE)
    if found is None:
        return 11, 14
    return int(found.group(1)), int(found.group(2))


def _runs(program: str, minor: int) -> bool:
    test = f"import sys; sys.exit(sys.version_info[:2] != (3, {minor}))"
    done = subprocess.run([program, "-c", test], capture_output=True, check=False)
    return done.returncode == 0
