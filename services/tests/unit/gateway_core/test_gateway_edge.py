"""The outermost layer of HTTP: bodies, ids, refusals, clients that go away."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from gateway.asgi import ClientGoneError, Message, Receive, Scope, Send, while_connected
from gateway.drain import Drain
from gateway.edge import Edge
from gateway.errors import NotFoundError
from gateway.listen import ListenSettings

LISTEN = ListenSettings(body_bytes=1024, buffered_bytes=2048, body_seconds=0.05)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = (await receive()).get("body", b"") if scope["method"] == "POST" else b"looked"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/v2/none":
        raise NotFoundError("nothing here", retry_after=2.5)
    raise KeyError("a secret")


class Answer:
    def __init__(self, sent: Sequence[Message]) -> None:
        self.status: int = sent[0]["status"] if sent else 0
        self.headers: dict[bytes, bytes] = dict(sent[0]["headers"]) if sent else {}
        self.body = b"".join(each.get("body", b"") for each in sent[1:])


async def ask(edge: Edge, path: str, parts: Sequence[bytes | None] = (), **headers: str) -> Answer:
    """Send a body in parts; None for one that never comes."""
    sent: list[Message] = []
    left = list(parts)

    async def receive() -> Message:
        await asyncio.sleep(0)  # others have their turn, as on a socket
        if not left:
            return {"type": "http.disconnect"}
        part = left.pop(0)
        if part is None:
            await asyncio.sleep(10)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    async def send(message: Message) -> None:
        sent.append(message)

    names = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    scope: Scope = {"type": "http", "path": path, "headers": names, "state": {}}
    await edge({**scope, "method": "POST" if parts else "GET"}, receive, send)
    return Answer(sent)


class Told:
    """What telemetry hears of requests that never reach a route."""

    def __init__(self) -> None:
        self.statuses: list[int] = []

    def refused(
        self, *, request_id: str, route: str, status: int, code: str, tenant: str = ""
    ) -> None:
        assert (len(request_id), route, tenant) == (32, "http", "")
        self.statuses.append(status)

    def begin(self, call: Any) -> Any:
        raise AssertionError(call)

    def watch_queue(self, model: str, **named: Any) -> None:
        raise AssertionError(model)


def asked(path: str, parts: Sequence[bytes | None] = (), app: Any = echo, **headers: str) -> Answer:
    told = Told()
    answer = asyncio.run(ask(Edge(LISTEN, Drain(), told, app, app), path, parts, **headers))
    assert told.statuses == ([answer.status] if answer.status in (400, 408, 413) else [])
    return answer


def test_a_body_in_parts_arrives_whole() -> None:
    assert asked("/v2/x", [b"a" * 500, b"b" * 500]).body == b"a" * 500 + b"b" * 500


@pytest.mark.parametrize("headers", [{"content_length": "1025"}, {}])
def test_a_body_that_is_too_large(headers: dict[str, str]) -> None:
    answer = asked("/v2/x", [b"a" * 1025], **headers)
    assert (answer.status, b"1024 bytes" in answer.body) == (413, True)


def test_a_length_that_is_no_number() -> None:
    assert asked("/v2/x", [b"a"], content_length="-1").status == 400


def test_a_body_that_never_comes() -> None:
    assert asked("/v2/x", [b"a", None]).status == 408


def test_all_bodies_together_are_bounded_and_given_back() -> None:
    edge = Edge(LISTEN, Drain(), Told(), echo, echo)

    async def scenario() -> None:
        many = [ask(edge, "/v2/x", [b"a" * 1000, b"b"]) for _ in range(3)]
        statuses = sorted(each.status for each in await asyncio.gather(*many))
        assert statuses == [200, 200, 429]
        assert (await ask(edge, "/v2/x", [b"a" * 1000])).status == 200

    asyncio.run(scenario())


def test_ids_are_taken_over_where_they_are_plain() -> None:
    assert asked("/v2/x", x_request_id="my-id").headers[b"x-request-id"] == b"my-id"
    made = asked("/v2/x", x_request_id="bad id\r\n").headers[b"x-request-id"]
    assert len(made) == 32


def test_refusals_have_the_form_of_their_protocol() -> None:
    plain = asked("/v2/none", app=fail)
    assert (plain.status, plain.headers[b"retry-after"]) == (404, b"3")
    assert json.loads(plain.body) == {"error": "nothing here"}
    unforeseen = asked("/v1/x", app=fail)
    assert unforeseen.status == 500
    assert json.loads(unforeseen.body)["error"]["code"] == "internal_error"
    assert b"secret" not in unforeseen.body


def test_a_draining_gateway_still_says_how_it_is() -> None:
    drain = Drain()
    drain.begin()
    edge = Edge(LISTEN, drain, Told(), echo, echo)
    assert asyncio.run(ask(edge, "/v2/models")).status == 503
    assert asyncio.run(ask(edge, "/v2/health/live")).status == 200
    assert drain.running == 0


def test_a_client_that_goes_away_before_its_body_is_there() -> None:
    async def scenario() -> None:
        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            raise AssertionError(message)

        scope: Scope = {
            "type": "http",
            "path": "/v2/x",
            "headers": [],
            "state": {},
            "method": "POST",
        }
        await Edge(LISTEN, Drain(), Told(), echo, echo)(scope, receive, send)

    asyncio.run(scenario())


def test_work_ends_when_its_client_goes_away() -> None:
    async def scenario() -> None:
        leave, cleaned = asyncio.Event(), asyncio.Event()

        async def receive() -> Message:
            await leave.wait()
            return {"type": "http.disconnect"}

        async def work() -> None:
            try:
                leave.set()
                await asyncio.sleep(10)
            finally:
                cleaned.set()

        with pytest.raises(ClientGoneError):
            await while_connected(receive, work())
        assert cleaned.is_set()

    asyncio.run(scenario())


def test_who_cancels_the_request_is_not_taken_for_its_client() -> None:
    async def scenario() -> None:
        async def receive() -> Message:
            await asyncio.sleep(10)
            return {"type": "http.disconnect"}

        task = asyncio.create_task(while_connected(receive, asyncio.sleep(10)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
