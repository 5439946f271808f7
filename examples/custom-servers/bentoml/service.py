"""SmolLM2 behind BentoML: its server, its probes, its metrics; our application mounted in it.

BENTOML_DO_NOT_TRACK=True bentoml serve service:SmolLm2 --port 3000
"""

import asyncio
import os
import signal
from pathlib import Path
from types import FrameType

import bentoml
from chat_app.app import build
from chat_app.chat import Chat

VERSION = Path(os.environ.get("MODEL_VERSION", "/models/smollm2/1"))
"""Folder of the model's version."""

_loaded: list[Chat] = []


@bentoml.service(name="smollm2", traffic={"timeout": 600})
@bentoml.asgi_app(build(lambda: _loaded[0] if _loaded else None, metrics=False))
class SmolLm2:
    """One model, one worker."""

    def __init__(self) -> None:
        self._chat = Chat(VERSION)
        _loaded.append(self._chat)

    @bentoml.on_startup
    async def end_politely(self) -> None:
        """Put a drain before the server's own end.

        BentoML's supervisor keeps the port open while a worker ends, so that who comes then waits
        until the connection breaks. The worker therefore goes on to answer, by 503, until the last
        stream is out, and only then hears of SIGTERM.
        """
        loop = asyncio.get_running_loop()
        own = signal.getsignal(signal.SIGTERM)

        async def drain() -> None:
            await self._chat.drain()
            if callable(own):
                own(signal.SIGTERM, None)

        def on_signal(number: int, frame: FrameType | None) -> None:
            del number, frame
            loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(drain())))

        tasks: list[asyncio.Task[None]] = []
        signal.signal(signal.SIGTERM, on_signal)

    async def __is_ready__(self) -> bool:
        """What BentoML's readiness says."""
        return not self._chat.draining
