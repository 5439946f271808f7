"""Reads a model repository from a folder: text files only, bounded in size. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from llm_platform.problems import Problem, raise_if_any

MAX_FILE_BYTES = 256 * 1024
MAX_TOTAL_BYTES = 2 * 1024 * 1024
MAX_FILES = 200

_IGNORED_FOLDERS = {"__pycache__"}


def read_model_repository(folder: Path) -> dict[str, str]:
    """The text files below `folder` by their path relative to it, with ``/`` between the parts.

    Hidden files and Python's caches are left out. Weights do not belong here: they are put into
    the store by the pipeline that trains or fetches them. A link to a folder stands for that
    folder, wherever it is; a link to a file must stay inside.

    Raises:
        InvalidInputsError: Something is not a text file, too large, or outside.
    """
    if not folder.is_dir():
        problem = Problem(folder.name, "there is no such folder", "a folder of model folders")
        raise_if_any("Model repository", [problem])
    files: dict[str, str] = {}
    problems: list[Problem] = []
    for path, root in sorted(_files(folder, folder.resolve(), ())):
        relative = path.relative_to(folder)
        content = _read(path, root)
        if isinstance(content, str):
            files[relative.as_posix()] = content
        else:
            what, allowed = content
            problems.append(Problem(relative.as_posix(), what, allowed))
    raise_if_any(f"Model repository '{folder.name}'", [*problems, *check_files(files, "files")])
    return files


def check_files(files: Mapping[str, str], path: str) -> list[Problem]:
    """What is wrong with files given by relative path and content."""
    problems: list[Problem] = []
    if len(files) > MAX_FILES:
        problems.append(Problem(path, f"{len(files)} files", f"at most {MAX_FILES}"))
    total = sum(len(content.encode()) for content in files.values())
    if total > MAX_TOTAL_BYTES:
        allowed = f"at most {MAX_TOTAL_BYTES} bytes; weights are uploaded by a pipeline"
        problems.append(Problem(path, f"{total} bytes in all", allowed))
    for key, content in files.items():
        where = f"{path}.{key}"
        parts = key.split("/")
        if key.startswith("/") or "\\" in key or any(part in ("", ".", "..") for part in parts):
            allowed = "a relative path with / between its parts"
            problems.append(Problem(where, f"'{key}' cannot be a key", allowed))
        if len(content.encode()) > MAX_FILE_BYTES:
            allowed = f"at most {MAX_FILE_BYTES} bytes"
            problems.append(Problem(where, f"{len(content.encode())} bytes", allowed))
    return problems


def file_digest(content: str) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def repository_digest(files: Mapping[str, str]) -> str:
    """One SHA-256 over every path and content; the same wherever the folder lies."""
    lines = "".join(f"{file_digest(files[key])}  {key}\n" for key in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def _files(folder: Path, root: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, Path]]:
    """What lies below `folder` and is no folder, each with the folder that it must not leave."""
    real = folder.resolve()
    if real in above:
        yield folder, root  # as a file it is told what it is
        return
    own = root if real.is_relative_to(root) else real
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in _IGNORED_FOLDERS:
            continue
        if path.is_dir():
            yield from _files(path, own, (*above, real))
        else:
            yield path, own


def _read(path: Path, root: Path) -> str | tuple[str, str]:
    """The file's text, or what is wrong with it and what is allowed."""
    if not path.is_file():
        what = "a folder that holds it" if path.is_dir() else "nothing that can be read"
        return f"it leads to {what}", "files, folders, and links to other folders"
    if not path.resolve().is_relative_to(root):
        return "it links to a place outside the folder", "files of the folder itself"
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        return f"{size} bytes", f"text of at most {MAX_FILE_BYTES} bytes"
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        return "it is a binary file", "UTF-8 text; weights are uploaded by a pipeline"
    return text
