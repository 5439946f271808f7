"""The suite against real small servers: one that keeps every rule, and each way to break one."""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conformance.words import REQUIREMENTS

SERVER = Path(__file__).with_name("model_server.py")
DRAIN = {"drain-stream", "drain-ready", "drain-new", "drain-exit"}
BROKEN = [
    ("ready-early", {"ready-when-loaded"}, "the request right after: 503"),
    ("no-usage", {"answer"}, "usage.prompt_tokens is no whole number"),
    ("held-back", {"stream"}, "the answer is held back"),
    ("no-end", {"stream", "load", "drain-stream"}, "ends without data: [DONE]"),
    ("keeps-slots", {"client-gone", "load", "bad-input"}, "8 clients left; the next one: 503"),
    ("breaks-under-load", {"load"}, "500"),
    ("no-metrics", {"metrics"}, "404"),
    ("metrics-no-text", {"metrics"}, "line 1 is no sample: 'answers: many'"),
    ("metrics-still", {"metrics-count"}, "no counter has grown"),
    ("bad-json-500", {"bad-input"}, "JSON broken off: 500"),
    ("bad-json-breaks-off", {"bad-input"}, "JSON broken off: no answer"),
    ("any-model", {"bad-input"}, "unknown model: 200"),
    ("says-nothing", {"bad-input-told"}, "JSON broken off: 400 {}"),
    ("drops-streams", {"drain-stream"}, "broken off"),
    ("ready-to-the-end", {"drain-ready"}, "answered 200 to all"),
    ("new-500", {"drain-new"}, "500"),
    ("never-ends", {"drain-exit"}, "it still runs"),
    ("ends-by-1", {"drain-exit"}, "exit code 1"),
]
"""Flaw of the server, requirements that are not met because of it, what the report says."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def examine(flaw: str, *options: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, findings by requirement, and the error output."""
    port = str(free_port())
    usual = (f"http://127.0.0.1:{port}", "--json", "--tokens", "60")
    done = suite(*usual, *options, "--", sys.executable, SERVER, port, flaw)
    findings: list[Any] = json.loads(done.stdout)["findings"] if done.stdout else []
    return done.returncode, {each["requirement"]: each for each in findings}, done.stderr


def suite(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conformance", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def unmet(findings: dict[str, Any]) -> set[str]:
    return {name for name, each in findings.items() if each["verdict"] == "not met"}


def quick(flaw: str) -> Sequence[str]:
    """Options with which a flaw shows soon."""
    return {
        "metrics-still": ("--metrics-seconds", "1"),
        "keeps-slots": ("--seconds", "2"),
        "never-ends": ("--grace-seconds", "4"),
        "held-back": ("--tokens", "20"),
        "breaks-under-load": ("--tokens", "20", "--parallel", "12", "--without", "client-gone"),
    }.get(flaw, ())


def test_a_good_server_meets_everything() -> None:
    code, findings, errors = examine("")

    assert (code, errors) == (0, "")
    assert list(findings) == list(REQUIREMENTS)
    assert {each["verdict"] for each in findings.values()} == {"met"}


@pytest.mark.parametrize(("flaw", "expected", "told"), BROKEN, ids=[each[0] for each in BROKEN])
def test_each_flaw_is_found_and_nothing_else(flaw: str, expected: set[str], told: str) -> None:
    code, findings, _ = examine(flaw, *quick(flaw))

    assert code == 1
    assert unmet(findings) == expected
    assert any(told in findings[name]["detail"] for name in expected), findings


def test_a_server_that_does_not_get_ready() -> None:
    code, findings, _ = examine("never-ready", "--start-seconds", "1")

    assert code == 1
    assert "not ready after 1 s; GET /readyz: 503" in findings["start"]["detail"]
    assert {each["verdict"] for name, each in findings.items() if name != "start"} == {"not run"}


def test_a_server_that_ends_at_its_start() -> None:
    code, findings, _ = examine("dies-at-start")

    assert code == 1
    assert findings["start"]["detail"].startswith("it ended")
    assert "no such weights" in findings["start"]["detail"]


def test_a_server_that_bad_input_kills() -> None:
    code, findings, _ = examine("dies-of-depth")

    assert code == 1
    assert "bad-input" in unmet(findings)
    assert "nested too deep: no answer" in findings["bad-input"]["detail"]


def test_what_is_not_looked_at_is_said() -> None:
    port = str(free_port())
    with subprocess.Popen([sys.executable, str(SERVER), port]) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            whole = ("--model", "words", "--surface", "openai")
            started = suite(url, "--start-seconds", "5", *whole, "--without", "ready-when-loaded")
            pid = suite(url, "--pid", str(server.pid), "--json")
        finally:
            server.terminate()

    assert started.returncode in (1, 3)
    assert "NOT RUN: drain-stream, drain-ready, drain-new, drain-exit" in started.stdout
    assert "ready-when-loaded  left out by --without" in started.stdout
    assert pid.returncode == 0, pid.stdout
    assert server.returncode == 0


def test_a_server_that_lists_no_model() -> None:
    code, findings, errors = examine("names-no-model", "--start-seconds", "2")
    assert (code, findings) == (2, {})
    assert "name one by --model" in errors

    code, findings, _ = examine("names-no-model", "--surface", "openai", "--model", "words")
    assert code == 1
    assert unmet(findings) == {"model"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("localhost:80",), "is no address of a server"),
        (("http://127.0.0.1:9",), "lists a model"),
        (("http://127.0.0.1:9", "--without", "all,load"), "--without: all; allowed: start, live"),
        (("http://127.0.0.1:9", "--", "/no/such/program"), "/no/such/program"),
    ],
)
def test_what_cannot_be_examined_is_one_line(words: Sequence[str], told: str) -> None:
    done = suite(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
