"""Parts that fit into memory, and a client of bare ASGI, for tests of the OpenAI surface."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.admission import AdmissionSettings, QueueAdmission
from gateway.catalogue import DEFAULT_MODELS, Catalogue, make_catalogue
from gateway.contract import (
    Answer,
    Call,
    Embeddings,
    Generation,
    Message,
    Piece,
    Question,
    Sampling,
    Tenant,
)
from gateway.drain import Drain
from gateway.errors import BlockedError, GatewayError, UnauthenticatedError
from gateway.openai.endpoint import Limits
from gateway.openai.routes import register
from starlette.applications import Starlette

KEY = "good"
CATALOGUE = make_catalogue(DEFAULT_MODELS)


class ScriptedUpstream:
    """Stands where Triton is, and says what it is told to; live tests have the real one."""

    def __init__(self) -> None:
        self.script: list[Piece | GatewayError | Exception] = words("Hello", " there", ".")
        self.generations: list[Generation] = []
        self.embedded: list[Sequence[str]] = []
        self.closed = 0
        self.finished = 0
        self.stall_after = -1
        """Number of the piece after which nothing more comes."""

    async def is_ready(self, model: str = "") -> bool:
        return True

    async def fingerprint(self, model: str) -> str:
        return model

    async def generate(self, call: Call, generation: Generation) -> AsyncGenerator[Piece]:
        self.generations.append(generation)
        try:
            for at, step in enumerate(self.script):
                if at == self.stall_after:
                    await asyncio.Event().wait()
                if isinstance(step, Exception):
                    raise step
                yield step
            self.finished += 1
        finally:
            self.closed += 1

    async def embed(self, call: Call, texts: Sequence[str]) -> Embeddings:
        self.embedded.append(texts)
        return Embeddings([[0.6, 0.8] for _ in texts], tokens=3 * len(texts))


def words(*texts: str, finish: str = "stop", prompt: int = 7) -> list[Any]:
    """Pieces of one token each; the last one ends the answer."""
    last = len(texts) - 1
    return [Piece(text, finish if at == last else "", prompt, 1) for at, text in enumerate(texts)]


class OneKey:
    def authenticate(self, authorization: str | None) -> Tenant:
        if authorization == "Bearer narrow":
            return Tenant("narrow", "narrow", frozenset({"minilm"}))
        if authorization != f"Bearer {KEY}":
            raise UnauthenticatedError("This key is not known.")
        return Tenant("acme", KEY)


@dataclass
class Ledger:
    """Budgets that write down what happens."""

    reserved: list[int] = field(default_factory=list[int])
    settled: list[int] = field(default_factory=list[int])
    refuse: GatewayError | None = None

    async def reserve(self, call: Call, tokens: int) -> "Ledger":
        if self.refuse:
            raise self.refuse
        self.reserved.append(tokens)
        return self

    async def settle(self, tokens: int) -> None:
        self.settled.append(tokens)


class WordGuards:
    """Chain of guards that goes by words.

    Of prompts: blocks ``forbidden``, masks ``secret``. Of answers: masks ``hush``, ends them at
    ``poison``.
    """

    async def prompt(self, call: Call, messages: Sequence[Message]) -> Sequence[Message]:
        if any("forbidden" in each.content for each in messages):
            raise BlockedError("A guard refuses this prompt.")
        return [Message(m.role, m.content.replace("secret", "***"), m.extra) for m in messages]

    def output(self, call: Call) -> "WordGuards":
        return self

    def feed(self, text: str) -> str:
        if "poison" in text:
            raise BlockedError("A guard ended this answer.", code="poisoned")
        return text.replace("hush", "****")

    def end(self) -> str:
        return ""


@dataclass
class Shelf:
    """A cache of one answer, if any."""

    kept: Answer | None = None
    questions: list[Question] = field(default_factory=list[Question])
    put: list[Answer] = field(default_factory=list[Answer])
    released: int = 0

    async def find(self, call: Call, question: Question) -> Answer | None:
        self.questions.append(question)
        call.notes["cache"] = "hit" if self.kept else "miss"
        return self.kept

    async def keep(self, call: Call, question: Question, answer: Answer) -> None:
        self.put.append(answer)

    def release(self, call: Call, *, failed: bool = False) -> None:
        self.released += 1


@dataclass
class Notebook:
    """Telemetry that writes down what happens."""

    begun: list[Call] = field(default_factory=list[Call])
    refusals: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    pieces: list[Piece] = field(default_factory=list[Piece])
    waits: int = 0
    ends: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])

    def begin(self, call: Call) -> "Notebook":
        self.begun.append(call)
        return self

    def refused(
        self, *, request_id: str, route: str, status: int, code: str, tenant: str = ""
    ) -> None:
        self.refusals.append((route, status, code))

    def watch_queue(
        self, model: str, *, waiting: Callable[[], int], busy: Callable[[], int]
    ) -> None:
        return None

    def asked(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        *,
        stream: bool = False,
    ) -> None:
        return None

    def queued(self, seconds: float) -> None:
        self.waits += 1

    def piece(self, piece: Piece) -> None:
        self.pieces.append(piece)

    def end(self, *, status: int, code: str = "", finish_reason: str = "") -> None:
        self.ends.append((status, code, finish_reason))


@dataclass
class Bench:
    """The parts, and an application with the routes on it."""

    upstream: ScriptedUpstream = field(default_factory=ScriptedUpstream)
    keys: OneKey = field(default_factory=OneKey)
    budgets: Ledger = field(default_factory=Ledger)
    guards: WordGuards = field(default_factory=WordGuards)
    cache: Shelf = field(default_factory=Shelf)
    telemetry: Notebook = field(default_factory=Notebook)
    catalogue: Catalogue = CATALOGUE
    admission: QueueAdmission = field(
        default_factory=lambda: QueueAdmission(AdmissionSettings(slots=1, queue=0), Drain())
    )
    limits: Limits = field(default_factory=lambda: Limits(body_bytes=100_000))

    def app(self) -> Starlette:
        """An application with the routes."""
        app = Starlette()
        register(app, self, self.limits)
        return app

    def ask(self, path: str, body: Any = None, **how: Any) -> "Reply":
        """One request, to its end."""
        return asyncio.run(send(self.app(), path, body, **how))

    def chat(self, *texts: str, **parameters: Any) -> "Reply":
        """One question, to its end."""
        messages = [{"role": "user", "content": text} for text in texts or ("Hi",)]
        return self.ask(
            "/v1/chat/completions", {"model": "smollm2", "messages": messages, **parameters}
        )

    def taken(self) -> int:
        """Slots of the chat model that are held."""
        return self.admission.gate("smollm2").active


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    writes: list[bytes]

    @property
    def body(self) -> bytes:
        return b"".join(self.writes)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def events(self) -> list[Any]:
        """The data of all events; the last may be the text [DONE]."""
        found: list[Any] = []
        for line in self.body.decode().split("\n\n")[:-1]:
            data = line.removeprefix("data: ")
            found.append(data if data == "[DONE]" else json.loads(data))
        return found

    @property
    def streamed(self) -> str:
        """The text of all chunks."""
        chunks = [event["choices"] for event in self.events if event != "[DONE]"]
        return "".join(
            choice["delta"].get("content") or "" for choices in chunks for choice in choices
        )


async def send(
    app: Any,
    path: str,
    body: Any = None,
    *,
    method: str = "",
    key: str = KEY,
    headers: Mapping[str, str] | None = None,
    leave_after: int = -1,
) -> Reply:
    """One request; the client leaves after so many writes of the body, if that is not negative."""
    content = (
        b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    )
    pairs = {"authorization": f"Bearer {key}", **(headers or {})}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method or ("GET" if body is None else "POST"),
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
        "state": {"request_id": "req-1"},
    }
    left = asyncio.Event()
    if leave_after == 0:
        left.set()
    incoming = [{"type": "http.request", "body": content, "more_body": False}]
    reply = Reply(0, {}, [])

    async def receive() -> Any:
        if incoming:
            return incoming.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def write(message: Any) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        if message["body"]:
            reply.writes.append(message["body"])
        if len(reply.writes) == leave_after:
            left.set()

    await app(scope, receive, write)
    return reply
