"""Weights of a model: where they are, and that they are what the manifest says.

Every version of a model has a ``weights.json`` beside its ``model.py``:

    {"files": {"model": {
        "file": "model.onnx", "format": "onnx", "bytes": 123, "sha256": "…",
        "license": "Apache-2.0",
        "package": {"name": "some-package", "version": "1.0.0", "path": "some/model.onnx"}}}}

A file is looked for in the version's folder, where a pipeline puts what the model store has, and
then in the installed package, if one is named. Nothing is handed on unless its size, SHA-256 and
format are right.
"""

import hashlib
import importlib.metadata
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

MANIFEST = "weights.json"
MAX_MANIFEST_BYTES = 64 * 1024

FORMATS = ("safetensors", "gguf", "onnx", "json")
"""What can be loaded without running code that is in it; ``json`` is for tokenisers."""
REFUSED = (".bin", ".ckpt", ".h5", ".joblib", ".keras", ".pickle", ".pkl", ".pt", ".pth")
"""Endings of formats that may run code when they are loaded."""

_KEYS = {"file", "format", "bytes", "sha256", "license", "package"}
_PACKAGE_KEYS = {"name", "version", "path"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1024 * 1024


class WeightsError(Exception):
    """Weights that must not be loaded; every problem is a line of the message."""


@dataclass(frozen=True)
class Package:
    """A file in an installed package.

    Attributes:
        name: Distribution, as on the index.
        version: Its version.
        path: Of the file, as the package lists it.
    """

    name: str
    version: str
    path: str


@dataclass(frozen=True)
class Weights:
    """One file of a manifest.

    Attributes:
        file: Its name in the version's folder.
        format: One of `FORMATS`.
        bytes: Its size.
        sha256: Its digest, in hexadecimal.
        license: SPDX identifier.
        package: Where it is when it does not lie in the folder; None for nowhere.
    """

    file: str
    format: str
    bytes: int
    sha256: str
    license: str
    package: Package | None


def load_weights(folder: Path, *names: str) -> dict[str, Path]:
    """Where the checked files of a version are, by their name in the manifest.

    Args:
        folder: The version's folder, with the manifest.
        names: Files that are wanted; all without any.

    Raises:
        WeightsError: The manifest is wrong, or a file is not what it says.
    """
    files, problems = read_manifest(folder / MANIFEST)
    problems += [f"{folder / name}: {why}" for name, why in refused_files(folder)]
    problems += [f"{folder / MANIFEST}: lists no {name!r}" for name in names if name not in files]
    found: dict[str, Path] = {}
    for name in (names or files) if not problems else ():
        weights = files[name]
        place = find_file(folder, weights)
        if isinstance(place, str):
            problems.append(place)
            continue
        found[name] = place
        problems += file_problems(place, weights)
    if problems:
        raise WeightsError("\n".join(problems))
    return found


def read_manifest(path: Path) -> tuple[dict[str, Weights], list[str]]:
    """The files that a manifest lists, and what is wrong with it."""
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            return {}, [f"{path}: larger than {MAX_MANIFEST_BYTES} bytes"]
        loaded: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, [f"{path}: there is no manifest of the weights"]
    except json.JSONDecodeError as error:
        return {}, [f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}"]
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"{path}: cannot be read: {error}"]
    files: Any = cast("dict[str, Any]", loaded).get("files") if isinstance(loaded, dict) else None
    if not isinstance(files, dict) or set(cast("dict[str, Any]", loaded)) != {"files"}:
        return {}, [f'{path}: must be {{"files": {{NAME: {{…}}}}}}']
    read: dict[str, Weights] = {}
    problems: list[str] = []
    for name, entry in cast("dict[str, Any]", files).items():
        where = f"{path}: files.{name}"
        wrong = _entry_problems(where, entry)
        problems += wrong
        if not wrong:
            read[name] = _entry(entry)
    return read, problems


