"""Log probabilities never tell more than the text."""

from typing import Any

import pytest
from gateway.contract import Piece, TokenLogprob
from gateway.openai.alignment import Alignment
from openai_lab import Bench


def piece(text: str, finish: str = "") -> Piece:
    return Piece(text, finish, 7, 1, (TokenLogprob(text, -0.5, ((text, -0.5),)),))


def texts(tokens: tuple[TokenLogprob, ...]) -> list[str]:
    return [token.token for token in tokens]


def test_tokens_wait_for_their_text() -> None:
    aligned = Alignment()
    aligned.take(piece("ab"))
    assert texts(aligned.release("")) == []
    aligned.take(piece("cd"))
    assert texts(aligned.release("abc")) == ["ab"]
    aligned.take(piece(""))
    assert texts(aligned.release("d")) == ["cd", ""]


def test_tokens_of_changed_text_are_forgotten() -> None:
    aligned = Alignment()
    aligned.take(piece("ab"))
    assert texts(aligned.release("**")) == []
    aligned.take(piece("cd"))
    assert texts(aligned.release("cd")) == []


def told(reply: Any, stream: bool) -> list[str]:
    parts = reply.events[:-1] if stream else [reply.json]
    found = [part["choices"][0]["logprobs"] for part in parts]
    return [token["token"] for each in found if each for token in each["content"]]


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_guard_masks_is_not_in_the_tokens(stream: bool) -> None:
    bench = Bench()
    bench.upstream.script = [piece("a "), piece("hush"), piece(" b", "stop")]
    reply = bench.chat(logprobs=True, top_logprobs=1, stream=stream)
    assert b"****" in reply.body
    assert b"hush" not in reply.body
    assert told(reply, stream) == ["a "]


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_stop_cuts_off_is_not_in_the_tokens(stream: bool) -> None:
    bench = Bench()
    bench.upstream.script = [piece("a"), piece("ST"), piece("OP"), piece("z", "stop")]
    reply = bench.chat(logprobs=True, stop=["STOP"], stream=stream)
    assert told(reply, stream) == ["a"]


@pytest.mark.parametrize("stream", [False, True])
def test_text_that_was_held_back_has_its_tokens(stream: bool) -> None:
    bench = Bench()
    bench.upstream.script = [piece("a"), piece("ST"), piece("art"), piece("z", "stop")]
    reply = bench.chat(logprobs=True, stop=["STOP"], stream=stream)
    assert told(reply, stream) == ["a", "ST", "art", "z"]
