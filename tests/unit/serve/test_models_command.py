"""`llmp models` and which server a command means, without a Triton."""

import http.server
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from infra.cli import servers
from infra.cli.http_api import Server
from infra.cli.main import main
from local.errors import LocalCloudError

INDEX = [
    {"name": "b", "version": "1", "state": "UNAVAILABLE", "reason": "[oom] no room"},
    {"name": "a", "version": "1", "state": "READY", "reason": None},
    {"name": "c"},
]


@contextmanager
def answering(**answers: tuple[int, Any]) -> Generator[tuple[str, list[str]]]:
    """A server with an answer for each last word of a path; what it was asked for, it says."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked.append(f"{self.path} {self.rfile.read(length).decode()}".strip())
            status, body = answers.get(self.path.rpartition("/")[2], (404, {"error": "no such"}))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        do_GET = do_POST  # noqa: N815 - names of the base class

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name
            del format, args

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def llmp(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMP_STATE", str(tmp_path))
    monkeypatch.delenv("LLMP_API_KEY", raising=False)


def test_models_are_listed_with_the_reason() -> None:
    with answering(index=(200, INDEX)) as (url, _):
        shown = [line.split() for line in llmp("models", "ls", "--url", url).stdout.splitlines()]
        as_json = llmp("models", "ls", "--json", "--url", url)
    assert shown == [
        ["model", "version", "state", "reason"],
        ["a", "1", "ready"],
        ["b", "1", "unavailable", "[oom]", "no", "room"],
        ["c", "not", "loaded"],
    ]
    assert [each["name"] for each in json.loads(as_json.stdout)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, b"<html>"), "does not list its models: 404 Not Found"),
        ((200, b"<html>"), "no server of this kind"),
        ((200, {"a": 1}), "is no Triton"),
        ((200, [7]), "is no Triton"),
    ],
)
def test_what_answers_is_no_triton(answer: tuple[int, Any], words: str) -> None:
    with answering(index=answer) as (url, _):
        told = llmp("models", "ls", "--url", url)
    assert (told.exit_code, told.stdout) == (1, "")
    assert words in told.stderr


def test_every_model_is_tried_and_the_exit_code_says_that_one_failed() -> None:
    refused = (400, {"error": "failed to load 'b': no room"})
    with answering(index=(200, INDEX), load=refused) as (url, asked):
        told = llmp("models", "load", "b", "aa", "--url", url)
    assert told.exit_code == 1
    assert told.stderr.splitlines() == [
        "b: failed to load 'b': no room (400)",
        "aa: the repository has no such model; did you mean a?",
    ]
    assert asked == ["/v2/repository/index {}", "/v2/repository/models/b/load {}"]


def test_steps_are_unloaded_on_request_only() -> None:
    with answering(index=(200, INDEX), unload=(200, b"")) as (url, asked):
        assert llmp("models", "unload", "a", "--url", url).stdout == "a: unloaded\n"
        llmp("models", "unload", "a", "--steps", "--url", url)
    bodies = [each.partition(" ")[2] for each in asked if each.startswith("/v2/repository/models")]
    assert [json.loads(each)["parameters"]["unload_dependents"] for each in bodies] == [False, True]


@pytest.mark.parametrize("arguments", [("models", "ls"), ("chat", "hi"), ("models", "load", "x")])
def test_without_a_server_the_next_step_is_told(arguments: tuple[str, ...]) -> None:
    told = llmp(*arguments)
    assert told.exit_code == 1
    assert "make serve" in told.stderr
    assert "Traceback" not in told.stderr


def test_without_a_name_the_first_model_of_a_foreign_server_is_asked() -> None:
    with answering(models=(200, {"data": [{"id": "x"}, {"id": "y"}]})) as (url, _):
        assert servers.chat_model(Server(url)) == "x"
    with answering(models=(200, {"data": 7})) as (url, _), pytest.raises(LocalCloudError):
        servers.chat_model(Server(url))


def test_an_address_may_be_that_of_the_openai_client() -> None:
    assert servers.gateway("http://127.0.0.1:9/v1", "k") == Server("http://127.0.0.1:9", "k")
    assert servers.gateway("http://127.0.0.1:9/", None) == Server("http://127.0.0.1:9", "")


def test_down_goes_alone() -> None:
    told = llmp("serve", "--down", "--port", "1200")
    assert told.exit_code == 2
    assert "--down goes alone" in told.stderr


def test_nothing_to_stop_is_no_failure() -> None:
    told = llmp("serve", "--down")
    assert (told.exit_code, told.stdout) == (0, "No server of this checkout runs.\n")
