"""From a sentiment to what it is called.

The work is done by serving.sentiment, which Triton's Python must have.
"""

from serving.sentiment import LabelModel


class TritonPythonModel(LabelModel):
    """What Triton looks for."""
