"""What the protocol tells about server and models."""

from importlib.metadata import version
from typing import Any

from gateway.upstream.metadata import ModelMetadata, Tensor

NAME = "llm-platform-gateway"
VERSION = version("llm-platform-services")
EXTENSIONS = ("binary_tensor_data", "generate", "model_stream_infer")


def server() -> dict[str, Any]:
    """The server."""
    return {"name": NAME, "version": VERSION, "extensions": list(EXTENSIONS)}


def model(name: str, metadata: ModelMetadata) -> dict[str, Any]:
    """A model.

    Args:
        name: As clients call it.
        metadata: Triton's.
    """
    return {
        "name": name,
        "versions": list(metadata.versions),
        "platform": metadata.platform,
        "inputs": [_tensor(*each) for each in metadata.inputs.items()],
        "outputs": [_tensor(*each) for each in metadata.outputs.items()],
    }


def _tensor(name: str, tensor: Tensor) -> dict[str, Any]:
    return {"name": name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
