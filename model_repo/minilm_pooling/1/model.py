"""From the vectors of tokens to the vector of a text.

The work is done by serving.embedding, which Triton's Python must have.
"""

from serving.embedding import PoolingModel


class TritonPythonModel(PoolingModel):
    """What Triton looks for."""
