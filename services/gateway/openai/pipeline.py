"""The way of one prompt through the gateway, and back.

Budget, guards of the prompt, caches, admission, Triton, stop texts, guards of the answer. However
it ends, the slot is given back, the tokens are settled, Triton is told, and the watch ends once.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.asgi import CLIENT_GONE
from gateway.cache.replay import replay
from gateway.catalogue import Catalogue
from gateway.contract import (
    Admission,
    Answer,
    AnswerCache,
    Budgets,
    Call,
    Generation,
    Guards,
    Keys,
    Message,
    Piece,
    Question,
    Reservation,
    Sampling,
    Telemetry,
    Upstream,
    Watch,
)
from gateway.errors import BlockedError, GatewayError, InvalidRequestError
from gateway.openai.alignment import Alignment
from gateway.openai.errors import internal
from gateway.openai.stops import StopFilter

logger = logging.getLogger("gateway.openai")

CONTENT_FILTER = "content_filter"
"""Finish reason of an answer that a guard ended."""

_SCHEMA = "structured_outputs.json"
"""Where Triton's models find the schema."""

_TOO_LONG = re.compile(r"prompt has \d+ tokens|context|maximum model length", re.IGNORECASE)
"""How Triton's models, and vLLM, say that a prompt is too long."""

_GONE = "client_closed_request"


class Parts(Protocol):
    """The parts of the gateway that this surface needs."""

    @property
    def upstream(self) -> Upstream: ...  # noqa: D102 - named by its type
    @property
    def keys(self) -> Keys: ...  # noqa: D102
    @property
    def budgets(self) -> Budgets: ...  # noqa: D102
    @property
    def guards(self) -> Guards: ...  # noqa: D102
    @property
    def cache(self) -> AnswerCache: ...  # noqa: D102
    @property
    def admission(self) -> Admission: ...  # noqa: D102
    @property
    def telemetry(self) -> Telemetry: ...  # noqa: D102
    @property
    def catalogue(self) -> Catalogue: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request asks.

    Attributes:
        call: The request.
        messages: For the guards and the caches; a completion's prompt is one of role ``user``.
        sampling: How the answer is drawn; its stop texts are enforced here, too.
        render: From the messages, as the guards leave them, to the prompt.
        reserved_tokens: Set aside until the tokens are counted: prompt and longest answer.
        prompt_tokens: Guess at the prompt's, used where Triton never tells.
        param: Field that a prompt that is too long is blamed on.
        schema_param: Field that a JSON schema came from.
        tools: Whether tools are offered.
        stream: Whether the client reads piece by piece.
    """

    call: Call
    messages: Sequence[Message]
    sampling: Sampling
    render: Callable[[Sequence[Message]], str]
    reserved_tokens: int
    prompt_tokens: int
    param: str = "messages"
    schema_param: str = ""
    tools: bool = False
    stream: bool = False


class Run:
    """One answer in the making; `pieces` may be iterated once.

    Attributes:
        prompt_tokens: Tokens of the prompt, as Triton counted them; a guess if it never told.
        output_tokens: Tokens of the answer so far.
    """

    def __init__(self, parts: Parts, ask: Ask) -> None:
        self._parts = parts
        self._ask = ask
        self._counted = 0
        self._asked_triton = False
        self._charged = True
        self._blocked = ""
        self._finish = ""
        self._raw: list[str] = []
        self.output_tokens = 0

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt."""
        return self._counted or self._ask.prompt_tokens

    async def pieces(self) -> AsyncGenerator[Piece]:
        """What may be sent, piece by piece; the last piece has the finish reason.

        Raises:
            GatewayError: The request is refused, or breaks off.
        """
        call = self._ask.call
        watch = self._parts.telemetry.begin(call)
        reservation: Reservation | None = None
        status, code = CLIENT_GONE, _GONE
        try:
            reservation = await self._parts.budgets.reserve(call, self._ask.reserved_tokens)
            async with aclosing(self._answer(watch)) as answer:
                async for piece in answer:
                    watch.piece(piece)
                    yield piece
            status, code = 200, self._blocked
        except GatewayError as error:
            error = self._explained(error)
            status, code = error.status, error.code
            raise error from None
        except asyncio.CancelledError:
            if time.monotonic() >= call.deadline:
                status, code = 504, "deadline_exceeded"
            raise
        except Exception:
            logger.exception("request %s failed", call.id)
            status, code = 500, "internal_error"
            raise internal() from None
        finally:
            self._parts.cache.release(call, failed=status not in (200, CLIENT_GONE))
            try:
                if reservation is not None:
                    await reservation.settle(self._spent(abandoned=status in (CLIENT_GONE, 504)))
            finally:
                watch.end(status=status, code=code, finish_reason=self._finish)

    def _spent(self, *, abandoned: bool) -> int:
        if not self._charged:
            return 0
        if self._counted or self.output_tokens:
            return self.prompt_tokens + self.output_tokens
        # Triton has read the prompt of one who did not wait, but a failure of its own is free.
        return self.prompt_tokens if abandoned and self._asked_triton else 0

    async def _answer(self, watch: Watch) -> AsyncGenerator[Piece]:
        ask, parts = self._ask, self._parts
        messages = await parts.guards.prompt(ask.call, ask.messages)
        watch.asked(messages, ask.sampling, stream=ask.stream)
        question = Question(
            system="\n".join(each.content for each in messages if each.role == "system"),
            messages=tuple(each for each in messages if each.role != "system"),
            sampling=ask.sampling,
            prompt=ask.render(messages),
            tools=ask.tools,
        )
        kept = await parts.cache.find(ask.call, question)
        if kept is not None:
            self._charged = kept.charged
            async with aclosing(self._guarded(replay(kept))) as answer:
                async for piece in answer:
                    yield piece
            return
        since = time.monotonic()
        async with parts.admission.slot(ask.call):
            watch.queued(time.monotonic() - since)
            self._asked_triton = True
            generation = Generation(question.prompt, ask.sampling)
            generated = parts.upstream.generate(ask.call, generation)
            async with aclosing(self._guarded(generated)) as answer:
                async for piece in answer:
                    yield piece
        if self._finish != CONTENT_FILTER and ask.sampling.logprobs is None:
            text = "".join(self._raw)
            whole = Answer(text, self._finish, self.prompt_tokens, self.output_tokens)
            await parts.cache.keep(ask.call, question, whole)

    async def _guarded(self, source: AsyncGenerator[Piece]) -> AsyncGenerator[Piece]:
        """What the model says, up to a stop text, as far as the guards let it through."""
        stops = StopFilter(self._ask.sampling.stop)
        guard = self._parts.guards.output(self._ask.call)
        aligned = Alignment() if self._ask.sampling.logprobs is not None else None
        async with aclosing(source):
            async for piece in source:
                if self._finish:
                    continue  # the stream is read to its end, or Triton counts it as cancelled
                self._counted = piece.prompt_tokens or self._counted
                self.output_tokens += piece.output_tokens
                if aligned:
                    aligned.take(piece)
                text, stopped = stops.feed(piece.text)
                finish = "stop" if stopped else piece.finish_reason
                if finish and not stopped:
                    text += stops.end()
                self._raw.append(text)
                try:
                    text = guard.feed(text)
                    if finish:
                        text += guard.end()
                except BlockedError as error:
                    self._finish, self._blocked = CONTENT_FILTER, error.code
                    yield Piece("", CONTENT_FILTER, self.prompt_tokens, piece.output_tokens)
                    return
                self._finish = finish
                if aligned:
                    tokens = aligned.release(text)
                    piece = replace(piece, logprobs=tokens)  # noqa: PLW2901 - as it is sent
                same = text == piece.text and finish == piece.finish_reason
                yield piece if same else replace(piece, text=text, finish_reason=finish)
                if stopped:
                    return

    def _explained(self, error: GatewayError) -> GatewayError:
        """Triton's own words about a request, in those that the client knows."""
        plain = type(error) is InvalidRequestError and error.code == InvalidRequestError.code
        if not (plain and self._asked_triton):
            return error
        if _SCHEMA in error.message:
            param = self._ask.schema_param
            message = error.message.replace(_SCHEMA, param)
            return InvalidRequestError(message, code="invalid_json_schema", param=param)
        if _TOO_LONG.search(error.message):
            code = "context_length_exceeded"
            return InvalidRequestError(error.message, code=code, param=self._ask.param)
        return error
