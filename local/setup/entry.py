"""The set-up as a whole: check the machine, make environments, become the wanted command."""

import argparse
import errno
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from local.errors import LocalCloudError
from local.paths import cache_folder
from local.setup import environments, machine, uv
from local.setup.environments import PROJECTS, NoPythonError, Project
from local.setup.steps import REPORTER

FAILED = 1
STOPPED = 130


def run(arguments: Sequence[str]) -> int:
    """Set up, then replace this process by the command in `arguments`.

    Returns:
        The exit code, when there is no command, or no way to it.
    """
    options = _parser().parse_args(arguments)
    home = PROJECTS[options.within]
    try:
        ready = set_up([PROJECTS[name] for name in dict.fromkeys([*options.also, options.within])])
        if home in ready and options.command:
            _become(options.command, home)
    except LocalCloudError as error:
        sys.stderr.write(f"\n{error}\n")
        return FAILED
    except OSError as error:
        sys.stderr.write(f"\n{_about(error)}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Run the same command again to go on.\n")
        return STOPPED
    return 0


def set_up(projects: Sequence[Project]) -> list[Project]:
    """Check the machine and bring the environments of `projects` in step.

    Returns:
        Those that are ready. Left out, and said so, are projects that this checkout does not
        have, and side projects for which this machine has no Python; in CI (`CI` is set) the
        latter is an error.

    Raises:
        LocalCloudError: The machine lacks something, or an environment cannot be made.
    """
    behind = [each for each in projects if each.exists() and not each.is_in_step()]
    machine.require(venv=bool(behind) and uv.find() is None)
    ready: list[Project] = []
    for project in projects:
        if not project.exists():
            REPORTER.note(project.name, "not in this checkout, left out")
            continue
        try:
            environments.make(project)
        except NoPythonError as error:
            if project.name == "root" or os.environ.get("CI"):
                raise
            REPORTER.note(project.name, f"LEFT OUT: {error.what}")
            continue
        ready.append(project)
    return ready


def _become(command: Sequence[str], project: Project) -> None:
    name, *arguments = command
    program = project.environment / "bin" / name
    if not os.access(program, os.X_OK):
        raise LocalCloudError(
            f"{project.name} has no command {name}.", f"See what is in {program.parent}."
        )
    os.chdir(project.folder)
    sys.stderr.flush()
    os.execv(program, [str(program), *arguments])  # noqa: S606 - a list, no shell


def _about(error: OSError) -> str:
    folder = cache_folder()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        existing = next(each for each in (folder, *folder.parents) if each.exists())
        free = shutil.disk_usage(existing).free // 2**20
        return (
            f"The disk is full ({error}).\n{free} MiB are free at {folder}. Free some space, or "
            "set LLMP_CACHE to a folder on another disk, and run the same command again."
        )
    if isinstance(error, PermissionError):
        return (
            f"{error}\nIf this is the cache folder, set LLMP_CACHE to one that can be written; if "
            f"it is the checkout, it belongs to another user than {os.geteuid()}."
        )
    return f"The set-up failed: {error}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=Path(sys.argv[0]).name, description="Set up, then run a command."
    )
    names = sorted(PROJECTS)
    parser.add_argument(
        "--with", dest="also", action="append", choices=names, default=[], metavar="PROJECT",
        help=f"make this project's environment too: {', '.join(names)}",
    )  # fmt: skip
    parser.add_argument(
        "--in", dest="within", choices=names, default="root", metavar="PROJECT",
        help="run the command in this project's folder and environment (default: root)",
    )  # fmt: skip
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser
