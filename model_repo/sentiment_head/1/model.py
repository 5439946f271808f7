"""From a text's vector to its sentiment.

The work is done by serving.sentiment, which Triton's Python must have.
"""

from serving.sentiment import HeadModel


class TritonPythonModel(HeadModel):
    """What Triton looks for."""
