"""Rules for ensembles: steps exist, tensors fit along the graph, nothing goes round."""

from collections.abc import Iterator, Mapping
from typing import Any

from serving.checking.model import Model, Repository
from serving.checking.problem import Problem
from serving.checking.tensors import fits, type_name


def graph(model: Model, repository: Repository) -> Iterator[Problem]:
    """Steps exist and take what the steps before them give."""
    config = model.config
    if config.platform != "ensemble":
        return
    sources = {each.name: each for each in config.input}
    produced: dict[str, Any] = dict(sources)
    for number, step in enumerate(config.ensemble_scheduling.step):
        where = f"step {number} ({step.model_name})"
        target = repository.models.get(step.model_name)
        if target is None:
            known = ", ".join(sorted(repository.models))
            yield model.problem(
                f"{where}: there is no such model; there are {known}", f'"{step.model_name}"'
            )
            continue
        yield from _version(model, step, target, where)
        if (config.max_batch_size > 0) != (target.config.max_batch_size > 0) or (
            target.config.max_batch_size < config.max_batch_size
        ):
            yield model.problem(
                f"{where}: its max_batch_size is {target.config.max_batch_size}; the ensemble's is "
                f"{config.max_batch_size}",
                "max_batch_size",
            )
        yield from _keys(model, where, step.input_map, target.config.input, needed=True)
        yield from _keys(model, where, step.output_map, target.config.output, needed=False)
        outputs = {each.name: each for each in target.config.output}
        for name, tensor in step.output_map.items():
            if tensor in produced:
                yield model.problem(f"{where}: tensor {tensor!r} is made twice", f'"{tensor}"')
            if name in outputs:
                produced[tensor] = outputs[name]
    yield from _connections(model, repository, produced)


def _version(model: Model, step: Any, target: Model, where: str) -> Iterator[Problem]:
    served = target.served_versions()
    if step.model_version != -1 and step.model_version not in served:
        listed = ", ".join(str(each) for each in served) or "none"
        yield model.problem(
            f"{where}: version {step.model_version} is not served; served: {listed}, or -1 for "
            "the latest",
            "model_version",
            str(step.model_version),
        )


def _keys(
    model: Model, where: str, given: Mapping[str, str], tensors: Any, *, needed: bool
) -> Iterator[Problem]:
    kind = "input" if needed else "output"
    names = {each.name for each in tensors}
    for name in sorted(set(given) - names):
        yield model.problem(
            f"{where}: the model has no {kind} {name!r}; it has {', '.join(sorted(names))}",
            f"{kind}_map",
            f'"{name}"',
        )
    if needed:
        optional = {each.name for each in tensors if each.optional}
        for name in sorted(names - optional - set(given)):
            yield model.problem(f"{where}: its input {name!r} is given nothing", "input_map")


def _connections(
    model: Model, repository: Repository, produced: Mapping[str, Any]
) -> Iterator[Problem]:
    """Every tensor that is used is made by something, and fits."""
    config = model.config
    used: set[str] = set()
    for number, step in enumerate(config.ensemble_scheduling.step):
        target = repository.models.get(step.model_name)
        inputs = {each.name: each for each in target.config.input} if target else {}
        for name, tensor in step.input_map.items():
            used.add(tensor)
            where = f"step {number} ({step.model_name}): input {name!r}"
            if tensor not in produced:
                yield model.problem(f"{where}: nothing makes tensor {tensor!r}", f'"{tensor}"')
            elif name in inputs:
                yield from _fit(model, where, tensor, produced[tensor], inputs[name])
    for output in config.output:
        where = f"output {output.name!r}"
        if output.name not in produced:
            yield model.problem(f"{where}: no step makes it", f'"{output.name}"')
        else:
            yield from _fit(model, where, output.name, produced[output.name], output)
    for each in config.input:
        if each.name not in used:
            yield model.problem(f"input {each.name!r} is not used by any step", f'"{each.name}"')


def _fit(model: Model, where: str, tensor: str, made: Any, wanted: Any) -> Iterator[Problem]:
    if made.data_type != wanted.data_type:
        yield model.problem(
            f"{where}: tensor {tensor!r} is {type_name(made.data_type)}; must be "
            f"{type_name(wanted.data_type)}",
            f'"{tensor}"',
        )
    if not fits(made.dims, wanted.dims):
        yield model.problem(
            f"{where}: tensor {tensor!r} has dims {list(made.dims)}; must fit {list(wanted.dims)}",
            f'"{tensor}"',
        )


def cycles(repository: Repository) -> Iterator[Problem]:
    """No ensemble contains itself, and no step waits for what comes after it."""
    for model in repository.models.values():
        if model.config.platform != "ensemble":
            continue
        if _reaches(repository, model.folder.name, model.folder.name, set()):
            yield model.problem("the ensemble contains itself", "ensemble_scheduling")
        stuck = _stuck(model)
        if stuck:
            yield model.problem(
                f"steps {', '.join(stuck)} wait for one another", "ensemble_scheduling"
            )


def _reaches(repository: Repository, name: str, goal: str, seen: set[str]) -> bool:
    model = repository.models.get(name)
    if model is None or name in seen:
        return False
    seen.add(name)
    steps = {step.model_name for step in model.config.ensemble_scheduling.step}
    return goal in steps or any(_reaches(repository, step, goal, seen) for step in steps)


def _stuck(model: Model) -> list[str]:
    """Steps that can never begin although something makes all they need."""
    made = {each.name for each in model.config.input}
    waiting = list(model.config.ensemble_scheduling.step)
    possible = made | {name for step in waiting for name in step.output_map.values()}
    waiting = [step for step in waiting if set(step.input_map.values()) <= possible]
    while ready := [step for step in waiting if set(step.input_map.values()) <= made]:
        made |= {name for step in ready for name in step.output_map.values()}
        waiting = [step for step in waiting if step not in ready]
    return sorted(step.model_name for step in waiting)
