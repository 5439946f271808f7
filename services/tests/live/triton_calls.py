"""Calls of Triton over HTTP, as any client would make them."""

import http.client
import json
import re
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

SECONDS = 120


def post(address: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a POST."""
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    try:
        connection.request("POST", path, body if isinstance(body, bytes) else json.dumps(body))
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content else {}
    finally:
        connection.close()


def generate(
    address: str, prompt: str, *, returned: tuple[str, ...] = (), **sampling: Any
) -> tuple[int, dict[str, Any]]:
    """Ask the language model for a whole answer without its prompt."""
    return post(address, "/v2/models/smollm2/generate", request(prompt, returned, sampling))


def request(
    prompt: str, returned: tuple[str, ...], sampling: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """The body of a request to the language model."""
    return {
        "text_input": prompt,
        "exclude_input_in_output": True,
        "sampling_parameters": json.dumps(sampling),
        **{f"return_{name}": True for name in returned},
        **more,
    }


@contextmanager
def stream(
    address: str, prompt: str, *, returned: tuple[str, ...] = (), **sampling: Any
) -> Generator[tuple[int, Generator[dict[str, Any]]]]:
    """Ask for an answer piece by piece: status and pieces. Leaving the block hangs up."""
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    body = json.dumps(request(prompt, returned, sampling, stream=True))
    connection.request("POST", "/v2/models/smollm2/generate_stream", body)
    response = connection.getresponse()
    try:
        yield response.status, _events(response)
    finally:
        response.close()
        connection.close()


def _events(response: http.client.HTTPResponse) -> Generator[dict[str, Any]]:
    for line in response:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def infer(
    address: str, model: str, inputs: Mapping[str, tuple[str, list[int], list[Any]]]
) -> tuple[int, dict[str, Any]]:
    """Status and outputs of an inference; inputs are type, shape and flat data by name."""
    body = {
        "inputs": [
            {"name": name, "datatype": kind, "shape": shape, "data": data}
            for name, (kind, shape, data) in inputs.items()
        ]
    }
    status, answer = post(address, f"/v2/models/{model}/infer", body)
    if status != 200:
        return status, answer
    return status, {each["name"]: each for each in answer["outputs"]}


def infer_texts(address: str, model: str, *texts: str) -> dict[str, Any]:
    """Outputs of a model that takes texts."""
    status, outputs = infer(address, model, {"text": ("BYTES", [len(texts), 1], list(texts))})
    assert status == 200, outputs
    return outputs


def counters(address: str, model: str) -> dict[str, float]:
    """Metrics of a model without other labels, by name."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=SECONDS) as response:
        text = response.read().decode()
    pattern = rf'^(\w+){{model="{model}",version="\d+"}} ([\d.e+]+)$'
    return {name: float(value) for name, value in re.findall(pattern, text, re.MULTILINE)}


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: It does not.
    """
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not after {seconds} s"
        time.sleep(0.05)
