"""Rules for inputs, outputs and warm-up samples."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from serving.checking.model import Model, Repository, definitions
from serving.checking.problem import Problem


def interface(model: Model, repository: Repository) -> Iterator[Problem]:
    """Names, types and shapes make sense."""
    del repository
    config = model.config
    for kind, listed in (("input", config.input), ("output", config.output)):
        if not listed:
            yield model.problem(f"no {kind}", kind)
        counted = Counter(each.name for each in listed)
        for name in sorted(name for name, count in counted.items() if count > 1):
            yield model.problem(f"{kind} {name!r} is there twice", f'"{name}"')
        for tensor in listed:
            yield from _tensor(model, kind, tensor)
    both = {each.name for each in config.input} & {each.name for each in config.output}
    if config.platform == "ensemble":
        for name in sorted(both):
            yield model.problem(f"{name!r} is both input and output of an ensemble", f'"{name}"')


def _tensor(model: Model, kind: str, tensor: Any) -> Iterator[Problem]:
    name = tensor.name
    where = f'"{name}"' if name else kind
    if not name:
        yield model.problem(f"{kind} without a name", kind)
    if tensor.data_type == 0:
        yield model.problem(f"{kind} {name!r} without a data_type", kind, where)
    if not tensor.dims:
        yield model.problem(f"{kind} {name!r} without dims", kind, where)
    if any(each != -1 and each < 1 for each in tensor.dims):
        yield model.problem(
            f"{kind} {name!r}: dims {list(tensor.dims)}; allowed: 1 or more, or -1 for any", where
        )
    if kind == "input" and tensor.allow_ragged_batch and model.config.max_batch_size < 1:
        yield model.problem(f"input {name!r}: allow_ragged_batch without batches", where)


def warm_up(model: Model, repository: Repository) -> Iterator[Problem]:
    """Samples for warm-up are what the model takes."""
    del repository
    config = model.config
    inputs = {each.name: each for each in config.input}
    for sample in config.model_warmup:
        where = f"model_warmup {sample.name!r}"
        if sample.batch_size > max(config.max_batch_size, 1):
            yield model.problem(
                f"{where}: batch_size {sample.batch_size}; max_batch_size is "
                f"{config.max_batch_size}",
                "batch_size",
                str(sample.batch_size),
            )
        needed = {name for name, each in inputs.items() if not each.optional}
        for name in sorted(needed - set(sample.inputs)):
            yield model.problem(f"{where}: no input {name!r}", "model_warmup")
        for name, given in sample.inputs.items():
            if name not in inputs:
                yield model.problem(f"{where}: there is no input {name!r}", f'"{name}"')
                continue
            wanted = inputs[name]
            if given.data_type != wanted.data_type:
                yield model.problem(
                    f"{where}: input {name!r} is {type_name(given.data_type)}; must be "
                    f"{type_name(wanted.data_type)}",
                    f'"{name}"',
                )
            if not fits(given.dims, wanted.dims):
                yield model.problem(
                    f"{where}: input {name!r} has dims {list(given.dims)}; must fit "
                    f"{list(wanted.dims)}",
                    f'"{name}"',
                )


def fits(first: Sequence[int], second: Sequence[int]) -> bool:
    """Whether two shapes can be the same; -1 is any size."""
    return len(first) == len(second) and all(
        one == other or -1 in (one, other) for one, other in zip(first, second, strict=True)
    )


def type_name(value: int) -> str:
    """``TYPE_FP32`` and the like."""
    return str(definitions().DataType.Name(value))
