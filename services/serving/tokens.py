"""The tokeniser of the embedding model."""

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Tokeniser:
    """Splits texts into tokens."""

    def __init__(self, file: Path, max_tokens: int) -> None:
        """Load a ``tokenizer.json``; longer texts are cut off after `max_tokens`."""
        # One thread: the processor's others belong to the models.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        library: Any = importlib.import_module("tokenizers")
        self._tokenizer: Any = library.Tokenizer.from_file(str(file))
        self._tokenizer.enable_truncation(max_length=max_tokens)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of the tokens of every text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
