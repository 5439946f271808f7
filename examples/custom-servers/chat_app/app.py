"""The ASGI application: OpenAI's routes, for whatever server carries it."""

import json
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from serving.engine import Chunk
from serving.sampling import RequestError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chat_app.chat import NAME, BusyError, Chat
from chat_app.requests import ChatRequest, WrongRequestError, read

MAX_BODY = 1024 * 1024
ANSWERS = Counter("chat_answers", "Requests answered, by status", ["status"])
TOKENS = Counter("chat_generated_tokens", "Tokens generated")


def build(chat: Callable[[], Chat | None], *, metrics: bool) -> Starlette:
    """The application.

    Args:
        chat: Says which model answers; None while there is none.
        metrics: Whether it has a page of metrics; some servers have one themselves.
    """

    async def models(_: Request) -> Response:
        row = {"id": NAME, "object": "model", "created": 0, "owned_by": "examples"}
        return JSONResponse({"object": "list", "data": [row]})

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        there = chat()
        is_ready = there is not None and not there.draining
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    async def completions(request: Request) -> Response:
        try:
            asked = read(await _body(request))
            model = chat()
            if model is None:
                return _refusal(503, "the model is not loaded yet")
            model.enter()
        except WrongRequestError as error:
            return _refusal(error.status, str(error))
        except BusyError as error:
            return _refusal(503, str(error))
        return await _answer(model, asked, request)

    async def scrape(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/v1/models", models),
        Route("/v1/chat/completions", completions, methods=["POST"]),
        Route("/v2/health/live", live),
        Route("/v2/health/ready", ready),
    ]
    return Starlette(routes=[*routes, Route("/metrics", scrape)] if metrics else routes)


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise WrongRequestError(413, f"the body is larger than {MAX_BODY} bytes")
    return body


async def _answer(model: Chat, asked: ChatRequest, request: Request) -> Response:
    """Answer; the room that was taken is given back when the answer is out, or not wanted."""
    pieces = model.pieces(asked.prompt(), asked.sampling())
    streamed = False
    try:
        # The first piece decides: what is wrong with the prompt shows before anything is sent.
        first = await anext(pieces)
        if not asked.stream:
            return await _whole(first, pieces, request)
        streamed = True
        return Streamed(model, first, pieces)
    except RequestError as error:
        return _refusal(400, str(error))
    finally:
        if not streamed:
            await pieces.aclose()
            model.leave()


async def _whole(first: Chunk, pieces: AsyncGenerator[Chunk], request: Request) -> Response:
    chunks = [first]
    async for chunk in pieces:
        chunks.append(chunk)
        if await request.is_disconnected():
            break
    last = chunks[-1]
    _count(200, last)
    message = {"role": "assistant", "content": "".join(each.text for each in chunks)}
    choice = {"index": 0, "message": message, "finish_reason": last.finish_reason}
    usage = {
        "prompt_tokens": last.prompt_tokens,
        "completion_tokens": last.output_tokens,
        "total_tokens": last.prompt_tokens + last.output_tokens,
    }
    return JSONResponse({**_head("chat.completion"), "choices": [choice], "usage": usage})


class Streamed(StreamingResponse):
    """An answer piece by piece; ends the work and gives the room back, begun or not."""

    def __init__(self, model: Chat, first: Chunk, pieces: AsyncGenerator[Chunk]) -> None:
        self._model = model
        self._last = first
        self._pieces = pieces
        super().__init__(self._events(), media_type="text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._pieces.aclose()
            _count(200, self._last)
            self._model.leave()

    async def _events(self) -> AsyncGenerator[bytes]:
        head = _head("chat.completion.chunk")
        yield _event(head, self._last)
        async for chunk in self._pieces:
            self._last = chunk
            yield _event(head, chunk)
        yield b"data: [DONE]\n\n"


def _event(head: dict[str, Any], chunk: Chunk) -> bytes:
    choice = {
        "index": 0,
        "delta": {"content": chunk.text},
        "finish_reason": chunk.finish_reason or None,
    }
    return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()


def _head(kind: str) -> dict[str, Any]:
    identity = f"chatcmpl-{uuid.uuid4().hex}"
    return {"id": identity, "object": kind, "created": int(time.time()), "model": NAME}


def _count(status: int, last: Chunk | None) -> None:
    ANSWERS.labels(status).inc()
    if last is not None:
        TOKENS.inc(last.output_tokens)


def _refusal(status: int, message: str) -> Response:
    _count(status, None)
    kind = "server_error" if status >= 500 else "invalid_request_error"
    headers = {"Retry-After": "1"} if status == 503 else None
    body = {"error": {"message": message, "type": kind, "param": None, "code": None}}
    return JSONResponse(body, status, headers)
