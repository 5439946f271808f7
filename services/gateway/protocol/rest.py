"""The Open Inference Protocol over REST, with Triton's ``generate`` routes."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

import orjson

from gateway.asgi import JSON, Headers, Receive, Scope, Send, respond, stream, while_connected
from gateway.contract import Call
from gateway.errors import GatewayError, InvalidRequestError, NotFoundError
from gateway.openai.errors import MethodError
from gateway.protocol import describe, generate, validate
from gateway.protocol.calls import Calls, size_tokens
from gateway.protocol.health import Health
from gateway.protocol.relay import Relay
from gateway.upstream.channel import remaining
from gateway.upstream.http import Answer
from gateway.upstream.metadata import ModelMetadata

LENGTH = "inference-header-content-length"
"""Header of the binary extension: length of the JSON before the binary data."""

BINARY: Headers = ((b"content-type", b"application/octet-stream"),)


class RestProtocol:
    """An ASGI application for everything below ``/v2``; errors are raised, for the edge."""

    def __init__(self, calls: Calls, relay: Relay, health: Health) -> None:
        self._calls = calls
        self._relay = relay
        self._health = health
        self._actions = {
            "infer": self._infer,
            "generate": self._generate,
            "generate_stream": self._generate_stream,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        steps: list[str] = scope["path"].rstrip("/").split("/")[2:]
        version = ""
        if len(steps) > 4 and steps[2] == "versions":
            version = steps[3]
            del steps[2:4]
        if len(steps) == 3 and steps[0] == "models" and steps[2] in self._actions:
            if scope["method"] != "POST":
                raise MethodError(f"{scope['method']} is not allowed here; POST is")
            await self._act(steps[1], version, steps[2], scope, receive, send)
            return
        await self._look(scope, send)

    async def _act(
        self, name: str, version: str, action: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers, number = _headers(scope), scope["state"]["request_id"]
        call: Call | None = None
        try:
            call = self._calls.begin(number, name, headers)
            body: bytes = (await receive())["body"]
            await self._actions[action](call, version, headers, body, receive, send)
        except GatewayError as error:
            self._calls.refused(number, call, error)
            raise

    async def _look(self, scope: Scope, send: Send) -> None:
        """Health, and what is known of server and models."""
        steps: list[str] = scope["path"].rstrip("/").split("/")[2:]
        headers = _headers(scope)
        answer: Any
        match steps:
            case ["health", "live"]:
                answer = {"live": True}
            case ["health", "ready"]:
                answer = await self._ready("", "")
            case []:
                self._calls.tenant(headers)
                answer = describe.server()
            case ["models"]:
                found = self._calls.parts.catalogue.listed(self._calls.tenant(headers))
                answer = {"models": [model.name for model in found]}
            case ["models", name, "ready"]:
                answer = await self._ready(name, "")
            case ["models", name, "versions", version, "ready"]:
                answer = await self._ready(name, version)
            case ["models", name]:
                answer = await self._metadata(scope, name, "", headers)
            case ["models", name, "versions", version]:
                answer = await self._metadata(scope, name, version, headers)
            case _:
                raise NotFoundError("there is no such route")
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodError(f"{scope['method']} is not allowed here; GET is")
        await respond(send, 503 if answer.get("ready") is False else 200, orjson.dumps(answer))

    async def _ready(self, name: str, version: str) -> dict[str, Any]:
        if not name:
            return {"ready": await self._health.is_ready()}
        model = self._calls.parts.catalogue.models.get(name)
        if model is None:
            raise NotFoundError(f"there is no model {name[:128]!r}")
        return {"name": name, "ready": await self._health.is_ready(model.triton, version)}

    async def _metadata(
        self, scope: Scope, name: str, version: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        call = self._calls.begin(scope["state"]["request_id"], name, headers)
        return describe.model(name, await self._relay.metadata(call, version))

    async def _infer(
        self,
        call: Call,
        version: str,
        headers: Mapping[str, str],
        body: bytes,
        receive: Receive,
        send: Send,
    ) -> None:
        length = _json_length(headers, body)
        request = _parsed(body if length is None else memoryview(body)[:length])
        binary = 0 if length is None else len(body) - length

        def check(model: ModelMetadata) -> None:
            if model.decoupled:
                raise InvalidRequestError(
                    "the model answers piece by piece: use generate, generate_stream, or "
                    "ModelStreamInfer over gRPC"
                )
            validate.check_json(model, request, binary)

        await self._relay.check(call, version, check)
        sent = {"Content-Type": headers.get("content-type", "application/json")}
        if length is not None:
            sent["Inference-Header-Content-Length"] = str(length)
        path = f"/v2/models/{call.model.triton}"
        if version:
            path += f"/versions/{quote(version, safe='')}"

        async def ask() -> Answer:
            tokens = size_tokens(call, len(body))
            async with self._calls.served(call, tokens) as served:
                if call.trace:
                    sent["traceparent"] = call.trace
                answer = await self._calls.parts.upstream.http.request(
                    "POST",
                    f"{path}/infer",
                    model=call.model.triton,
                    seconds=remaining(call.deadline),
                    body=body,
                    headers=sent,
                )
                served.tokens = tokens
                return answer

        answer = await while_connected(receive, ask())
        await _send(send, answer, call)

    async def _generate(
        self,
        call: Call,
        version: str,
        headers: Mapping[str, str],
        body: bytes,
        receive: Receive,
        send: Send,
    ) -> None:
        answers = self._answers(call, version, body)

        async def only() -> Any:
            found: list[Any] = []
            async with aclosing(answers):
                async for answer in answers:
                    found.append(answer)
                    if len(found) > 1:
                        raise InvalidRequestError(
                            "the model answers in more than one piece; use generate_stream"
                        )
            if not found:
                raise InvalidRequestError("the model gave no answer; use generate_stream")
            return found[0]

        await respond(send, 200, orjson.dumps(await while_connected(receive, only())))

    async def _generate_stream(
        self,
        call: Call,
        version: str,
        headers: Mapping[str, str],
        body: bytes,
        receive: Receive,
        send: Send,
    ) -> None:
        answers = self._answers(call, version, body)
        async with aclosing(answers):
            # What is refused before the first piece is refused with its own status.
            first = await while_connected(receive, anext(answers, None))
            await stream(send, receive, _events(first, answers))

    async def _answers(self, call: Call, version: str, body: bytes) -> AsyncGenerator[Any]:
        model = await self._relay.metadata(call, version)
        request = generate.request_from(model, _parsed(body))
        request.model_version = version
        async with aclosing(self._relay.stream(call, request)) as responses:
            async for response in responses:
                if response.outputs:
                    yield generate.response_from(response, call.model.name)


async def _events(first: Any, answers: AsyncGenerator[Any]) -> AsyncGenerator[bytes]:
    if first is None:
        return
    yield b"data: " + orjson.dumps(first) + b"\n\n"
    try:
        async for answer in answers:
            yield b"data: " + orjson.dumps(answer) + b"\n\n"
    except GatewayError as error:
        # The status is sent already; Triton says it the same way.
        yield b"data: " + orjson.dumps({"error": error.message}) + b"\n\n"


def _headers(scope: Scope) -> dict[str, str]:
    return {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}


def _parsed(body: bytes | memoryview) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(f"the body is not JSON: {error}") from None


def _json_length(headers: Mapping[str, str], body: bytes) -> int | None:
    """Length of the JSON in a body with binary data; None for a body that is all JSON."""
    given = headers.get(LENGTH)
    if given is None:
        return None
    if not given.isdigit() or int(given) > len(body):
        raise InvalidRequestError(
            f"{LENGTH} must be a number not bigger than the body ({len(body)} bytes)"
        )
    return int(given)


async def _send(send: Send, answer: Answer, call: Call) -> None:
    """Pass Triton's answer on; only the model's name is put right where clients know another."""
    body, length = answer.body, answer.header_length
    name, triton = call.model.name, call.model.triton
    if name != triton:
        # Quotes inside JSON text are escaped, so this is the field and nothing else.
        body = body.replace(
            b'"model_name":' + orjson.dumps(triton), b'"model_name":' + orjson.dumps(name), 1
        )
        if length:
            length = str(int(length) + len(body) - len(answer.body))
    if length:
        await respond(send, 200, body, BINARY, [(LENGTH.encode(), length.encode())])
    else:
        await respond(send, 200, body, JSON)
