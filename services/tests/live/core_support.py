"""What the tests of the Open Inference Protocol share: models, requests over REST."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

import lab

CHAT = {
    "name": "smollm2",
    "kind": "chat",
    "context_tokens": 2048,
    "max_output_tokens": 1024,
    "template": "smollm2",
}
MODELS = [
    CHAT,
    {"name": "minilm", "kind": "embedding", "context_tokens": 256},
    {"name": "numbers", "triton": "synthetic", "kind": "tensor"},
    {"name": "absent", "kind": "tensor"},
]
VALUE = {"name": "value", "datatype": "FP32", "shape": [1, 1], "data": [1.5]}
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(server: lab.Gateway, path: str, body: bytes | None = None, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET" if body is None else "POST", path, body, named)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


def post(server: lab.Gateway, path: str, body: Any) -> Answer:
    return ask(server, path, json.dumps(body).encode())
