"""A small model server that keeps every rule, or breaks the one that it is told to break.

    python model_server.py PORT [FLAW]

It has OpenAI's surface and generates words at a steady pace, in as many slots as it has.
"""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

MODEL = "words"
SLOTS = 8
LOAD_SECONDS = 0.3
WORD_SECONDS = 0.01
BODY_BYTES = 1_000_000
FLAWS = (
    "ready-early",
    "never-ready",
    "dies-at-start",
    "names-no-model",
    "no-usage",
    "held-back",
    "no-end",
    "keeps-slots",
    "breaks-under-load",
    "no-metrics",
    "metrics-no-text",
    "metrics-still",
    "bad-json-500",
    "bad-json-breaks-off",
    "any-model",
    "says-nothing",
    "dies-of-depth",
    "drops-streams",
    "ready-to-the-end",
    "new-500",
    "never-ends",
    "ends-by-1",
)
SLOW = ("held-back", "breaks-under-load")
"""Flaws that show only in answers that take a while."""


class RefusedError(Exception):
    """A request that is answered by a status and a word."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Model:
    """The state of the server.

    Attributes:
        flaw: The rule that it breaks; empty for none.
        loaded: Whether the model is loaded.
        ending: Whether SIGTERM came.
        running: Requests that are being answered.
        answered: Requests answered so far.
    """

    def __init__(self, flaw: str) -> None:
        self.flaw = flaw
        self.loaded = threading.Event()
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.running = 0
        self.answered = 0

    def load(self) -> None:
        """Take the time that loading takes."""
        if self.flaw == "dies-at-start":
            sys.stderr.write("no such weights\n")
            sys.stderr.flush()
            signal.raise_signal(signal.SIGKILL)
        time.sleep(LOAD_SECONDS)
        if self.flaw != "never-ready":
            self.loaded.set()

    def enter(self) -> None:
        """Take a slot.

        Raises:
            RefusedError: There is none.
        """
        with self.lock:
            if not self.loaded.is_set() or self.ending.is_set():
                raise RefusedError(500 if self.flaw == "new-500" else 503, "not ready")
            if self.running >= SLOTS:
                raise RefusedError(
                    500 if self.flaw == "breaks-under-load" else 503, "no slot is free"
                )
            self.running += 1

    def leave(self) -> None:
        """Give the slot back."""
        with self.lock:
            self.running -= 1
            self.answered += 1


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    model: Model

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""

    def do_GET(self) -> None:
        model = self.model
        ready = model.loaded.is_set() or model.flaw == "ready-early"
        if model.ending.is_set() and model.flaw != "ready-to-the-end":
            ready = False
        pages: dict[str, Callable[[], None]] = {
            "/livez": lambda: self.tell(200, {"live": True}),
            "/readyz": lambda: self.tell(200 if ready else 503, {"ready": ready}),
            "/v1/models": self.models,
            "/metrics": self.metrics,
        }
        pages.get(self.path, lambda: self.tell(404, {"error": "no such path"}))()

    def models(self) -> None:
        rows = [] if self.model.flaw == "names-no-model" else [{"id": MODEL}]
        self.tell(200, {"object": "list", "data": rows})

    def metrics(self) -> None:
        flaw = self.model.flaw
        if flaw == "no-metrics":
            self.tell(404, {"error": "no such path"})
            return
        count = 7 if flaw == "metrics-still" else self.model.answered
        text = f'# TYPE words_answers_total counter\nwords_answers_total{{model="a"}} {count}\n'
        text += f"process_cpu_seconds_total {time.process_time()}\n"
        if flaw == "metrics-no-text":
            text = "answers: many\n"
        self.send(200, text.encode(), "text/plain; version=0.0.4")

    def do_PUT(self) -> None:
        self.close_connection = True
        self.tell(405, {"error": "allowed: POST"})

    def do_POST(self) -> None:
        try:
            asked = self.read()
            self.model.enter()
        except RefusedError as refused:
            if refused.status == 0:
                self.close_connection = True
                return
            said = {} if self.model.flaw == "says-nothing" else {"error": str(refused)}
            self.tell(refused.status, said)
            return
        try:
            (self.pieces if asked["stream"] else self.whole)(asked["max_tokens"])
        except OSError:  # the client has gone
            self.close_connection = True
            if self.model.flaw == "keeps-slots":
                return
        self.model.leave()

    def read(self) -> dict[str, Any]:
        """The body of a request, checked."""
        length = int(self.headers.get("Content-Length", 0))
        if length > BODY_BYTES:
            self.close_connection = True
            raise RefusedError(413, "the body is too large")
        body = self.rfile.read(length)
        flaw = self.model.flaw
        if flaw == "dies-of-depth" and body.startswith(b"[["):
            signal.raise_signal(signal.SIGKILL)
        try:
            read: Any = json.loads(body)
        except (ValueError, RecursionError):
            status = {"bad-json-500": 500, "bad-json-breaks-off": 0}.get(flaw, 400)
            raise RefusedError(status, "the body is no JSON") from None
        if self.path != "/v1/chat/completions":
            raise RefusedError(404, "no such path")
        if not isinstance(read, dict):
            raise RefusedError(400, "the body is no object")
        asked = {"stream": False, "max_tokens": 16, **cast("dict[str, Any]", read)}
        self.check(asked)
        return asked

    def check(self, asked: dict[str, Any]) -> None:
        messages: Any = asked.get("messages")
        good = isinstance(messages, list) and messages != []
        for each in cast("list[Any]", messages) if good else []:
            if not isinstance(each, dict):
                raise RefusedError(400, "messages: must be objects")
            message = cast("dict[str, Any]", each)
            good = good and message.get("role") in ("user", "system", "assistant")
            good = good and isinstance(message.get("content"), str)
        numbers = (asked["max_tokens"], asked.get("temperature", 0))
        good = good and all(isinstance(each, (int, float)) and each >= 0 for each in numbers)
        if not good or not isinstance(asked["stream"], bool):
            raise RefusedError(
                400, "messages, max_tokens, temperature or stream is not as it must be"
            )
        if asked.get("model") != MODEL and self.model.flaw != "any-model":
            raise RefusedError(404, f"no such model; allowed: {MODEL}")

    def whole(self, tokens: int) -> None:
        time.sleep(tokens * WORD_SECONDS)
        usage = {"prompt_tokens": 3, "completion_tokens": tokens}
        message = {"role": "assistant", "content": "word " * tokens}
        answer = {"choices": [{"message": message, "finish_reason": "length"}]}
        self.tell(200, answer if self.model.flaw == "no-usage" else {**answer, "usage": usage})

    def pieces(self, tokens: int) -> None:
        flaw = self.model.flaw
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        held: list[str] = []
        for number in range(tokens):
            time.sleep(WORD_SECONDS * (8 if flaw in SLOW else 1))
            finish = "length" if number == tokens - 1 else None
            choice = {"delta": {"content": "word "}, "finish_reason": finish}
            held.append(f"data: {json.dumps({'choices': [choice]})}\n\n")
            if flaw != "held-back":
                self.chunk(held.pop())
        for each in held:
            self.chunk(each)
        if flaw != "no-end":
            self.chunk("data: [DONE]\n\n")
        self.chunk("")

    def chunk(self, text: str) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(text), text.encode()))

    def tell(self, status: int, body: Any) -> None:
        self.send(status, json.dumps(body).encode(), "application/json")

    def send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(port: int, flaw: str) -> int:
    """Serve until SIGTERM, and then until the last answer is out."""
    if flaw and flaw not in FLAWS:
        sys.stderr.write(f"no such flaw: {flaw}; allowed: {', '.join(FLAWS)}\n")
        return 2
    model = Model(flaw)
    Handler.model = model
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    # Before the threads, which inherit it: the signal is waited for, not handled in between.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=model.load, daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.sigwait({signal.SIGTERM})
    model.ending.set()
    while flaw != "drops-streams" and (model.running or flaw == "never-ends"):
        time.sleep(0.02)
    return 1 if flaw == "ends-by-1" else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
