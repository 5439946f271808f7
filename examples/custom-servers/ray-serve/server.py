"""SmolLM2 behind Ray Serve: its proxy and its replica; our application as the ingress.

python server.py --port 8000
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

import ray
from chat_app.app import build
from chat_app.chat import Chat
from ray import serve
from starlette.applications import Starlette

VERSION = Path(os.environ.get("MODEL_VERSION", "/models/smollm2/1"))
"""Folder of the model's version."""


@serve.deployment(
    num_replicas=1,
    # The application refuses what has no room, by 503; Ray's own queue would only hide it.
    max_ongoing_requests=100,
    ray_actor_options={"num_cpus": 0},
    graceful_shutdown_timeout_s=60,
)
@serve.ingress()
class SmolLm2:
    """One model, one replica."""

    def __init__(self, version: str) -> None:
        self._chat = Chat(Path(version))

    def __serve_build_asgi_app__(self) -> Starlette:
        """The application; Ray calls this once the model is loaded."""
        return build(lambda: self._chat, metrics=True)

    async def drain(self) -> None:
        """Let nobody in any more; returns when the last answer is out."""
        await self._chat.drain()


def main() -> int:
    """Serve until SIGTERM, and then until the last answer is out.

    Ray's own handler of SIGTERM ends its processes at once, with the streams in them.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    # Ray's own ports obey whoever reaches them: nobody outside this pod may.
    ray.init(num_cpus=1, include_dashboard=False, _node_ip_address="127.0.0.1")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    serve.start(http_options={"host": options.host, "port": options.port})
    handle = serve.run(SmolLm2.bind(str(VERSION)))
    while not ended.wait(1):
        pass
    handle.drain.remote().result()
    serve.shutdown()
    ray.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
