"""Closed sets of the serving components. Pure."""

from enum import StrEnum


class TritonVariant(StrEnum):
    """Which backends an image of Triton Inference Server holds."""

    STANDARD = "standard"
    """Python, ONNX Runtime, TensorRT, PyTorch and others; no engine for language models."""
    VLLM = "vllm"
    """vLLM and Python."""
    TENSORRT_LLM = "tensorrt-llm"
    """TensorRT-LLM and Python."""


class ModelServer(StrEnum):
    """What runs the model."""

    TRITON = "triton"
    """Triton Inference Server, on a `TritonRuntime`; our gateway can stand in front."""
    VLLM = "vllm"
    """vLLM's own server, on a `VllmRuntime`: OpenAI's surface, LoRA adapters."""
    CUSTOM = "custom"
    """An image of ones own that passes the conformance suite; needs no runtime."""


class WireProtocol(StrEnum):
    """What a custom server speaks."""

    V2 = "v2"
    """The Open Inference Protocol, REST."""
    OPENAI = "openai"
    """OpenAI's surface below ``/v1``."""


class ServingForm(StrEnum):
    """What a model's pods are run by."""

    DEPLOYMENT = "DEPLOYMENT"
    """An InferenceService of KServe, which makes a Deployment."""
    STATEFUL_SET = "STATEFUL_SET"
    """A StatefulSet: every replica keeps a volume with weights and caches over restarts."""
    LEADER_WORKER_SET = "LEADER_WORKER_SET"
    """Groups of pods over several nodes that hold one model together."""


class RolloutStrategy(StrEnum):
    """How a candidate takes the place of what is stable."""

    SHADOW = "SHADOW"
    """It gets a copy of the requests; its answers are dropped."""
    CANARY = "CANARY"
    """It gets a growing share of the requests."""
    BLUE_GREEN = "BLUE_GREEN"
    """It gets all requests at once, after tests of its own."""


class Precision(StrEnum):
    """In what numbers weights, or keys and values, are kept."""

    FP32 = "FP32"
    """4 bytes."""
    BF16 = "BF16"
    """2 bytes; FP16 as well."""
    FP8 = "FP8"
    """1 byte, and scales."""
    INT8 = "INT8"
    """1 byte, and scales."""
    INT4 = "INT4"
    """Half a byte, and scales of groups."""
    MXFP4 = "MXFP4"
    """Half a byte, and a scale for every 32 numbers."""
