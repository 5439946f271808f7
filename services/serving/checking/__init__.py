"""Checks a model repository without a server: `check_repository` finds every problem at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

from serving.checking import devices, ensembles, entries, files, scheduling, tensors, variants
from serving.checking.gpus import Gpus
from serving.checking.model import Model, Repository, load_repository
from serving.checking.problem import Problem

__all__ = ["Gpus", "Problem", "check_repository"]

RULES: tuple[Callable[[Model, Repository], Iterator[Problem]], ...] = (
    files.naming,
    files.backend,
    files.versions,
    files.contents,
    tensors.interface,
    tensors.warm_up,
    scheduling.batching,
    scheduling.transactions,
    ensembles.graph,
    devices.instances,
    variants.same_contract,
    entries.gateway_entry,
)


def check_repository(folder: Path, gpus: Gpus | None = None) -> list[Problem]:
    """Everything that is wrong with a model repository, sorted by file and line.

    Args:
        folder: The repository, with a folder for every model.
        gpus: What the models are to run on; without it, what depends on that is not judged.
    """
    repository, problems = load_repository(folder, gpus)
    for model in repository.all_models():
        for rule in RULES:
            problems += rule(model, repository)
    problems += devices.budget(repository)
    problems += ensembles.cycles(repository)
    return sorted(set(problems))
