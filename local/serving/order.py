"""What `llmp serve` is asked for, and what is wrong with it before anything is started. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from llm_platform.problems import Problem, did_you_mean, raise_if_any
from local.paths import model_repository

CONFIG = "config.pbtxt"

DEFAULT_PORT = 18080
TRITON_BELOW = 80
"""Triton's first port lies so far below the gateway's: 8000 and 8080 are what the two are known
for, so that ``--port 8080`` gives every port its usual number."""
LOWEST_PORT = 1024 + TRITON_BELOW
HIGHEST_PORT = 65_534

_BACKEND = re.compile(r'^\s*(?:backend|platform)\s*:\s*"([^"]*)"', re.MULTILINE)
_GPU = re.compile(r"\bkind\s*:\s*KIND_GPU\b")
_COMMENT = re.compile(r"#.*")
RUNNABLE = {"python", "ensemble"}
"""Backends and platforms that the Triton of this machine has."""


@dataclass(frozen=True)
class ServePorts:
    """The loopback ports of a server.

    Attributes:
        http: The gateway's HTTP.
        grpc: The gateway's gRPC.
        triton_http: Triton's HTTP.
        triton_grpc: Triton's gRPC.
        triton_metrics: Triton's metrics.
    """

    http: int
    grpc: int
    triton_http: int
    triton_grpc: int
    triton_metrics: int

    def as_dict(self) -> dict[str, int]:
        """The ports by name."""
        return dict(asdict(self))


@dataclass(frozen=True)
class Order:
    """What was asked for; None leaves it to the default, or to what runs already.

    Attributes:
        repository: Model repository.
        models: Models that are loaded at the start.
        port: HTTP port of the gateway; 0 for any ports that are free.
    """

    repository: Path | None = None
    models: tuple[str, ...] | None = None
    port: int | None = None

    def check(self) -> None:
        """Refuse what cannot be served.

        Raises:
            InvalidInputsError: Names every problem.
        """
        raise_if_any("llmp serve", [*self._port_problems(), *self._repository_problems()])

    @property
    def folder(self) -> Path:
        """The model repository, whether it was named or not."""
        return (self.repository or model_repository()).expanduser().resolve()

    def chosen_models(self, offered: Collection[str] = ()) -> tuple[str, ...]:
        """The models to load.

        Those named; else, of the models that this machine's Triton can run, those of `offered`
        that the repository has, and all of a repository that has none of them.
        """
        if self.models is not None:
            return self.models
        able = [name for name in models_in(self.folder) if runs_here(self.folder / name)]
        return tuple(name for name in able if name in offered) or tuple(able)

    def _port_problems(self) -> list[Problem]:
        if self.port in {None, 0} or LOWEST_PORT <= (self.port or 0) <= HIGHEST_PORT:
            return []
        return [
            Problem(
                "--port",
                f"{self.port} cannot be used",
                f"{LOWEST_PORT} to {HIGHEST_PORT} (the next port and those {TRITON_BELOW} below "
                "are needed too), or 0 for any that are free",
            )
        ]

    def _repository_problems(self) -> list[Problem]:
        folder = self.folder
        if not folder.is_dir():
            return [Problem("--repository", f"there is no folder {folder}", "a model repository")]
        known = models_in(folder)
        if not known:
            return [
                Problem("--repository", f"no model in {folder}", f"folders that hold a {CONFIG}")
            ]
        listed = ", ".join(known)
        if self.models is not None and not self.models:
            return [Problem("--models", "none is named", listed)]
        problems = [
            Problem(
                "--models", f"{folder} has no model {name!r}{did_you_mean(name, known)}", listed
            )
            for name in self.models or ()
            if name not in known
        ]
        if not problems and not self.chosen_models():
            problems.append(
                Problem("--models", "no model of the repository runs on this machine", listed)
            )
        return problems


def models_in(repository: Path) -> list[str]:
    """Names of the models in a repository, sorted."""
    return sorted(file.parent.name for file in repository.glob(f"*/{CONFIG}"))


def runs_here(model: Path) -> bool:
    """Whether the Triton of this machine has what a model says it needs: no GPU, no backend."""
    text = _COMMENT.sub("", (model / CONFIG).read_text(encoding="utf-8", errors="replace"))
    backends = _BACKEND.findall(text)
    return bool(backends) and set(backends) <= RUNNABLE and not _GPU.search(text)


def ports_from(port: int) -> ServePorts:
    """All ports, counted from the gateway's HTTP port."""
    triton = port - TRITON_BELOW
    return ServePorts(port, port + 1, triton, triton + 1, triton + 2)


def parse_models(text: str | None) -> tuple[str, ...] | None:
    """The models of ``--models a,b``; None when it was not given."""
    if text is None:
        return None
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


def differences(order: Order, repository: Path, models: Sequence[str], port: int) -> list[str]:
    """What of an order does not hold for a server that runs, in words."""
    wrong: list[str] = []
    if order.repository is not None and order.folder != repository:
        wrong.append(f"its repository is {repository}")
    if order.models is not None and set(order.models) != set(models):
        wrong.append(f"its models are {', '.join(models)}")
    if order.port not in {None, 0, port}:
        wrong.append(f"its port is {port}")
    return wrong
