"""First step of every `make` target: sets up what the project needs, then becomes a command.

    python3 local/bootstrap.py [--with PROJECT]... [--in PROJECT] COMMAND [ARGUMENT]...

Standard library only. This file alone is read by whatever `python3` is: it keeps to syntax that
every Python 3 understands, so that an old one is told what is missing instead of a SyntaxError.
Everything else is in `local/setup/`.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWEST = (3, 13)
PREFERRED = (12, 11, 13)
"""Minor versions to look for: `services/` takes no 3.13, so that comes last."""

TOO_OLD = """\
Python 3.11, 3.12 or 3.13 is needed. {program} is {version}, and no other was found on PATH.
  Debian, Ubuntu:  sudo apt-get install python3 python3-venv   (Debian 12, Ubuntu 24.04 or newer)
  Fedora:          sudo dnf install python3.12
An interpreter that is not on PATH can be named: make PYTHON=/path/to/python3.12 ...
"""


def main() -> int:
    """Hand over to `local.setup`, in this interpreter or in a better one that is on PATH."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        other = better_python()
        if other is None:
            version = ".".join(str(part) for part in sys.version_info[:3])
            sys.stderr.write(TOO_OLD.format(program=sys.executable, version=version))
            return 1
        os.execv(other, [other, *sys.argv])  # noqa: S606 - a list, no shell
    # Instead of this file's own folder, whose modules would be importable under wrong names.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    from local.setup.entry import run  # noqa: PLC0415 - its syntax is newer

    return run(sys.argv[1:])


def better_python():  # noqa: ANN201 - "str | None" does not exist in old versions
    """Path of an interpreter on PATH that is new enough, else None."""
    for minor in PREFERRED:
        program = shutil.which("python3." + str(minor))
        if program is None:
            continue
        # Version managers put names on PATH for interpreters that do not run.
        test = "import sys; sys.exit(sys.version_info[:2] != (3, " + str(minor) + "))"
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123
            if subprocess.call([program, "-c", test], stdout=nowhere, stderr=nowhere) == 0:
                return program
    return None


if __name__ == "__main__":
    sys.exit(main())
