"""Makes a Python environment smaller without changing what it does: ``python slim.py FOLDER``.

Three things go: tests that packages ship, folders that nothing here imports (`UNUSED`), and the
debugging information of compiled modules. A compiled module that cannot be loaded after it was
stripped keeps its original file.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

MIB = 2**20

UNUSED = (
    # The gateway recognises phone numbers; it never says where a number is from.
    "phonenumbers/geodata",
    # The gateway is KServe's server; it never calls the Kubernetes API, let alone asynchronously.
    "kubernetes/aio",
    "kubernetes/client/api",
    # KServe declares it; no module of KServe imports it.
    "PIL",
    "pillow.libs",
    "pillow-*.dist-info",
    # Faster downloads from a model hub: weights come from the model store.
    "hf_xet",
    "hf_xet-*.dist-info",
    "onnxruntime/transformers",
    "onnxruntime/tools",
    "onnxruntime/quantization",
)
"""Folders below site-packages as patterns, with the reason why nothing needs them. A package that
goes as a whole goes with its metadata, so that lists of what is in an image stay true."""

TESTS = ("tests", "test")
"""Names of folders in which packages ship their own tests."""
ELF = b"\x7fELF"


def main(arguments: Sequence[str]) -> int:
    """Slim the environment in a folder, and say what it gave."""
    if len(arguments) != 1:
        sys.stderr.write("usage: slim.py FOLDER\n")
        return 2
    packages = next(Path(arguments[0]).glob("lib/python3.*/site-packages"), None)
    if packages is None:
        sys.stderr.write(f"{arguments[0]} is no Python environment: it has no site-packages\n")
        return 2
    before = size_of(packages)
    steps = (
        ("tests", remove(test_folders(packages))),
        ("unused", remove(each for name in UNUSED for each in packages.glob(name))),
        ("debugging information", strip(compiled(packages))),
    )
    for what, freed in steps:
        sys.stdout.write(f"  {what}: {freed / MIB:.0f} MiB less\n")
    sys.stdout.write(f"{before / MIB:.0f} MiB, now {size_of(packages) / MIB:.0f} MiB\n")
    return 0


def test_folders(packages: Path) -> list[Path]:
    """Folders of tests inside packages; one at the top would be a package of that name."""
    found = (Path(folder) for folder, _, _ in os.walk(packages))
    return [each for each in found if each.name in TESTS and each.parent != packages]


def remove(folders: Iterable[Path]) -> int:
    """Remove folders, those that are there; returns the bytes that this freed."""
    freed = 0
    for folder in folders:
        if folder.is_dir():
            freed += size_of(folder)
            shutil.rmtree(folder)
    return freed


def compiled(packages: Path) -> list[Path]:
    """Compiled modules and libraries that may carry debugging information.

    Libraries in ``NAME.libs`` are left alone: the tool that put them there has moved their parts,
    which `strip` does not always survive.
    """
    found = sorted(packages.rglob("*.so*"))
    return [each for each in found if not _is_bundled(each) and _is_elf(each)]


def strip(files: Iterable[Path]) -> int:
    """Strip what is not needed to run; returns the bytes that this freed."""
    freed = 0
    for file in files:
        # Beside the original, so that the libraries that it names are found as before.
        made = file.with_name(f"{file.name}.stripped")
        shutil.copy2(file, made)
        subprocess.run(["strip", "--strip-unneeded", str(made)], check=True)
        gained = file.stat().st_size - made.stat().st_size
        why = loading_error(made) if gained > 0 else ""
        if gained > 0 and not why:
            made.replace(file)
            freed += gained
            continue
        made.unlink()
        if why:
            sys.stdout.write(f"  {file.name} stays as it was: {why}\n")
    return freed


def loading_error(file: Path) -> str:
    """Why the system's loader refuses a library; empty when it takes it.

    Asked in a process of its own, in which whatever the library does at loading does no harm.
    """
    code = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().rpartition("\n")[2]
    return "" if done.returncode == 0 else last or f"its process ended with {done.returncode}"


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    files = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return sum(each.lstat().st_size for each in files)


def _is_bundled(file: Path) -> bool:
    return any(part.endswith(".libs") for part in file.parts)


def _is_elf(file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(4) == ELF


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