def find_file(folder: Path, weights: Weights) -> Path | str:
    """Where a file is; a text that says why it is nowhere."""
    beside = folder / weights.file
    if beside.is_file():
        return beside
    package = weights.package
    if package is None:
        return f"{beside}: is missing; it comes from the model store"
    try:
        distribution = importlib.metadata.distribution(package.name)
    except importlib.metadata.PackageNotFoundError:
        return (
            f"{beside}: is missing, and package {package.name}=={package.version}, which has it, "
            "is not installed"
        )
    if distribution.version != package.version:
        return (
            f"{beside}: is missing, and package {package.name} is installed in version "
            f"{distribution.version}, not {package.version}"
        )
    place = Path(str(distribution.locate_file(package.path)))
    return place if place.is_file() else f"{place}: is missing from package {package.name}"


def file_problems(path: Path, weights: Weights) -> list[str]:
    """What is wrong with a file: size, format, digest. The size is checked before it is read."""
    size = path.stat().st_size
    if size != weights.bytes:
        return [f"{path}: has {size} bytes; expected {weights.bytes}"]
    with path.open("rb") as file:
        head = file.read(16)
        if not is_format(weights.format, head):
            return [f"{path}: is no {weights.format} file; it begins with {head[:8].hex(' ')}"]
        digest = hashlib.sha256(head)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != weights.sha256:
        return [f"{path}: has SHA-256 {digest.hexdigest()}; expected {weights.sha256}"]
    return []


def is_format(name: str, head: bytes) -> bool:
    """Whether a file that begins so can be of a format."""
    if name == "gguf":
        return head.startswith(b"GGUF")
    if name == "safetensors":
        # Eight bytes of length, then a JSON object.
        return 2 <= int.from_bytes(head[:8], "little") <= 100_000_000 and head[8:9] == b"{"
    if name == "onnx":
        # Protobuf: field 1, the version of the format, small.
        return head[:1] == b"\x08" and 1 <= head[1] <= 64
    return name == "json" and head.lstrip()[:1] in (b"{", b"[")


def refused_files(folder: Path) -> list[tuple[str, str]]:
    """Files of a version's folder that may run code when loaded, and what they are."""
    if not folder.is_dir():
        return []
    return [
        (path.name, f"{path.suffix} files may run code when loaded; allowed: {_allowed()}")
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in REFUSED
    ]


def _allowed() -> str:
    return ", ".join(FORMATS)


def _entry_problems(where: str, entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [f"{where}: must be an object"]
    given = cast("dict[str, Any]", entry)
    problems = [f"{where}.{key}: unknown" for key in given if key not in _KEYS]
    problems += [f"{where}.{key}: is missing" for key in _KEYS - {"package"} if key not in given]
    file: Any = given.get("file", "")
    if not isinstance(file, str) or Path(file).name != file or not file or file in (".", ".."):
        problems.append(f"{where}.file: must be the name of a file in the version's folder")
    elif Path(file).suffix.lower() in REFUSED:
        problems.append(
            f"{where}.file: {Path(file).suffix} files may run code when loaded; "
            f"allowed: {_allowed()}"
        )
    if given.get("format", FORMATS[0]) not in FORMATS:
        problems.append(f"{where}.format: {given['format']!r}; allowed: {_allowed()}")
    size: Any = given.get("bytes", 1)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        problems.append(f"{where}.bytes: must be a whole number from 1")
    if not _DIGEST.fullmatch(str(given.get("sha256", "0" * 64))):
        problems.append(f"{where}.sha256: must be 64 hexadecimal digits in lower case")
    if not isinstance(given.get("license", ""), str):
        problems.append(f"{where}.license: must be a text: the SPDX identifier")
    return problems + _package_problems(where, given.get("package"))


def _package_problems(where: str, package: Any) -> list[str]:
    if package is None:
        return []
    given = cast("dict[str, Any]", package) if isinstance(package, dict) else {}
    if set(given) != _PACKAGE_KEYS or not all(isinstance(each, str) for each in given.values()):
        return [f"{where}.package: must have the texts {', '.join(sorted(_PACKAGE_KEYS))}"]
    path = Path(given["path"])
    if path.is_absolute() or ".." in path.parts:
        return [f"{where}.package.path: must be relative, without '..'"]
    return []


def _entry(entry: Mapping[str, Any]) -> Weights:
    package = entry.get("package")
    return Weights(
        file=entry["file"],
        format=entry["format"],
        bytes=entry["bytes"],
        sha256=entry["sha256"],
        license=entry["license"],
        package=None if package is None else Package(**package),
    )
