"""The tokeniser of MiniLM.

The work is done by serving.embedding, which Triton's Python must have.
"""

from serving.embedding import TokenizerModel


class TritonPythonModel(TokenizerModel):
    """What Triton looks for."""
