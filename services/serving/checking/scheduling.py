"""Rules for batches, queues, priorities, the response cache and decoupled models."""

from collections.abc import Iterator

from serving.checking.model import Model, Repository
from serving.checking.problem import Problem


def batching(model: Model, repository: Repository) -> Iterator[Problem]:
    """Batches fit max_batch_size; priorities are there when they are used."""
    del repository
    config = model.config
    size = config.max_batch_size
    if size < 0:
        yield model.problem(
            f"max_batch_size is {size}; allowed: 0 for no batches, or more", "max_batch_size"
        )
    if model.config.platform == "ensemble" and config.HasField("dynamic_batching"):
        yield model.problem("an ensemble forms no batches; its steps do", "dynamic_batching")
    if not config.HasField("dynamic_batching"):
        return
    policy = config.dynamic_batching
    if size == 0:
        yield model.problem(
            "dynamic_batching with max_batch_size 0; allowed: a max_batch_size of 1 or more",
            "dynamic_batching",
        )
    for preferred in policy.preferred_batch_size:
        if not 1 <= preferred <= max(size, 1):
            yield model.problem(
                f"preferred_batch_size {preferred}; allowed: 1 to max_batch_size, {size}",
                "preferred_batch_size",
            )
    yield from _priorities(model)


def _priorities(model: Model) -> Iterator[Problem]:
    policy = model.config.dynamic_batching
    levels, default = policy.priority_levels, policy.default_priority_level
    if levels and not 1 <= default <= levels:
        yield model.problem(
            f"default_priority_level is {default}; allowed: 1 to priority_levels, {levels}",
            "default_priority_level",
        )
    if default and not levels:
        yield model.problem(
            "default_priority_level without priority_levels", "default_priority_level"
        )
    instances = sum(max(group.count, 1) for group in model.config.instance_group) or 1
    if levels and instances < 2:
        # Measured with Triton 2.51: docs/models.md
        yield model.problem(
            "priority_levels with one instance: some requests then wait for half a second; "
            "allowed: two instances or more, or no priorities",
            "priority_levels",
        )
    for level in policy.priority_queue_policy:
        if not 1 <= level <= levels:
            yield model.problem(
                f"priority_queue_policy for level {level}; allowed: 1 to priority_levels, {levels}",
                "priority_queue_policy",
            )


def transactions(model: Model, repository: Repository) -> Iterator[Problem]:
    """What a decoupled model cannot have."""
    del repository
    config = model.config
    decoupled = config.model_transaction_policy.decoupled
    where = "decoupled"
    if decoupled and config.response_cache.enable:
        yield model.problem("a decoupled model cannot have a response_cache", "response_cache")
    if decoupled and config.dynamic_batching.preserve_ordering:
        yield model.problem("a decoupled model cannot preserve_ordering", "preserve_ordering")
    if decoupled and config.platform == "ensemble":
        yield model.problem("an ensemble is decoupled if one of its steps is; leave it out", where)
    if model.kind == "vllm" and not decoupled:
        yield model.problem("the vLLM backend needs model_transaction_policy decoupled", where)
    if model.kind == "vllm" and config.max_batch_size > 0:
        yield model.problem("vLLM batches by itself; allowed: max_batch_size 0", "max_batch_size")
    if model.kind == "onnxruntime" and decoupled:
        yield model.problem("the ONNX Runtime backend answers once; it is not decoupled", where)
    if config.response_cache.enable and config.HasField("sequence_batching"):
        yield model.problem("a model with sequences cannot have a response_cache", "response_cache")
