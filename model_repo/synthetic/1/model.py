"""A fixed cost a batch.

The work is done by serving.synthetic, which Triton's Python must have.
"""

from serving.synthetic import SyntheticModel


class TritonPythonModel(SyntheticModel):
    """What Triton looks for."""
