"""``/v1/chat/completions``."""

import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import orjson

from gateway.contract import Kind, Message, Sampling, ServedModel
from gateway.errors import InvalidRequestError
from gateway.openai import schemas_chat as schemas
from gateway.openai.chat_events import ChatEvents, choice_logprobs, settled
from gateway.openai.endpoint import Endpoint, Exchange
from gateway.openai.estimate import check_context, likely_tokens
from gateway.openai.pipeline import Ask, Run
from gateway.openai.reading import parse
from gateway.openai.sampling import longest_answer, seed, stops, unsupported, usage
from gateway.openai.schemas_chat import ChatRequest
from gateway.openai.stream import Events
from gateway.openai.structured import ANY_OBJECT, check_schema
from gateway.openai.tools import Offer, offer


class ChatEndpoint(Endpoint):
    """Answers a conversation, whole or as a stream."""

    route = "chat"

    async def answer(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request."""
        request = parse(body, ChatRequest)
        model = self.parts.catalogue.find(request.model, exchange.tenant, Kind.CHAT)
        messages = conversation(request)
        offered = offer(request)
        sampling = _sampling(request, model, offered)
        told = [*(each.content for each in messages), *(map(json.dumps, offered.tools))]
        check_context(told, model, "messages")
        guess = likely_tokens(told)
        template = self.parts.catalogue.template(model)

        def render(final: Sequence[Message]) -> str:
            return template.render(final, tools=offered.tools, forced_call=offered.forced)

        ask = Ask(
            call=self.begin(exchange, model),
            messages=messages,
            sampling=sampling,
            render=render,
            reserved_tokens=guess + sampling.max_tokens,
            prompt_tokens=guess,
            schema_param="tools" if offered.tools else "response_format.json_schema.schema",
            tools=bool(offered.tools),
            stream=bool(request.stream),
        )
        exchange.watched = True
        run = Run(self.parts, ask)
        head = {
            "id": f"chatcmpl-{exchange.id}",
            "object": "chat.completion.chunk" if request.stream else "chat.completion",
            "created": int(time.time()),
            "model": model.name,
            "system_fingerprint": self.parts.catalogue.fingerprint(model),
        }
        if not request.stream:
            await self.whole(exchange, lambda: _whole(run, offered, head, sampling))
            return
        options = request.stream_options
        events = Events(head, with_usage=bool(options and options.include_usage))
        chunks = _chunks(run, ChatEvents(events, offered, logprobs=sampling.logprobs))
        await self.streamed(exchange, chunks, lambda: events.last(usage(run)))


async def _chunks(run: Run, events: ChatEvents) -> AsyncGenerator[bytes]:
    async with aclosing(run.pieces()) as pieces:
        async for piece in pieces:
            if chunk := events.feed(piece):
                yield chunk


async def _whole(run: Run, offered: Offer, head: Mapping[str, Any], sampling: Sampling) -> bytes:
    said: list[str] = []
    finish = ""
    tokens: list[Any] = []
    async with aclosing(run.pieces()) as pieces:
        async for piece in pieces:
            said.append(piece.text)
            finish = piece.finish_reason
            tokens += choice_logprobs(piece.logprobs, sampling.logprobs or 0)
    text, calls, reason = settled("".join(said), finish, offered)
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in calls
        ]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None if sampling.logprobs is None else {"content": tokens, "refusal": None},
        "finish_reason": reason,
    }
    return orjson.dumps({**head, "choices": [choice], "usage": usage(run).model_dump()})


def conversation(request: ChatRequest) -> list[Message]:
    """The messages of a request, their parts joined, ``developer`` as ``system``.

    Raises:
        InvalidRequestError: An assistant's message holds nothing.
    """
    return [_message(each, index) for index, each in enumerate(request.messages)]


def _message(message: schemas.ChatMessage, index: int) -> Message:
    if isinstance(message, schemas.AssistantMessage):
        calls = [_call(each) for each in message.tool_calls or []]
        text = _text(message.content) or message.refusal or ""
        if not text and not calls and message.content is None:
            raise InvalidRequestError(
                f"messages[{index}] holds neither content nor tool_calls.",
                param=f"messages[{index}].content",
            )
        return Message("assistant", text, {"tool_calls": calls} if calls else {})
    if isinstance(message, schemas.ToolMessage):
        return Message("tool", _text(message.content), {"tool_call_id": message.tool_call_id})
    role = "system" if message.role == "developer" else message.role
    return Message(role, _text(message.content))


def _text(content: str | Sequence[schemas.TextPart | schemas.RefusalPart] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(
        part.text if isinstance(part, schemas.TextPart) else part.refusal for part in content
    )


def _call(call: schemas.ToolCall) -> Mapping[str, Any]:
    try:
        arguments = json.loads(call.function.arguments)
    except (ValueError, RecursionError):
        arguments = call.function.arguments  # as the model wrote it, perhaps cut short
    return {"name": call.function.name, "arguments": arguments}


def _sampling(request: ChatRequest, model: ServedModel, offered: Offer) -> Sampling:
    wanted = request.max_completion_tokens or request.max_tokens
    param = "max_completion_tokens" if request.max_completion_tokens else "max_tokens"
    if request.logprobs and not model.capabilities.logprobs:
        raise unsupported(model, "logprobs")
    return Sampling(
        max_tokens=longest_answer(model, wanted, param),
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        seed=seed(request.seed),
        stop=stops(request.stop, model),
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        logprobs=(request.top_logprobs or 0) if request.logprobs else None,
        json_schema=_schema(request, model, offered),
    )


def _schema(request: ChatRequest, model: ServedModel, offered: Offer) -> Mapping[str, Any] | None:
    wanted = request.response_format
    plain = wanted is None or isinstance(wanted, schemas.TextFormat)
    if offered.tools:
        if not model.capabilities.tools:
            raise unsupported(model, "tools")
        if not plain:
            raise InvalidRequestError(
                "response_format and tools cannot be combined; set tool_choice to none.",
                param="response_format",
            )
        for index, tool in enumerate(request.tools or []):
            if tool.function.parameters is not None:
                check_schema(tool.function.parameters, f"tools[{index}].function.parameters")
        return offered.schema
    if wanted is None or isinstance(wanted, schemas.TextFormat):
        return None
    if not model.capabilities.json_schema:
        raise unsupported(model, "response_format")
    if isinstance(wanted, schemas.JsonFormat):
        return ANY_OBJECT
    check_schema(wanted.json_schema.schema_, "response_format.json_schema.schema")
    return wanted.json_schema.schema_
