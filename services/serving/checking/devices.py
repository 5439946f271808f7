"""Rules for instance groups, the GPUs they run on and the memory they need there."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from serving.checking import vllm
from serving.checking.model import Model, Repository, definitions
from serving.checking.problem import Problem

MEMORY = "memory_mb"
"""Parameter of a model with GPU instances: memory of one instance on its GPU, in MiB."""


def instances(model: Model, repository: Repository) -> Iterator[Problem]:
    """Instance groups make sense for the backend and the GPUs."""
    config = model.config
    groups = config.instance_group
    if config.platform == "ensemble":
        if groups:
            yield model.problem("an ensemble has no instances; its steps have", "instance_group")
        return
    if not groups:
        yield model.problem("no instance_group: what it runs on would depend on the machine")
    for group in groups:
        yield from _group(model, group, repository)
        for resource in group.rate_limiter.resources:
            if not resource.name or resource.count < 1:
                yield model.problem(
                    f"rate_limiter: resource {resource.name!r} with count {resource.count}; "
                    "allowed: a name, and 1 or more",
                    "resources",
                )


def _group(model: Model, group: Any, repository: Repository) -> Iterator[Problem]:
    kinds = definitions().ModelInstanceGroup
    kind = group.kind
    where = "instance_group"
    if group.count < 0:
        yield model.problem(f"count is {group.count}; allowed: 1 or more", where, "count")
    if kind == kinds.KIND_CPU and group.gpus:
        yield model.problem("KIND_CPU with gpus", "gpus")
    if kind == kinds.KIND_AUTO:
        yield model.problem(
            "no kind: what it runs on would depend on the machine; allowed: KIND_CPU, KIND_GPU, "
            "KIND_MODEL",
            where,
        )
    if model.kind == "vllm" and kind == kinds.KIND_CPU:
        yield model.problem("vLLM needs GPUs; allowed: KIND_MODEL, or KIND_GPU for one", where)
    if kind == kinds.KIND_GPU:
        yield from _gpu_group(model, group, repository)


def _gpu_group(model: Model, group: Any, repository: Repository) -> Iterator[Problem]:
    if model.kind != "vllm":
        memory = model.parameters.get(MEMORY, "")
        if not memory.isdecimal() or int(memory) < 1:
            yield model.problem(
                f"KIND_GPU without parameters.{MEMORY}: the memory of one instance, in MiB",
                "instance_group",
                "KIND_GPU",
            )
    gpus = repository.gpus
    if gpus is not None:
        for index in group.gpus:
            if not 0 <= index < gpus.count:
                yield model.problem(
                    f"GPU {index}; there are {gpus.count}, from 0 to {gpus.count - 1}", "gpus"
                )


def budget(repository: Repository) -> Iterator[Problem]:
    """All models together fit on the GPUs."""
    gpus = repository.gpus
    if gpus is None:
        return
    needed: dict[int, float] = defaultdict(float)
    parts: dict[int, list[str]] = defaultdict(list)
    for model in repository.models.values():
        for index, memory in _needs(model, repository):
            needed[index] += memory
            parts[index].append(f"{model.folder.name} {memory:.0f}")
    for index in sorted(needed):
        if needed[index] > gpus.memory_mib:
            yield Problem(
                repository.folder.name,
                0,
                f"GPU {index} ({gpus.model}) has {gpus.memory_mib} MiB; the models need "
                f"{needed[index]:.0f}: {', '.join(parts[index])}",
            )


def _needs(model: Model, repository: Repository) -> Iterator[tuple[int, float]]:
    """Which memory a model needs on which GPU."""
    gpus = repository.gpus
    if gpus is None:
        return
    if model.kind == "vllm":
        used, share = vllm.use(model)
        for index in range(min(used, gpus.count)):
            yield index, share * gpus.memory_mib
        return
    memory = model.parameters.get(MEMORY, "0")
    for group in model.config.instance_group:
        if group.kind == definitions().ModelInstanceGroup.KIND_GPU and memory.isdecimal():
            for index in group.gpus or range(gpus.count):
                yield index, float(memory) * max(group.count, 1)
