"""``/v1/completions``: a text goes on, without a chat template."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import orjson

from gateway.contract import Kind, Message, Piece, Sampling, ServedModel, TokenLogprob
from gateway.openai.endpoint import Endpoint, Exchange
from gateway.openai.estimate import check_context, likely_tokens
from gateway.openai.pipeline import Ask, Run
from gateway.openai.reading import parse
from gateway.openai.sampling import longest_answer, seed, stops, unsupported, usage
from gateway.openai.schemas_completion import CompletionRequest
from gateway.openai.stream import Events

DEFAULT_TOKENS = 16
"""As OpenAI's."""


class CompletionEndpoint(Endpoint):
    """Goes on with a text, whole or as a stream."""

    route = "completion"

    async def answer(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request."""
        request = parse(body, CompletionRequest)
        model = self.parts.catalogue.find(request.model, exchange.tenant, Kind.CHAT)
        prompt = request.prompt if isinstance(request.prompt, str) else request.prompt[0]
        sampling = _sampling(request, model)
        check_context([prompt], model, "prompt")
        guess = likely_tokens([prompt])
        ask = Ask(
            call=self.begin(exchange, model),
            messages=[Message("user", prompt)],
            sampling=sampling,
            render=lambda messages: "".join(each.content for each in messages),
            reserved_tokens=guess + sampling.max_tokens,
            prompt_tokens=guess,
            param="prompt",
            stream=bool(request.stream),
        )
        exchange.watched = True
        run = Run(self.parts, ask)
        head = {
            "id": f"cmpl-{exchange.id}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model.name,
            "system_fingerprint": self.parts.catalogue.fingerprint(model),
        }
        shape = _Shape(sampling.logprobs)
        if not request.stream:
            await self.whole(exchange, lambda: _whole(run, shape, head))
            return
        options = request.stream_options
        events = Events(head, with_usage=bool(options and options.include_usage))
        await self.streamed(exchange, _chunks(run, shape, events), lambda: events.last(usage(run)))


class _Shape:
    """Log probabilities in the form of completions; knows how far the text has come."""

    def __init__(self, wanted: int | None) -> None:
        self.wanted = wanted
        self._offset = 0

    def logprobs(self, tokens: Sequence[TokenLogprob]) -> dict[str, Any] | None:
        """The next tokens; None if they were not asked for."""
        if self.wanted is None:
            return None
        offsets: list[int] = []
        for token in tokens:
            offsets.append(self._offset)
            self._offset += len(token.token)
        return {
            "tokens": [token.token for token in tokens],
            "token_logprobs": [token.logprob for token in tokens],
            "top_logprobs": [dict(token.top[: self.wanted]) for token in tokens],
            "text_offset": offsets,
        }


async def _chunks(run: Run, shape: _Shape, events: Events) -> AsyncGenerator[bytes]:
    async with aclosing(run.pieces()) as pieces:
        async for piece in pieces:
            if chunk := _chunk(piece, shape, events):
                yield chunk


def _chunk(piece: Piece, shape: _Shape, events: Events) -> bytes:
    if not piece.finish_reason and shape.wanted is None:
        return events.text(piece.text) if piece.text else b""
    return events.choice(
        {
            "index": 0,
            "text": piece.text,
            "logprobs": shape.logprobs(piece.logprobs),
            "finish_reason": piece.finish_reason or None,
        }
    )


async def _whole(run: Run, shape: _Shape, head: Mapping[str, Any]) -> bytes:
    said: list[str] = []
    finish = ""
    tokens: list[TokenLogprob] = []
    async with aclosing(run.pieces()) as pieces:
        async for piece in pieces:
            said.append(piece.text)
            finish = piece.finish_reason
            tokens += piece.logprobs
    choice = {
        "index": 0,
        "text": "".join(said),
        "logprobs": shape.logprobs(tokens),
        "finish_reason": finish,
    }
    return orjson.dumps({**head, "choices": [choice], "usage": usage(run).model_dump()})


def _sampling(request: CompletionRequest, model: ServedModel) -> Sampling:
    if request.logprobs is not None and not model.capabilities.logprobs:
        raise unsupported(model, "logprobs")
    wanted = request.max_tokens or min(DEFAULT_TOKENS, model.max_output_tokens)
    return Sampling(
        max_tokens=longest_answer(model, wanted, "max_tokens"),
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        seed=seed(request.seed),
        stop=stops(request.stop, model),
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        logprobs=request.logprobs,
    )
