"""A model repository as the checks see it."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from serving.checking.gpus import Gpus
from serving.checking.problem import Problem, line_of

CONFIG = "config.pbtxt"
VARIANTS = "configs"
"""Folder for other configurations of a model; ``tritonserver --model-config-name`` chooses one."""


@dataclass(frozen=True)
class Model:
    """One configuration of a model.

    Attributes:
        folder: The model's folder.
        file: The configuration.
        shown: Its path relative to the repository.
        text: Its text.
        config: Triton's ``ModelConfig``.
    """

    folder: Path
    file: Path
    shown: str
    text: str
    config: Any

    @property
    def is_variant(self) -> bool:
        """Whether it is one of the other configurations."""
        return self.file.name != CONFIG

    @property
    def kind(self) -> str:
        """The backend; ``ensemble`` for an ensemble."""
        if self.config.platform == "ensemble":
            return "ensemble"
        return str(self.config.backend)

    @property
    def versions(self) -> list[int]:
        """The versions that have a folder."""
        return sorted(
            int(each.name)
            for each in self.folder.iterdir()
            if each.is_dir() and each.name.isdecimal() and not each.name.startswith("0")
        )

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters."""
        return {key: value.string_value for key, value in self.config.parameters.items()}

    def served_versions(self) -> list[int]:
        """The versions that its policy puts into service."""
        policy = self.config.version_policy
        choice = policy.WhichOneof("policy_choice")
        if choice == "all":
            return self.versions
        if choice == "specific":
            return [each for each in policy.specific.versions if each in self.versions]
        count = policy.latest.num_versions if choice == "latest" else 1
        return self.versions[-count:] if count > 0 else []

    def problem(self, message: str, *words: str) -> Problem:
        """A problem in the configuration, at the line with these words."""
        return Problem(self.shown, line_of(self.text, *words) if words else 0, message)

    def problem_in(self, path: Path, message: str, line: int = 0) -> Problem:
        """A problem in another file of the model."""
        return Problem(path.relative_to(self.folder.parent).as_posix(), line, message)


@dataclass(frozen=True)
class Repository:
    """The models of a repository that could be read.

    Attributes:
        folder: Where it is.
        gpus: What it is to run on; None if that is not known.
        models: The first configuration of every model, by the folder's name.
        variants: The other configurations.
    """

    folder: Path
    gpus: Gpus | None
    models: dict[str, Model] = field(default_factory=dict[str, Model])
    variants: list[Model] = field(default_factory=list[Model])

    def all_models(self) -> Iterator[Model]:
        """Every configuration."""
        yield from self.models.values()
        yield from self.variants


def load_repository(folder: Path, gpus: Gpus | None) -> tuple[Repository, list[Problem]]:
    """Read a repository; what cannot be read is a problem."""
    repository = Repository(folder, gpus)
    if not folder.is_dir():
        return repository, [Problem(str(folder), 0, "there is no such folder")]
    problems: list[Problem] = []
    for model in sorted(each for each in folder.iterdir() if _may_be_model(each)):
        file = model / CONFIG
        if not file.is_file():
            shown = f"{model.name}/{CONFIG}"
            problems.append(Problem(shown, 0, "is missing; every model has one"))
            continue
        for path in (file, *sorted((model / VARIANTS).glob("*.pbtxt"))):
            read = _load(folder, model, path)
            if isinstance(read, Problem):
                problems.append(read)
            elif path == file:
                repository.models[model.name] = read
            else:
                repository.variants.append(read)
    if not repository.models and not problems:
        problems.append(Problem(str(folder), 0, f"no model: no folder with a {CONFIG}"))
    return repository, problems


def _may_be_model(path: Path) -> bool:
    """Folders with a configuration or a version; other folders are not Triton's business."""
    if not path.is_dir() or path.name.startswith((".", "__")):
        return False
    return (path / CONFIG).is_file() or any(each.name.isdecimal() for each in path.iterdir())


def _load(repository: Path, model: Path, path: Path) -> Model | Problem:
    shown = path.relative_to(repository).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Problem(shown, 0, f"cannot be read: {error}")
    config = definitions().ModelConfig()
    try:
        text_format.Parse(text, config)
    except text_format.ParseError as error:
        line = error.GetLine() or 0
        # The message begins with line and column.
        message = str(error).partition(" : ")[2] or str(error)
        return Problem(shown, line, f"column {error.GetColumn() or 1}: {message}")
    return Model(model, path, shown, text, config)


@cache
def definitions() -> Any:
    """Triton's protobuf messages for configurations.

    They are read from tritonclient's file, not imported through its package: that registers the
    protocol as well, which kserve does too, and a process can have it only once.
    """
    package = importlib.util.find_spec("tritonclient")
    if package is None or package.origin is None:
        message = "tritonclient, which says what a configuration is, is not installed"
        raise ModuleNotFoundError(message)
    file = Path(package.origin).parent / "grpc/model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("triton_model_config", file)
    if spec is None or spec.loader is None:
        message = f"{file} cannot be imported"
        raise ModuleNotFoundError(message)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
