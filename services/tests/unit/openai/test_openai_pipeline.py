"""Every way a call can end: slot given back, tokens settled, watch ended once, Triton told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from gateway.admission import AdmissionSettings, QueueAdmission
from gateway.asgi import ClientGoneError
from gateway.contract import Answer, Piece, TokenLogprob
from gateway.drain import Drain
from gateway.errors import (
    BudgetExceededError,
    DeadlineError,
    GatewayError,
    InvalidRequestError,
    OverloadedError,
    UnavailableError,
)
from gateway.openai.endpoint import Limits
from openai_lab import Bench, words

QUESTION = {"model": "smollm2", "messages": [{"role": "user", "content": "Hi"}]}


@dataclass(frozen=True)
class Ending:
    """How a call ends.

    Attributes:
        prepare: Changes the bench for it.
        status: Of the response, without a stream.
        end: What the watch is told.
        settled: Tokens that are charged.
        text: The question.
    """

    prepare: Callable[[Bench], Any]
    status: int
    end: tuple[int, str, str]
    settled: list[int]
    text: str = "Hi"


def script(*steps: Any) -> Callable[[Bench], Any]:
    return lambda bench: setattr(bench.upstream, "script", list(steps))


def kept(*, charged: bool) -> Callable[[Bench], Any]:
    answer = Answer("from the shelf", "stop", 7, 3, charged)
    return lambda bench: setattr(bench.cache, "kept", answer)


async def _hold(bench: Bench) -> None:
    call: Any = type("Named", (), {"model": type("M", (), {"name": "smollm2"}), "deadline": 0.0})
    await bench.admission.gate("smollm2").enter(call, 5)


ENDINGS = {
    "whole": Ending(lambda bench: None, 200, (200, "", "stop"), [10]),
    "length": Ending(script(*words("a", "b", finish="length")), 200, (200, "", "length"), [9]),
    "cached": Ending(kept(charged=True), 200, (200, "", "stop"), [10]),
    "cached for free": Ending(kept(charged=False), 200, (200, "", "stop"), [0]),
    "over budget": Ending(
        lambda bench: setattr(bench.budgets, "refuse", BudgetExceededError("x", retry_after=90)),
        429,
        (429, "budget_exceeded", ""),
        [],
    ),
    "prompt blocked": Ending(
        lambda bench: None, 400, (400, "content_blocked", ""), [0], "forbidden"
    ),
    "answer blocked": Ending(
        script(*words("a", "poison", "b")), 200, (200, "poisoned", "content_filter"), [9]
    ),
    "no slot": Ending(lambda bench: asyncio.run(_hold(bench)), 429, (429, "overloaded", ""), [0]),
    "Triton away": Ending(
        script(UnavailableError("x", retry_after=1)), 503, (503, "unavailable", ""), [0]
    ),
    "Triton full": Ending(script(OverloadedError("x")), 429, (429, "overloaded", ""), [0]),
    "Triton too late": Ending(
        script(DeadlineError("x")), 504, (504, "deadline_exceeded", ""), [10]
    ),
    "Triton fails": Ending(script(GatewayError("x")), 500, (500, "internal_error", ""), [0]),
    "Triton refuses": Ending(
        script(InvalidRequestError("x")), 400, (400, "invalid_request", ""), [0]
    ),
    "too long": Ending(
        script(InvalidRequestError("the prompt has 2100 tokens; allowed: 2048 with the answer")),
        400,
        (400, "context_length_exceeded", ""),
        [0],
    ),
    "bug": Ending(script(KeyError("x")), 500, (500, "internal_error", ""), [0]),
}


def check_clean(bench: Bench, held: int = 0) -> None:
    assert bench.taken() == held
    assert bench.upstream.closed == len(bench.upstream.generations)
    assert bench.cache.released == len(bench.telemetry.begun) == len(bench.telemetry.ends)
    assert len(bench.budgets.settled) == len(bench.budgets.reserved)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ENDINGS)
def test_endings(name: str, stream: bool) -> None:
    ending = ENDINGS[name]
    bench = Bench()
    ending.prepare(bench)
    reply = bench.chat(ending.text, stream=stream)
    assert reply.status == ending.status
    assert bench.telemetry.ends == [ending.end]
    assert bench.telemetry.refusals == []
    if name != "Triton too late":
        assert bench.budgets.settled == ending.settled
    check_clean(bench, held=int(name == "no slot"))
    if ending.status == 200:
        choice = reply.events[-2]["choices"][0] if stream else reply.json["choices"][0]
        assert choice["finish_reason"] == ending.end[2]
    else:
        assert reply.error["code"] == ending.end[1]


def test_what_a_client_is_told_about_a_long_prompt() -> None:
    error = Bench()
    ENDINGS["too long"].prepare(error)
    told = error.chat().error
    assert told["param"] == "messages"
    assert "2100 tokens" in told["message"]


def test_a_hopeless_prompt_never_gets_anywhere() -> None:
    bench = Bench()
    reply = bench.chat("word " * 2048)
    assert (reply.status, reply.error["code"]) == (400, "context_length_exceeded")
    assert bench.telemetry.refusals == [("chat", 400, "context_length_exceeded")]
    assert bench.budgets.reserved == bench.upstream.generations == []


@pytest.mark.parametrize("error", [UnavailableError("gone"), KeyError("bug")])
def test_an_error_in_the_middle_is_the_last_event(error: Exception) -> None:
    bench = Bench()
    bench.upstream.script = [*words("a", "b")[:1], error]
    reply = bench.chat(stream=True)
    assert reply.status == 200
    assert reply.streamed == "a" if "error" not in reply.events[-1] else True
    assert reply.events[-1]["error"]["type"] == "server_error"
    assert b"[DONE]" not in reply.body
    assert bench.budgets.settled == [8]
    check_clean(bench)


@pytest.mark.parametrize(("stream", "after"), [(False, 0), (True, 0), (True, 1), (True, 3)])
def test_a_client_that_leaves(stream: bool, after: int) -> None:
    bench = Bench()
    bench.upstream.script = words(*"abcdef")
    bench.upstream.stall_after = after
    with pytest.raises(ClientGoneError):
        bench.ask("/v1/chat/completions", {**QUESTION, "stream": stream}, leave_after=after)
    assert bench.telemetry.ends == [(499, "client_closed_request", "")]
    assert bench.cache.put == []
    assert bench.upstream.finished == 0
    assert bench.budgets.settled[0] > 0
    check_clean(bench)


def test_a_client_that_leaves_while_it_waits_for_a_slot() -> None:
    bench = Bench(
        admission=QueueAdmission(AdmissionSettings(slots=1, queue=1, queue_seconds=60), Drain())
    )
    asyncio.run(_hold(bench))
    with pytest.raises(ClientGoneError):
        bench.ask("/v1/chat/completions", QUESTION, leave_after=0)
    assert bench.telemetry.ends == [(499, "client_closed_request", "")]
    assert bench.budgets.settled == [0]
    assert bench.admission.gate("smollm2").waiting == 0
    check_clean(bench, held=1)


@pytest.mark.parametrize("after", [0, 2])
def test_an_answer_that_takes_too_long(after: int) -> None:
    bench = Bench(limits=Limits(deadline_seconds=0.05))
    bench.upstream.script = words(*"abcdef")
    bench.upstream.stall_after = after
    reply = bench.chat(stream=True)
    told = reply.events[-1]["error"] if after else reply.error
    assert reply.status == (200 if after else 504)
    assert told["code"] == "deadline_exceeded"
    assert bench.telemetry.ends == [(504, "deadline_exceeded", "")]
    check_clean(bench)


def test_one_write_a_piece() -> None:
    bench = Bench()
    bench.upstream.script = words(*"abcdef")
    reply = bench.chat(stream=True)
    assert len(reply.writes) == 7
    assert reply.writes[-1].endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_text_split_over_pieces(stream: bool) -> None:
    bench = Bench()
    bench.upstream.script = words("one ", "ST", "OP", " two")
    reply = bench.chat(stream=stream, stop=["STOP"])
    text = reply.streamed if stream else reply.json["choices"][0]["message"]["content"]
    assert text == "one "
    assert bench.upstream.finished == 0
    assert bench.telemetry.ends == [(200, "", "stop")]
    assert bench.cache.put[0].text == "one "
    check_clean(bench)


def test_guards_come_before_caches_and_caches_before_slots() -> None:
    bench = Bench()
    bench.chat("my secret", temperature=0)
    (question,) = bench.cache.questions
    assert question.messages[0].content == "my ***"
    assert "my ***" in question.prompt
    assert "secret" not in bench.upstream.generations[0].prompt
    ENDINGS["cached"].prepare(bench)
    bench.upstream.generations.clear()
    asyncio.run(_hold(bench))
    reply = bench.chat("again")
    assert reply.json["choices"][0]["message"]["content"] == "from the shelf"
    assert reply.headers["x-cache"] == "hit"
    assert bench.upstream.generations == []


def test_cached_answers_pass_the_guards() -> None:
    bench = Bench()
    bench.cache.kept = Answer("some poison", "stop", 7, 3)
    choice = bench.chat().json["choices"][0]
    assert choice["finish_reason"] == "content_filter"
    assert "poison" not in choice["message"]["content"]


def test_what_is_not_kept() -> None:
    bench = Bench()
    ENDINGS["answer blocked"].prepare(bench)
    bench.chat()
    bench.upstream.script = [Piece("a", "stop", 7, 1, (TokenLogprob("a", -0.1),))]
    bench.chat(logprobs=True)
    assert bench.cache.put == []


def test_many_streams_broken_off_leave_nothing_behind() -> None:
    bench = Bench()
    bench.upstream.stall_after = 1
    for _ in range(10):
        with pytest.raises(ClientGoneError):
            bench.ask("/v1/chat/completions", {**QUESTION, "stream": True}, leave_after=1)
    assert len(bench.telemetry.ends) == len(bench.upstream.generations) == 10
    check_clean(bench)
