"""``serve.json``: what is served, written last, so that a half-started server has none."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from local.cluster.processes import write_private
from local.serving.order import ServePorts

SERVE_FILE = "serve.json"
KEY_FILE = "api-key"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Serving:
    """A server as it is written down; whether it runs, its keeper says.

    Attributes:
        folder: Its folder: settings, keys, logs.
        boot_id: The machine's start during which it was started.
        started: When, ISO 8601.
        repository: Model repository.
        models: Models that were loaded at the start.
        chat_model: Name under which the gateway offers the one that chats; empty for none.
        ports: Its ports.
    """

    folder: Path
    boot_id: str
    started: str
    repository: Path
    models: Sequence[str]
    chat_model: str
    ports: ServePorts

    @property
    def url(self) -> str:
        """Address of the gateway."""
        return f"http://{LOOPBACK}:{self.ports.http}"

    @property
    def grpc(self) -> str:
        """Address of the gateway's gRPC, without scheme."""
        return f"{LOOPBACK}:{self.ports.grpc}"

    @property
    def triton_url(self) -> str:
        """Address of Triton."""
        return f"http://{LOOPBACK}:{self.ports.triton_http}"

    @property
    def key_file(self) -> Path:
        """The file with the API key that was made for this machine's user."""
        return self.folder / KEY_FILE

    def key(self) -> str:
        """The API key; empty when its file is gone."""
        try:
            return self.key_file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def write(self) -> None:
        """Write ``serve.json`` into the folder."""
        content = asdict(self)
        del content["folder"]
        content["repository"] = str(self.repository)
        content["models"] = list(self.models)
        write_private(self.folder / SERVE_FILE, json.dumps(content, indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read ``serve.json``; None when there is none or it cannot be understood."""
        try:
            data: dict[str, Any] = json.loads((folder / SERVE_FILE).read_text(encoding="utf-8"))
            return cls(
                folder=folder,
                boot_id=data["boot_id"],
                started=data["started"],
                repository=Path(data["repository"]),
                models=tuple(data["models"]),
                chat_model=data["chat_model"],
                ports=ServePorts(**data["ports"]),
            )
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return None
