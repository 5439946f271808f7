"""Rule for other configurations of a model: clients see no difference."""

from collections.abc import Iterator
from typing import Any

from serving.checking.model import Model, Repository
from serving.checking.problem import Problem
from serving.checking.tensors import type_name


def same_contract(model: Model, repository: Repository) -> Iterator[Problem]:
    """A variant has the inputs, outputs and batches of the model's first configuration."""
    first = repository.models.get(model.folder.name)
    if not model.is_variant or first is None:
        return
    for kind in ("input", "output"):
        own, wanted = _tensors(model, kind), _tensors(first, kind)
        for name in sorted(own.keys() | wanted.keys()):
            if own.get(name) != wanted.get(name):
                yield model.problem(
                    f"{kind} {name!r} is {own.get(name, 'missing')}; in {first.shown}: "
                    f"{wanted.get(name, 'missing')}",
                    f'"{name}"',
                )
    if model.config.max_batch_size != first.config.max_batch_size:
        yield model.problem(
            f"max_batch_size is {model.config.max_batch_size}; in {first.shown}: "
            f"{first.config.max_batch_size}",
            "max_batch_size",
        )
    if (
        model.config.model_transaction_policy.decoupled
        != first.config.model_transaction_policy.decoupled
    ):
        yield model.problem(f"decoupled differs from {first.shown}", "decoupled")


def _tensors(model: Model, kind: str) -> dict[str, str]:
    listed: Any = getattr(model.config, kind)
    return {
        each.name: f"{type_name(each.data_type)} {list(each.dims)}"
        + (" optional" if kind == "input" and each.optional else "")
        for each in listed
    }
