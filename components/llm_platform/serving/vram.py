"""How much memory of GPUs a language model takes: weights, keys and values, the rest. Pure.

Sums are in GiB, 1024³ bytes. What is known of a model is what its ``config.json`` says; nothing
is looked up. Published figures that this reproduces are in `vram_published`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from llm_platform.serving.kinds import Precision

GIB = 1024**3

BITS: Mapping[Precision, float] = MappingProxyType(
    {
        Precision.FP32: 32,
        Precision.BF16: 16,
        Precision.FP8: 8,
        Precision.INT8: 8,
        # a scale and a zero point of 16 and 4 bits for every group of 128
        Precision.INT4: 4 + 20 / 128,
        # a scale of 8 bits for every block of 32
        Precision.MXFP4: 4 + 8 / 32,
    }
)
"""Bits of a number, scales included where they count."""

RUNTIME_GIB = 3.0
"""CUDA's context, kernels, graphs and activations on each GPU. vLLM measured 1.8 and 1.3 GiB for
Llama 3 8B."""
USABLE_SHARE = 0.9
"""Part of a GPU's memory that the server takes; vLLM's default."""


@dataclass(frozen=True)
class ModelMemory:
    """A language model, as far as its memory goes.

    Attributes:
        parameters: All parameters; of a mixture of experts all experts, for all are kept.
        precision: Of the weights.
        unquantised: Parameters that stay in 16 bits whatever `precision` is: embeddings, head,
            norms, and attention where only experts are quantised.
        layers: Layers with keys and values.
        kv_heads: Heads of keys and values: fewer than of queries with grouped queries.
        head_dim: Numbers of a head.
        latent_dim: With latent attention the numbers kept for a token and layer, in place of heads:
            ``kv_lora_rank`` and ``qk_rope_head_dim`` together. 0 without.
        window_layers: Layers that look back no further than `window` tokens.
        window: Tokens of their window.
        kv_precision: Of keys and values.
    """

    parameters: float
    precision: Precision
    layers: int
    kv_heads: int = 0
    head_dim: int = 0
    unquantised: float = 0.0
    latent_dim: int = 0
    window_layers: int = 0
    window: int = 0
    kv_precision: Precision = Precision.BF16


@dataclass(frozen=True)
class Load:
    """What a replica must hold at a time.

    Attributes:
        gpus: GPUs of the replica, over which weights and heads are divided.
        tokens: Longest conversation, prompt and answer.
        sequences: Conversations at a time, each at its longest.
        gpu_gib: Memory of one GPU.
    """

    gpus: int
    tokens: int
    sequences: int
    gpu_gib: float


@dataclass(frozen=True)
class Fit:
    """What one GPU must hold, and what it has.

    Attributes:
        weights_gib: Weights on it.
        kv_gib: Keys and values on it.
        runtime_gib: Everything else.
        usable_gib: What the server may take of it.
        arithmetic: The sum, in words for people.
    """

    weights_gib: float
    kv_gib: float
    runtime_gib: float
    usable_gib: float
    arithmetic: str

    @property
    def needed_gib(self) -> float:
        """All together."""
        return self.weights_gib + self.kv_gib + self.runtime_gib

    @property
    def fits(self) -> bool:
        """Whether the GPU can hold it."""
        return self.needed_gib <= self.usable_gib


def weights_bytes(model: ModelMemory) -> float:
    """Bytes of all weights."""
    quantised = model.parameters - model.unquantised
    return (quantised * BITS[model.precision] + model.unquantised * BITS[Precision.BF16]) / 8


def kv_bytes_of_layer(model: ModelMemory, gpus: int = 1) -> float:
    """Bytes of one token's keys and values in one layer, on one of `gpus` GPUs.

    Heads are divided among GPUs; one that cannot be divided further is on several. A latent is
    on every GPU.
    """
    width = BITS[model.kv_precision] / 8
    if model.latent_dim:
        return model.latent_dim * width
    return 2 * max(model.kv_heads / gpus, min(1, model.kv_heads)) * model.head_dim * width


def kv_bytes_per_token(model: ModelMemory, gpus: int = 1) -> float:
    """Bytes of one token's keys and values on one GPU, while every layer sees it."""
    return model.layers * kv_bytes_of_layer(model, gpus)


def kv_bytes(model: ModelMemory, tokens: int, gpus: int = 1) -> float:
    """Bytes of a conversation's keys and values on one GPU."""
    whole = model.layers - model.window_layers
    seen = whole * tokens + model.window_layers * min(tokens, model.window or tokens)
    return seen * kv_bytes_of_layer(model, gpus)


def fit(model: ModelMemory, load: Load) -> Fit:
    """What one GPU of a replica must hold, and whether it can."""
    weights = weights_bytes(model) / load.gpus / GIB
    keys = kv_bytes(model, load.tokens, load.gpus) * load.sequences / GIB
    usable = load.gpu_gib * USABLE_SHARE
    total = weights + keys + RUNTIME_GIB
    sign = "≤" if total <= usable else ">"
    return Fit(
        weights_gib=weights,
        kv_gib=keys,
        runtime_gib=RUNTIME_GIB,
        usable_gib=usable,
        arithmetic=(
            f"weights {_weights(model, load)} = {weights:.1f} GiB + keys and values "
            f"{_keys(model, load)} = {keys:.1f} GiB + runtime {RUNTIME_GIB:.1f} GiB = {total:.1f} "
            f"GiB {sign} {usable:.1f} GiB, {USABLE_SHARE:.0%} of {load.gpu_gib:.1f} GiB"
        ),
    )


def least_gpus(model: ModelMemory, load: Load) -> int | None:
    """Fewest GPUs of this memory, up to 16, on which it fits; none when it fits on no number."""
    counts = (1, 2, 4, 8, 16)
    return next(
        (
            count
            for count in counts
            if fit(model, Load(count, load.tokens, load.sequences, load.gpu_gib)).fits
        ),
        None,
    )


def most_sequences(model: ModelMemory, load: Load) -> int:
    """Most conversations at a time that fit beside the weights; 0 when there is no room."""
    empty = fit(model, Load(load.gpus, load.tokens, 0, load.gpu_gib))
    each = kv_bytes(model, load.tokens, load.gpus) / GIB
    room = empty.usable_gib - empty.needed_gib
    return max(int(room // each), 0) if each else 0


def _weights(model: ModelMemory, load: Load) -> str:
    billions = f"{model.parameters / 1e9:.4g} G x {BITS[model.precision] / 8:.3g} bytes"
    if model.unquantised:
        quantised = (model.parameters - model.unquantised) / 1e9
        billions = (
            f"({quantised:.4g} G x {BITS[model.precision] / 8:.3g} + "
            f"{model.unquantised / 1e9:.3g} G x 2 bytes)"
        )
    return f"{billions} / {load.gpus}" if load.gpus > 1 else billions


def _keys(model: ModelMemory, load: Load) -> str:
    width = f"{BITS[model.kv_precision] / 8:.3g} bytes"
    if model.latent_dim:
        layer = f"{model.latent_dim} x {width}"
    else:
        heads = max(model.kv_heads / load.gpus, min(1, model.kv_heads))
        layer = f"2 x {heads:.3g} heads x {model.head_dim} x {width}"
    tokens = f"{load.tokens} tokens"
    if model.window_layers:
        tokens += f" ({min(load.tokens, model.window)} in {model.window_layers} layers)"
    return f"{model.layers} layers x {layer} x {tokens} x {load.sequences}"
