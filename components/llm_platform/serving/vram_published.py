"""Published figures of memory, held against `vram` by a test. Data only.

Each figure was read at the source named beside it on 2026-11-24, or in a text that quotes it where
the source is named as quoted.
"""

from dataclasses import dataclass

from llm_platform.serving.kinds import Precision
from llm_platform.serving.vram import ModelMemory

LLAMA_3_8B = ModelMemory(8.03e9, Precision.BF16, layers=32, kv_heads=8, head_dim=128)
LLAMA_31_70B = ModelMemory(70.6e9, Precision.BF16, layers=80, kv_heads=8, head_dim=128)
LLAMA_31_405B_FP8 = ModelMemory(405.8e9, Precision.FP8, layers=126, kv_heads=8, head_dim=128)
QWEN_25_72B = ModelMemory(72.7e9, Precision.BF16, layers=80, kv_heads=8, head_dim=128)
QWEN3_235B_FP8 = ModelMemory(
    235.1e9, Precision.FP8, layers=94, kv_heads=4, head_dim=128, unquantised=1.2e9
)
"""Mixture of experts: 22 of 235 billion parameters work for a token, all are kept."""
DEEPSEEK_V3 = ModelMemory(671e9, Precision.FP8, layers=61, latent_dim=512 + 64)
"""Latent attention and a mixture of experts."""
GPT_OSS_120B = ModelMemory(
    116.83e9,
    Precision.MXFP4,
    layers=36,
    kv_heads=8,
    head_dim=64,
    unquantised=116.83e9 - 114.71e9,
    window_layers=18,
    window=128,
)
"""Only the experts, 114.71 billion parameters, are in MXFP4; every second layer has a window."""


@dataclass(frozen=True)
class Published:
    """A published figure.

    Attributes:
        name: Model, and what was measured or stated.
        model: The model.
        what: ``weights`` or ``kv``.
        tokens: Tokens of which the keys and values are.
        gpus: GPUs over which it is divided; the figure is of one.
        figure: Bytes.
        source: Where it stands.
    """

    name: str
    model: ModelMemory
    what: str
    figure: float
    source: str
    tokens: int = 0
    gpus: int = 1


_GIB = 1024**3
_VLLM_10511 = "github.com/vllm-project/vllm/pull/10511, comment of 2024-12-14 (log of vllm serve)"
_LLAMA_31 = "huggingface.co/blog/llama31, tables of memory; quoted in huggingface/blog issue 2345"
_INSIGHTS = "arXiv 2505.09343, table of keys and values a token"

PUBLISHED: tuple[Published, ...] = (
    Published("Llama 3 8B, BF16, weights", LLAMA_3_8B, "weights", 14.96 * _GIB, _VLLM_10511),
    Published(
        "Llama 3 8B, BF16, weights on one of two GPUs",
        LLAMA_3_8B,
        "weights",
        7.48 * _GIB,
        _VLLM_10511,
        gpus=2,
    ),
    Published(
        "Llama 3.1 8B, keys and values of 128 000 tokens",
        LLAMA_3_8B,
        "kv",
        15.62 * _GIB,
        _LLAMA_31,
        tokens=128_000,
    ),
    Published("Llama 3.1 70B, BF16, weights", LLAMA_31_70B, "weights", 140e9, _LLAMA_31),
    Published(
        "Llama 3.1 70B, keys and values of 128 000 tokens",
        LLAMA_31_70B,
        "kv",
        39.06 * _GIB,
        _LLAMA_31,
        tokens=128_000,
    ),
    Published("Llama 3.1 405B, FP8, weights", LLAMA_31_405B_FP8, "weights", 405e9, _LLAMA_31),
    Published(
        "Llama 3.1 405B, keys and values of a token",
        LLAMA_31_405B_FP8,
        "kv",
        516_096,
        _INSIGHTS,
        tokens=1,
    ),
    Published(
        "Qwen2.5 72B, keys and values of a token", QWEN_25_72B, "kv", 327_680, _INSIGHTS, tokens=1
    ),
    Published(
        "Qwen3 235B-A22B, FP8, keys and values on one of four GPUs",
        QWEN3_235B_FP8,
        "kv",
        8.11 * _GIB,
        "github.com/vllm-project/vllm/issues/21348: 8.11 GiB for 178 880 tokens",
        tokens=178_880,
        gpus=4,
    ),
    Published(
        "DeepSeek-V3, keys and values of a token", DEEPSEEK_V3, "kv", 70_272, _INSIGHTS, tokens=1
    ),
    Published(
        "DeepSeek-V3, FP8, weights on one of eight GPUs",
        DEEPSEEK_V3,
        "weights",
        83.5e9,
        "github.com/InternLM/lmdeploy/issues/2960: 83 to 84 GB each of 8",
        gpus=8,
    ),
    Published(
        "gpt-oss-120b, MXFP4, weights",
        GPT_OSS_120B,
        "weights",
        60.8 * _GIB,
        "OpenAI, gpt-oss model card, table of parameters, as fitmygpu.com quotes it",
    ),
)
"""Seven models: grouped queries, latent attention, mixtures of experts, 16, 8 and 4 bits."""
