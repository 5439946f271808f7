"""Keeps log probabilities in step with the text that is really sent."""

from collections import deque

from gateway.contract import Piece, TokenLogprob


class Alignment:
    """Holds the tokens of text that is held back, and forgets those of text that is changed.

    Tokens are a copy of the text: sent at once, they would tell what a guard is about to mask.
    Once a guard has changed the answer, no more of its tokens are given.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._said = 0
        self._sent = 0
        self._tokens: deque[tuple[int, tuple[TokenLogprob, ...]]] = deque()
        self._changed = False

    def take(self, piece: Piece) -> None:
        """The model said this."""
        if self._changed:
            return
        self._pending += piece.text
        self._said += len(piece.text)
        self._tokens.append((self._said, piece.logprobs))

    def release(self, text: str) -> tuple[TokenLogprob, ...]:
        """This is sent now; returns the tokens whose text has been sent whole."""
        if self._changed or not self._pending.startswith(text):
            self._changed = True
            return ()
        self._pending = self._pending[len(text) :]
        self._sent += len(text)
        released: list[TokenLogprob] = []
        while self._tokens and self._tokens[0][0] <= self._sent:
            released += self._tokens.popleft()[1]
        return tuple(released)
