"""The settings of this project: its own names, its own checks, nothing of llm-platform's."""

from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True)
class ModelSettings:
    """The model that is served.

    Attributes:
        name: Its folder in the repository.
        repository: Where model repositories lie.
        runtime: Name of the serving runtime.
        gpus: GPUs of a pod.
    """

    name: str
    repository: str
    runtime: str
    gpus: int


@dataclass(frozen=True)
class TeamSettings:
    """Everything that `Pulumi.STACK.yaml` says.

    Attributes:
        owner: Who pays.
        cluster: Name of the cluster.
        block: Block of the VPC.
        zones: Availability zones.
        nodes: Most nodes, and most pods of the model.
        namespace: Namespace of the model.
        model: The model; None until there is a cluster that can serve one.
    """

    owner: str
    cluster: str
    block: str
    zones: list[str]
    nodes: int
    namespace: str
    model: ModelSettings | None


def read() -> TeamSettings:
    """The settings of the stack that runs."""
    config = pulumi.Config()
    model: Any = config.get_object("model")
    zones: Any = config.require_object("zones")
    return TeamSettings(
        owner=config.require("owner"),
        cluster=config.require("cluster"),
        block=config.require("block"),
        zones=list(zones),
        nodes=config.require_int("nodes"),
        namespace=config.require("namespace"),
        model=ModelSettings(**model) if model else None,
    )
