"""Lays the Triton of nvidia-pytriton out as NVIDIA's own image does.

``python collect_triton.py SITE_PACKAGES TARGET`` copies the server, its Python backend for this
version of Python, its response cache, and of the libraries that come with it those that these
need. With TARGET ``/opt/tritonserver`` the server finds its backends and caches by itself, and
is run by the same arguments as in NVIDIA's image.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGE = "nvidia_pytriton"
LIBRARIES = f"{PACKAGE}.libs"
_RESOLVED = re.compile(r"^\s*(\S+) => (\S+)", re.MULTILINE)
_MISSING = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


class LayoutError(Exception):
    """The package is not laid out as it was when this was written."""


def main(arguments: Sequence[str]) -> int:
    """Copy; exits with 1 and one clear line when the package has another layout."""
    if len(arguments) != 2:
        sys.stderr.write("usage: collect_triton.py SITE_PACKAGES TARGET\n")
        return 2
    try:
        libraries = collect(Path(arguments[0]), Path(arguments[1]))
    except LayoutError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Triton in {arguments[1]}, with {len(libraries)} libraries\n")
    return 0


def collect(packages: Path, target: Path) -> list[str]:
    """Copy what runs; returns the names of the libraries that came along.

    Raises:
        LayoutError: A part is missing, or one of its libraries.
    """
    parts = parts_of(packages / "pytriton/tritonserver")
    needed: dict[str, Path] = {}
    for source, place in parts.items():
        if not source.exists():
            raise LayoutError(f"{source} is missing: nvidia-pytriton has another layout")
        if _is_program(source):
            needed |= bundled(source, _ldd(source))
        _copy(source, target / place)
    for library in needed.values():
        _copy(library, target / "lib" / library.name)
    for record in sorted(packages.glob(f"{PACKAGE}-*.dist-info")):
        # What it is and under which licences: for whoever lists what is in the image.
        shutil.copytree(record, target / record.name, dirs_exist_ok=True)
    return sorted(needed)


def parts_of(server: Path) -> dict[Path, str]:
    """Each file that is wanted, and where it goes."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    backend = sorted(each for each in (server / "backends/python").glob("*") if each.is_file())
    caches = sorted(each for each in (server / "caches").rglob("*") if each.is_file())
    return {
        server / "bin/tritonserver": "bin/tritonserver",
        stub: f"backends/python/{stub.name}",
        **{each: f"backends/python/{each.name}" for each in backend},
        **{each: f"caches/{each.relative_to(server / 'caches')}" for each in caches},
    }


def bundled(program: Path, ldd: str) -> dict[str, Path]:
    """Libraries of the package that a program needs, directly or not, by name.

    Raises:
        LayoutError: One is missing on this machine and in the package.
    """
    missing = _MISSING.findall(ldd)
    if missing:
        raise LayoutError(f"{program} needs {', '.join(sorted(missing))}, which is not there")
    return {name: Path(path) for name, path in _RESOLVED.findall(ldd) if LIBRARIES in path}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    # The package lets only its owner run the stub; in an image that would be root.
    target.chmod(0o755 if _is_program(source) else 0o644)


def _is_program(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"


def _ldd(program: Path) -> str:
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
