"""What a test changes in a repository, and what must be found then."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Broken:
    """A change of one file and what must be found: file, its line where it has one, words."""

    name: str
    models: tuple[str, ...]
    file: str
    before: str
    after: str
    found: str
    at: str = ""
    """Text of the line that is to blame, after the change; empty where none is."""


TOKENIZER = "minilm_tokenizer/config.pbtxt"
ENCODER = "minilm_encoder/config.pbtxt"
PRODUCTION = "minilm_encoder/configs/production.pbtxt"
MINILM = "minilm/config.pbtxt"
SMOLLM = "smollm2/config.pbtxt"
SYNTHETIC = "synthetic/config.pbtxt"
VLLM = "llm-vllm/config.pbtxt"
ENGINE = "llm-vllm/1/model.json"
ONE = ("minilm_tokenizer",)
LLM = ("llm-vllm",)
