"""`llmp chat`: one question, or a conversation, with a model behind the gateway."""

import sys
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TextIO

from rich.console import Console

from infra.cli.http_api import Refusal, Server, pieces
from infra.cli.sse import DONE, ChatDelta, EventReader, StreamError, parse_chunk
from llm_platform.problems import InvalidInputsError, Problem
from local.errors import LocalCloudError

SILENCE_SECONDS = 180.0
"""Longest time without a byte: a queue and a long prompt come before the first token."""
FAILED = 1
WRONG_INPUT = 2
STOPPED = 130
LEAVE = {"/quit", "/exit"}
HELP = "Ctrl-C stops an answer, Ctrl-D or /quit ends, /new forgets what was said."


@dataclass(frozen=True)
class Settings:
    """How answers are asked for; None leaves it to the server."""

    model: str
    system: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    stats: bool = False

    def body(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        """The request for the next turn after `messages`."""
        first = [{"role": "system", "content": self.system}] if self.system else []
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [*first, *messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self.max_tokens is not None:
            body["max_tokens"] = self.max_tokens
        if self.temperature is not None:
            body["temperature"] = self.temperature
        return body


@dataclass
class Answer:
    """An answer while it comes.

    Attributes:
        text: What has come so far.
        finish_reason: Why it ended; empty while it goes on, and when it was stopped here.
        prompt_tokens: Tokens of the prompt; 0 when the server does not say.
        completion_tokens: Tokens of the answer; 0 when the server does not say.
        first_seconds: From the request to the first text; None before it.
        last_seconds: From the request to the last text.
    """

    text: str = ""
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_seconds: float | None = None
    last_seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def take(self, delta: ChatDelta) -> None:
        """Add what a chunk says."""
        if delta.text:
            self.last_seconds = time.monotonic() - self.began
            if self.first_seconds is None:
                self.first_seconds = self.last_seconds
        self.text += delta.text
        self.finish_reason = delta.finish_reason or self.finish_reason
        self.prompt_tokens = delta.prompt_tokens or self.prompt_tokens
        self.completion_tokens = delta.completion_tokens or self.completion_tokens

    def statistics(self) -> str:
        """Time to first token, tokens a second after it, and tokens, in words."""
        if self.first_seconds is None:
            return "no text came"
        words = [f"first token after {self.first_seconds:.2f} s"]
        rest = self.last_seconds - self.first_seconds
        if self.completion_tokens > 1 and rest > 0:
            words.append(f"{(self.completion_tokens - 1) / rest:.1f} tokens/s")
        if self.completion_tokens:
            words.append(f"{self.prompt_tokens} tokens in, {self.completion_tokens} out")
        return ", ".join([*words, f"{self.last_seconds:.2f} s in all"])


def chat(server: Server, settings: Settings, prompt: str | None) -> int:
    """Answer a prompt, or begin a conversation; returns the exit code.

    Args:
        server: Where the gateway is.
        settings: How answers are asked for.
        prompt: The question; None: from standard input, a conversation when that is a terminal.

    Raises:
        InvalidInputsError: There is nothing to ask.
        LocalCloudError: The server cannot be reached.
    """
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    server.check()
    if prompt is None and sys.stdin.isatty():
        return _conversation(server, settings, told)
    text = _read(sys.stdin) if prompt in {None, "-"} else prompt or ""
    if not text.strip():
        problem = Problem("PROMPT", "it is empty", "a text, or one on standard input")
        raise InvalidInputsError("llmp chat", [problem])
    code, _ = _turn(server, settings, [{"role": "user", "content": text}], told)
    return code


def deltas(server: Server, body: dict[str, Any]) -> Generator[ChatDelta]:
    """The chunks of an answer, each as soon as it comes; closing it gives the answer up.

    Raises:
        Refusal: The server refuses.
        StreamError: The answer failed after it had begun, or broke off.
        LocalCloudError: The server cannot be reached.
    """
    reader = EventReader()
    with server.asked("POST", "/v1/chat/completions", body, SILENCE_SECONDS) as response:
        for piece in pieces(response):
            for event in reader.feed(piece):
                if event.strip() == DONE:
                    return
                yield parse_chunk(event)
    raise StreamError("the answer broke off: the server closed the connection before its end")


def printable(text: str) -> str:
    """`text` without control characters, by which a model could steer the terminal."""
    return "".join(each for each in text if each.isprintable() or each in "\n\t")


def _conversation(server: Server, settings: Settings, told: Console) -> int:
    told.print(f"{settings.model} at {server.url}. {HELP}", markup=False)
    said: list[dict[str, str]] = []
    while True:
        try:
            line = input("> ").strip()
        except EOFError:
            told.print()
            return 0
        except KeyboardInterrupt:
            told.print("\nCtrl-D or /quit ends.", style="dim")
            continue
        if line in LEAVE:
            return 0
        if line == "/new":
            said = []
        elif line:
            turn = [*said, {"role": "user", "content": line}]
            try:
                _, answer = _turn(server, settings, turn, told)
            except LocalCloudError as error:
                told.print(str(error), style="red", markup=False)
                continue
            if answer:
                said = [*turn, {"role": "assistant", "content": answer}]


def _turn(
    server: Server, settings: Settings, messages: list[dict[str, str]], told: Console
) -> tuple[int, str]:
    """Ask once and print the answer; returns the exit code and what was answered."""
    answer = Answer()
    plain = printable if sys.stdout.isatty() else str
    code, wrong = 0, None
    try:
        with closing(deltas(server, settings.body(messages))) as stream:
            for delta in stream:
                answer.take(delta)
                sys.stdout.write(plain(delta.text))
                sys.stdout.flush()
    except KeyboardInterrupt:
        code = STOPPED
    except (Refusal, StreamError) as error:
        wrong = error
    if answer.text and not answer.text.endswith("\n"):
        sys.stdout.write("\n")
        sys.stdout.flush()
    if code == STOPPED:
        told.print("stopped", style="yellow")
    if wrong is not None:
        code = _explain(wrong, told)
    if answer.finish_reason == "length":
        told.print(f"cut off after {answer.completion_tokens or 'the allowed'} tokens", style="dim")
    if settings.stats:
        told.print(answer.statistics(), style="dim")
    return code, answer.text


def _explain(error: Refusal | StreamError, told: Console) -> int:
    """Say why there is no answer, or no whole one; returns the exit code."""
    told.print(str(error), style="red", markup=False)
    if isinstance(error, StreamError):
        return FAILED
    if error.status == 401:
        told.print("Give a key by --key or LLMP_API_KEY.", markup=False)
    if error.retry_after:
        told.print(f"Try again in {error.retry_after} s.", markup=False)
    return WRONG_INPUT if 400 <= error.status < 500 and error.status != 429 else FAILED


def _read(stream: TextIO) -> str:
    try:
        return stream.read()
    except UnicodeDecodeError:
        problem = Problem("PROMPT", "standard input is no text", "UTF-8")
        raise InvalidInputsError("llmp chat", [problem]) from None
