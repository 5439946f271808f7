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
