"""MiniLM on ONNX Runtime.

The work is done by serving.embedding, which Triton's Python must have.
"""

from serving.embedding import EncoderModel


class TritonPythonModel(EncoderModel):
    """What Triton looks for."""
