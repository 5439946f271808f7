"""Rules for ``model.json``, the arguments of vLLM's engine.

Arguments that are not listed are refused, so that a misspelt one is noticed here and not when the
engine starts on a GPU that is paid by the hour.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from serving.checking.gpus import WITHOUT_BFLOAT16
from serving.checking.model import Model, Repository, definitions
from serving.checking.problem import Problem, line_of

FILE = "model.json"
TRUE_OR_FALSE = (True, False)

CHOICES: Mapping[str, tuple[Any, ...]] = {
    "dtype": ("auto", "bfloat16", "float16", "half", "float", "float32"),
    "quantization": (None, "fp8", "awq", "awq_marlin", "gptq", "gptq_marlin", "compressed-tensors"),
    "kv_cache_dtype": ("auto", "fp8", "fp8_e4m3", "fp8_e5m2"),
    "load_format": ("safetensors",),
    "trust_remote_code": (False,),
    "enable_prefix_caching": TRUE_OR_FALSE,
    "enable_chunked_prefill": TRUE_OR_FALSE,
    "enforce_eager": TRUE_OR_FALSE,
    "disable_log_stats": TRUE_OR_FALSE,
    "enable_log_requests": (False,),
}
"""Arguments with few values. Formats that can run code when loaded are not among them, nor is code
from the model's folder, nor a log of prompts."""

RANGES: Mapping[str, tuple[float, float]] = {
    "tensor_parallel_size": (1, 16),
    "pipeline_parallel_size": (1, 16),
    "max_model_len": (256, 1_048_576),
    "max_num_seqs": (1, 4096),
    "max_num_batched_tokens": (256, 1_048_576),
    "block_size": (8, 128),
    "seed": (0, 2**31 - 1),
    "swap_space": (0, 512),
}
"""Arguments that are whole numbers."""

UTILIZATION = "gpu_memory_utilization"
TEXTS = ("model", "tokenizer", "served_model_name", "revision", "tokenizer_revision")
NEEDED = ("model", "load_format", "tensor_parallel_size", "max_model_len", UTILIZATION)
ALLOWED = sorted({*CHOICES, *RANGES, *TEXTS, UTILIZATION})


def engine(model: Model, folder: Path, repository: Repository) -> Iterator[Problem]:
    """The arguments are known, allowed, and fit each other and the GPUs."""
    file = folder / FILE
    loaded = _load(file)
    if isinstance(loaded, str):
        yield model.problem_in(file, loaded)
        return
    text, arguments = loaded
    for message, key in (
        *argument_problems(arguments),
        *_device_problems(arguments, model, repository),
    ):
        yield model.problem_in(file, message, line_of(text, f'"{key}"') if key else 0)


def argument_problems(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with engine arguments by themselves: messages, and the key to blame."""
    yield from _names_and_choices(arguments)
    for key, (low, high) in RANGES.items():
        value = arguments.get(key, low)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            yield f"{key}: {json.dumps(value)}; allowed: {low:g} to {high:g}", key
    share = arguments.get(UTILIZATION, 0.5)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0.05 <= share <= 0.98:
        yield f"{UTILIZATION}: {json.dumps(share)}; allowed: 0.05 to 0.98", UTILIZATION
    for key in TEXTS:
        value = arguments.get(key, "-")
        if not isinstance(value, str) or not value.strip():
            yield f"{key}: must be a text", key
    yield from _combinations(arguments)


def _names_and_choices(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in arguments:
        if key not in ALLOWED:
            yield f"{key!r} is unknown; allowed: {', '.join(ALLOWED)}", key
    for key in NEEDED:
        if key not in arguments:
            yield f"{key!r} is missing", ""
    for key, values in CHOICES.items():
        if key in arguments and not any(_same(arguments[key], each) for each in values):
            shown = ", ".join(json.dumps(each) for each in values)
            yield f"{key}: {json.dumps(arguments[key])}; allowed: {shown}", key


def _same(one: Any, other: Any) -> bool:
    """Equal and of one type: 1 is not true."""
    return one == other and type(one) is type(other)


def _combinations(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = arguments.get("model", "/")
    if isinstance(name, str) and not name.startswith("/") and "revision" not in arguments:
        message = (
            "model: a name on a hub without 'revision' changes when its owner wants; allowed: a "
            "folder of the model store, or a revision"
        )
        yield message, "model"
    chunked = arguments.get("enable_chunked_prefill", True)
    tokens, length = arguments.get("max_num_batched_tokens"), arguments.get("max_model_len")
    if chunked is False and isinstance(tokens, int) and isinstance(length, int) and tokens < length:
        message = (
            f"max_num_batched_tokens: {tokens}; without chunked prefill it must be max_model_len, "
            f"{length}, or more"
        )
        yield message, "max_num_batched_tokens"
    sequences = arguments.get("max_num_seqs")
    if isinstance(tokens, int) and isinstance(sequences, int) and tokens < sequences:
        yield (
            f"max_num_batched_tokens: {tokens}; must be max_num_seqs, {sequences}, or more",
            "max_num_batched_tokens",
        )


def _device_problems(
    arguments: Mapping[str, Any], model: Model, repository: Repository
) -> Iterator[tuple[str, str]]:
    used = _gpus(arguments)
    kinds = definitions().ModelInstanceGroup
    if used > 1 and any(each.kind == kinds.KIND_GPU for each in model.config.instance_group):
        yield (
            f"{used} GPUs, but {model.shown} has KIND_GPU, which is for one; allowed: KIND_MODEL",
            "tensor_parallel_size",
        )
    gpus = repository.gpus
    if gpus is None:
        return
    if used > gpus.count:
        yield (
            f"tensor_parallel_size × pipeline_parallel_size is {used}; there are {gpus.count} GPUs",
            "tensor_parallel_size",
        )
    if arguments.get("dtype") == "bfloat16" and gpus.model in WITHOUT_BFLOAT16:
        yield f"dtype: {gpus.model} has no bfloat16; allowed there: float16", "dtype"


def use(model: Model) -> tuple[int, float]:
    """How many GPUs the served version of a model takes, and which share of the memory of each."""
    for version in reversed(model.served_versions()):
        loaded = _load(model.folder / str(version) / FILE)
        if not isinstance(loaded, str):
            share = loaded[1].get(UTILIZATION, 0.9)
            return _gpus(loaded[1]), float(share) if isinstance(share, int | float) else 0.9
    return 0, 0.0


def _gpus(arguments: Mapping[str, Any]) -> int:
    sizes = [arguments.get(key, 1) for key in ("tensor_parallel_size", "pipeline_parallel_size")]
    whole = [size if isinstance(size, int) and size > 0 else 1 for size in sizes]
    return whole[0] * whole[1]


def _load(file: Path) -> tuple[str, dict[str, Any]] | str:
    """The text and the arguments; a text alone says why they cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
        loaded: Any = json.loads(text)
    except FileNotFoundError:
        return "is missing; the vLLM backend reads the engine's arguments from it"
    except json.JSONDecodeError as error:
        return f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read: {error}"
    if not isinstance(loaded, dict):
        return "must be a JSON object"
    return text, cast("dict[str, Any]", loaded)
