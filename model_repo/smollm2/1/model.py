"""SmolLM2 on llama.cpp.

The work is done by serving.llm, which Triton's Python must have.
"""

from serving.llm import LlmModel


class TritonPythonModel(LlmModel):
    """What Triton looks for."""
