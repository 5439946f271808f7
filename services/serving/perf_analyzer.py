"""perf_analyzer, Triton's load generator: ``python -m serving.perf_analyzer ARGUMENT...``.

Recent releases of tritonclient no longer carry it and its own package needs a newer C library than
Debian 12 has, so the program is taken out of the wheel that belongs to the server's release. The
wheel's Python code is not used: nothing of it comes into this environment.
"""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

VERSION = "2.51.0"
REQUIREMENT = f"""\
tritonclient=={VERSION} \\
    --hash=sha256:c485bb0123bdf310f90bc8b03d3489b28df2ffed55b30c7eee0b795b48113d52 \\
    --hash=sha256:ee6f5a508409f6c95069f4d77d34e97bef84fb4a1aedb5d82ad0ad311ad128d5 \\
    --hash=sha256:eef99681b0a18ee72808d887d2324a38a81fa1250924e595db46256b83f13668
"""
LIBRARIES = {"libb64.so.0d": "libb64-*.so.0d", "libcudart.so.12": "libcudart-*.so.12*"}
"""What the program is linked against, and under which names nvidia-pytriton carries it."""


class PerfAnalyzerError(Exception):
    """perf_analyzer cannot be had; the message is for people."""


def cache_folder() -> Path:
    """Folder of what can be made again; the same that the rest of the project uses."""
    own, xdg = os.environ.get("LLMP_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own).expanduser().absolute()
    return (Path(xdg) if xdg else Path.home() / ".cache").absolute() / "llm-platform"


def ensure() -> Path:
    """The program, fetched at the first call.

    Raises:
        PerfAnalyzerError: It cannot be fetched.
    """
    home = cache_folder() / "perf_analyzer"
    program = home / VERSION / "bin" / "perf_analyzer"
    if os.access(program, os.X_OK):
        return program
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home / "lock"):
            if not os.access(program, os.X_OK):
                _fetch(home)
    except OSError as error:
        raise PerfAnalyzerError(f"{home} cannot be written: {error.strerror}") from error
    return program


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment in which the program finds its libraries.

    Raises:
        PerfAnalyzerError: nvidia-pytriton, which carries them, is not installed.
    """
    there = given.get("LD_LIBRARY_PATH", "")
    folder = str(_library_folder())
    return {**given, "LD_LIBRARY_PATH": os.pathsep.join(each for each in (folder, there) if each)}


def main(arguments: Sequence[str]) -> None:
    """Become perf_analyzer.

    Raises:
        SystemExit: That cannot be; says why.
    """
    try:
        program = ensure()
        variables = environment(os.environ)
    except PerfAnalyzerError as error:
        sys.exit(f"error: {error}")
    os.execve(program, [str(program), *arguments], variables)  # noqa: S606 - no shell is wanted


def _library_folder() -> Path:
    """A folder with the libraries under the names that the program asks for."""
    spec = importlib.util.find_spec("pytriton")
    if spec is None or spec.origin is None:
        raise PerfAnalyzerError(
            "nvidia-pytriton, whose libraries it needs, is not installed in this Python"
        )
    carried = Path(spec.origin).parents[1] / "nvidia_pytriton.libs"
    folder = cache_folder() / "perf_analyzer" / VERSION / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    for name, pattern in LIBRARIES.items():
        found = sorted(carried.glob(pattern))
        if not found:
            raise PerfAnalyzerError(f"{carried} has no {pattern}, which it needs")
        link = folder / name
        if not link.is_symlink() or link.readlink() != found[0]:
            made = folder / f".{name}.{os.getpid()}"
            made.symlink_to(found[0])
            made.replace(link)
    return folder


def _fetch(home: Path) -> None:
    sys.stderr.write(f"… perf_analyzer {VERSION}: fetching the package that carries it\n")
    with tempfile.TemporaryDirectory(dir=home, prefix=".work-") as work:
        requirement = Path(work, "requirement.txt")
        requirement.write_text(REQUIREMENT, encoding="utf-8")
        target = Path(work, "target")
        done = subprocess.run(
            [*_installer(), "--target", str(target), "--no-deps", "--require-hashes",
             "--only-binary", ":all:", "--quiet", "--requirement", str(requirement)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise PerfAnalyzerError(
                f"tritonclient {VERSION} cannot be fetched:\n{done.stderr.strip()[-2000:]}"
            )
        if not (target / "bin" / "perf_analyzer").exists():
            raise PerfAnalyzerError(f"tritonclient {VERSION} for this machine has no perf_analyzer")
        for each in target.iterdir():
            if each.name not in {"bin", "LICENSE.txt"}:
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        shutil.rmtree(home / VERSION, ignore_errors=True)
        target.rename(home / VERSION)


def _installer() -> list[str]:
    """The program that installs packages: uv, where this project has put it, or pip."""
    kept = sorted((cache_folder() / "uv").glob("*/bin/uv"))
    found = shutil.which("uv") or (str(kept[-1]) if kept else "")
    if found:
        return [found, "pip", "install", "--python", sys.executable]
    for python in (sys.executable, getattr(sys, "_base_executable", sys.executable)):
        asked = [python, "-m", "pip", "--version"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return [*asked[:-1], "install"]
    raise PerfAnalyzerError("neither uv nor pip is there to fetch it with")


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main(sys.argv[1:])
