"""A language model in this process: room for so many answers, pieces as they are made."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from serving.engine import Chunk, Engine, EngineSettings
from serving.sampling import Limits, RequestError, check_prompt, read_sampling
from serving.weights import load_weights

NAME = "smollm2"
SLOTS = 8
WAITING = 24
"""Requests that wait for a slot; more are refused."""
LIMITS = Limits(context_tokens=2048, max_tokens=512, prompt_bytes=65_536)


class BusyError(Exception):
    """There is no room, or the server is ending; the message says which."""


class Chat:
    """The model, and who is inside.

    Attributes:
        running: Requests that are being answered or wait.
        draining: Whether no new request is let in.
    """

    def __init__(self, version: Path) -> None:
        """Check the weights, size and SHA-256 too, and load them.

        Args:
            version: Folder of a model's version, with its manifest of weights.
        """
        settings = EngineSettings(slots=SLOTS, context_tokens=LIMITS.context_tokens, threads=1)
        self._engine = Engine(load_weights(version, "model")["model"], settings)
        self._workers = ThreadPoolExecutor(SLOTS + WAITING, thread_name_prefix="answer")
        self.running = 0
        self.draining = False

    def enter(self) -> None:
        """Take room, until `leave`.

        Raises:
            BusyError: There is none.
        """
        if self.draining:
            message = "the server is ending"
            raise BusyError(message)
        if self.running >= SLOTS + WAITING:
            message = f"{self.running} requests are in work or wait"
            raise BusyError(message)
        self.running += 1

    def leave(self) -> None:
        """Give room back."""
        self.running -= 1

    async def drain(self) -> None:
        """Let nobody in any more; returns when the last answer is out."""
        self.draining = True
        while self.running:
            await asyncio.sleep(0.05)

    async def pieces(self, prompt: str, sampling: bytes) -> AsyncGenerator[Chunk]:
        """Answer a prompt piece by piece; whoever stops listening ends the work.

        Args:
            prompt: As the model reads it.
            sampling: JSON, by vLLM's names.

        Raises:
            RequestError: It cannot be answered as it is.
        """
        try:
            text = check_prompt(prompt.encode(), LIMITS)
        except UnicodeEncodeError:
            message = "a message holds half of a surrogate pair"
            raise RequestError(message) from None
        drawn = read_sampling(sampling, LIMITS)
        loop = asyncio.get_running_loop()
        made: asyncio.Queue[Chunk | None] = asyncio.Queue()
        gone = False

        def take(chunk: Chunk | None) -> bool:
            if chunk is not None:
                loop.call_soon_threadsafe(made.put_nowait, chunk)
            return gone or (chunk is not None and bool(chunk.finish_reason))

        def work() -> None:
            try:
                self._engine.generate(text, drawn, take)
            finally:
                loop.call_soon_threadsafe(made.put_nowait, None)

        answer = loop.run_in_executor(self._workers, work)
        try:
            while (chunk := await made.get()) is not None:
                yield chunk
            await answer
        finally:
            gone = True
