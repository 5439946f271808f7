"""A kept answer as a stream, like one that is just being generated."""

import re
from collections.abc import AsyncGenerator, Iterator

from gateway.contract import Answer, Piece

WORD = re.compile(r"\s*\S+|\s+")


def pieces(answer: Answer) -> Iterator[Piece]:
    """A kept answer word by word; the tokens are spread over the words, their sum is right."""
    words: list[str] = WORD.findall(answer.text) or [""]
    sent = 0
    for number, word in enumerate(words, start=1):
        due = answer.output_tokens * number // len(words)
        last = number == len(words)
        yield Piece(
            word,
            finish_reason=answer.finish_reason if last else "",
            prompt_tokens=answer.prompt_tokens,
            output_tokens=due - sent,
        )
        sent = due


async def replay(answer: Answer) -> AsyncGenerator[Piece]:
    """`pieces`, in the place of ``Upstream.generate``."""
    for piece in pieces(answer):
        yield piece
