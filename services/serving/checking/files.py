"""Rules for names, backends, versions and the files of versions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from serving.checking import vllm
from serving.checking.model import Model, Repository
from serving.checking.problem import Problem
from serving.weights import MANIFEST, Weights, read_manifest, refused_files

BACKENDS = ("python", "onnxruntime", "vllm")
"""Backends of which models are served. Others are left out: some load formats that can run code."""
WEIGHT_ENDINGS = (".onnx", ".gguf", ".safetensors")

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,126}[A-Za-z0-9])?")
_LIKE_A_VERSION = re.compile(r"[vV]?\d[\d.]*")


def naming(model: Model, repository: Repository) -> Iterator[Problem]:
    """The model is called as its folder."""
    del repository
    folder, name = model.folder.name, model.config.name
    if name != folder:
        yield model.problem(f"name is {name!r}; must be the folder's: {folder!r}", "name")
    if not _NAME.fullmatch(folder):
        yield model.problem(f"{folder!r} is no name for a model: letters, digits and _ . -", "name")


def backend(model: Model, repository: Repository) -> Iterator[Problem]:
    """The backend is one that is served."""
    del repository
    config = model.config
    allowed = f"allowed: {', '.join(BACKENDS)}, or platform 'ensemble'"
    if config.platform and config.platform != "ensemble":
        yield model.problem(f"platform {config.platform!r}; {allowed}", "platform")
    elif config.platform and config.backend:
        yield model.problem("an ensemble has no backend", "backend")
    elif not config.platform and config.backend not in BACKENDS:
        what = f"backend {config.backend!r}" if config.backend else "no backend"
        yield model.problem(f"{what}; {allowed}", "backend")
    if config.platform == "ensemble" and not config.ensemble_scheduling.step:
        yield model.problem("an ensemble without steps", "platform")
    if config.platform != "ensemble" and config.HasField("ensemble_scheduling"):
        yield model.problem("ensemble_scheduling is for platform 'ensemble'", "ensemble_scheduling")


def versions(model: Model, repository: Repository) -> Iterator[Problem]:
    """The versions that the policy wants are there."""
    del repository
    for each in sorted(model.folder.iterdir()) if not model.is_variant else ():
        like = each.is_dir() and _LIKE_A_VERSION.fullmatch(each.name)
        if like and (not each.name.isdecimal() or each.name.startswith("0")):
            yield model.problem_in(
                each, "is no version: a version is a whole number from 1, without zeros before"
            )
    if not model.versions:
        yield model.problem("no version: no folder with a number as its name")
        return
    policy = model.config.version_policy
    choice = policy.WhichOneof("policy_choice")
    have = ", ".join(str(each) for each in model.versions)
    if choice == "specific":
        if not policy.specific.versions:
            yield model.problem("version_policy: specific without versions", "version_policy")
        for each in policy.specific.versions:
            if each not in model.versions:
                yield model.problem(
                    f"version_policy: there is no version {each}; there are {have}",
                    "version_policy",
                )
    elif choice == "latest" and policy.latest.num_versions < 1:
        yield model.problem("version_policy: latest must be 1 or more", "version_policy")


def contents(model: Model, repository: Repository) -> Iterator[Problem]:
    """Every version has what its backend loads, and nothing that may run code when loaded."""
    for version in model.versions:
        folder = model.folder / str(version)
        if not model.is_variant:
            for name, why in refused_files(folder):
                yield model.problem_in(folder / name, why)
        manifest = _manifest(folder)
        if not model.is_variant:
            yield from (
                model.problem_in(folder / MANIFEST, _short(problem, folder))
                for problem in manifest[1]
            )
            yield from _unlisted(model, folder, manifest[0])
        if model.kind == "python":
            yield from _python(model, folder)
        elif model.kind == "onnxruntime":
            yield from _onnx(model, folder, manifest[0])
        elif model.kind == "vllm":
            yield from vllm.engine(model, folder, repository)


def _manifest(folder: Path) -> tuple[dict[str, Weights], list[str]]:
    file = folder / MANIFEST
    return read_manifest(file) if file.exists() else ({}, [])


def _short(problem: str, folder: Path) -> str:
    """The problem without the manifest's path, which stands before it anyway."""
    return problem.removeprefix(str(folder / MANIFEST)).lstrip(": ")


def _unlisted(model: Model, folder: Path, files: dict[str, Weights]) -> Iterator[Problem]:
    listed = {weights.file for weights in files.values()}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in WEIGHT_ENDINGS and path.name not in listed:
            yield model.problem_in(path, f"is not in {MANIFEST}: nobody could check it")


def _python(model: Model, folder: Path) -> Iterator[Problem]:
    name = model.config.default_model_filename or "model.py"
    file = folder / name
    if not file.is_file():
        yield model.problem_in(file, "is missing; the Python backend loads it")
        return
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
        yield model.problem_in(file, f"is not Python: {error}", line)
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "TritonPythonModel":
            methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
            if "execute" not in methods and not node.bases:
                yield model.problem_in(file, "TritonPythonModel has no execute", node.lineno)
            return
    yield model.problem_in(file, "has no class TritonPythonModel")


def _onnx(model: Model, folder: Path, files: dict[str, Weights]) -> Iterator[Problem]:
    name = model.config.default_model_filename or "model.onnx"
    if not any(each.file == name and each.format == "onnx" for each in files.values()):
        yield model.problem_in(
            folder / MANIFEST, f"does not list {name} with format onnx, which the backend loads"
        )
