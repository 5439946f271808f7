"""The table of processes, the gateway's settings, and what is printed about a server."""

import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.cli.serve import GATEWAY_DEFAULTS, addresses, lines_to_copy
from llm_platform.problems import InvalidInputsError
from local.cluster.processes import KeeperStatus, Plan, ProcessStatus, State
from local.errors import LocalCloudError
from local.serving import gateway_settings, leftovers
from local.serving.access import is_accepted
from local.serving.order import ports_from
from local.serving.plan import GATEWAY, TRITON, ServePlan
from local.serving.progress import impatient, loaded_words
from local.serving.record import Serving

PORTS = ports_from(18080)
HOLD_LOCK = """
import fcntl, sys, time
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    folder = tmp_path / 'it\'s a "long" name'
    folder.mkdir()
    return Serving(folder, "boot", "now", tmp_path, ("smollm2",), "smollm2", PORTS)


def plan(folder: Path) -> Plan:
    python, cache = Path("/venv/bin/python"), Path("/cache")
    made = ServePlan(
        folder, python, cache, folder / "re po", ("a", "b"), PORTS, folder / "gateway.yaml"
    )
    return made.processes()


def test_triton_starts_first_and_both_come_back(tmp_path: Path) -> None:
    made = plan(tmp_path)
    made.write(tmp_path)
    assert [spec.name for spec in Plan.read(tmp_path).processes] == [TRITON, GATEWAY]
    assert [spec.name for spec in made.processes] == [TRITON, GATEWAY]
    assert {spec.restart.value for spec in made.processes} == {"always"}
    assert [port for spec in made.processes for port in spec.ports] == [
        *(18000, 18001, 18002),
        *(18080, 18081),
    ]


def test_triton_gets_its_ports_and_models_as_the_launcher_reads_them(tmp_path: Path) -> None:
    words = list(plan(tmp_path).processes[0].argv)
    assert words[words.index("--repository") + 1] == str(tmp_path / "re po")
    assert words[words.index("--grpc-port") + 1] == "18001"
    assert words[words.index("--load") + 1 :] == ["a", "b"]


def test_nothing_of_the_callers_environment_reaches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for spec in plan(tmp_path).processes:
        assert set(spec.env) == {"HOME", "PATH", "LANG", "PYTHONUNBUFFERED", "LLMP_CACHE"}


def compose(defaults: dict[str, Any], *models: str) -> dict[str, Any]:
    return gateway_settings.compose(defaults, folder=Path("/state"), models=models, ports=PORTS)


def test_the_gateways_settings_have_this_servers_values() -> None:
    made = compose(
        {
            "listen": {"http_port": 1, "body_bytes": 7, "drain_seconds": 3},
            "keys": {"required": False, "check_seconds": 2},
            "admission": {"slots": 5, "models": {"x": {"slots": 1}, "y": {"slots": 2}}},
        },
        "x",
    )
    assert made["listen"] == {
        "host": "127.0.0.1",
        "http_port": 18080,
        "grpc_port": 18081,
        "body_bytes": 7,
        "drain_seconds": 3,
    }
    assert made["upstream"] == {"grpc": "127.0.0.1:18001", "http": "127.0.0.1:18000"}
    assert made["keys"] == {"required": True, "check_seconds": 2, "file": "/state/keys.json"}
    assert made["budgets"] == {"sqlite_file": "/state/budgets.sqlite"}
    assert made["admission"] == {"slots": 5, "models": {"x": {"slots": 1}}}


def test_only_models_that_are_loaded_are_offered() -> None:
    known = [
        {"name": "talk", "kind": "chat", "triton": "smollm2"},
        {"name": "minilm", "kind": "embedding"},
    ]
    made = compose({"models": known}, "smollm2", "own")
    assert made["models"] == [known[0], {"name": "own", "kind": "tensor"}]
    assert gateway_settings.chat_model(made) == "talk"
    assert gateway_settings.offered({"models": known}) == ["smollm2", "minilm"]
    assert gateway_settings.chat_model(compose({"models": known}, "own")) == ""


def test_models_say_themselves_what_they_are(tmp_path: Path) -> None:
    known = {"models": [{"name": "smollm2", "kind": "chat"}, {"name": "own", "kind": "tensor"}]}
    assert gateway_settings.with_own_entries(known, tmp_path) == known
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "template.jinja").write_text("{{ messages[0].content }}")
    (tmp_path / "own" / "gateway.yaml").write_text("kind: chat\ncontext_tokens: 9\n")
    made = gateway_settings.with_own_entries(known, tmp_path)
    assert made["models"] == [
        {"name": "smollm2", "kind": "chat"},
        {
            "name": "own",
            "kind": "chat",
            "context_tokens": 9,
            "template_text": "{{ messages[0].content }}",
        },
    ]
    (tmp_path / "own" / "gateway.yaml").write_text("kind: chat\ncolour: 9\n")
    with pytest.raises(InvalidInputsError, match=r"own/gateway\.yaml: colour: is not a known key"):
        gateway_settings.with_own_entries(known, tmp_path)


def test_settings_are_written_for_the_owner_only(tmp_path: Path) -> None:
    defaults = gateway_settings.read_defaults(GATEWAY_DEFAULTS)
    made = gateway_settings.compose(defaults, folder=tmp_path, models=["smollm2"], ports=PORTS)
    file = gateway_settings.write(made, tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(file.read_text()) == made
    assert gateway_settings.chat_model(made) == "smollm2"


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", ""])
def test_defaults_that_are_no_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "local.yaml").write_text(text)
    with pytest.raises(LocalCloudError, match=r"local\.yaml"):
        gateway_settings.read_defaults([tmp_path / "local.yaml"])


def test_an_earlier_file_counts_more(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("listen: {host: x}\n")
    (tmp_path / "b").write_text("listen: {host: y}\nmodels: []\n")
    found = gateway_settings.read_defaults([tmp_path / "a", tmp_path / "b"])
    assert found == {"listen": {"host": "x"}, "models": []}


@pytest.mark.parametrize(
    ("record", "accepted"),
    [
        ({"id": "abc"}, True),
        ({"id": "abc", "revoked": None, "expires": None}, True),
        ({"id": "other"}, False),
        ({"id": "abc", "revoked": "2026-01-01T00:00:00Z"}, False),
        ({"id": "abc", "expires": "2026-01-01T00:00:00Z"}, False),
    ],
)
def test_a_key_is_kept_while_the_gateway_accepts_it(
    tmp_path: Path, record: dict[str, Any], accepted: bool
) -> None:
    key, keys = tmp_path / "api-key", tmp_path / "keys.json"
    assert not is_accepted(key, keys)
    key.write_text("llmp_abc_secret\n")
    assert not is_accepted(key, keys)
    keys.write_text(json.dumps({"version": 1, "keys": [record]}))
    assert is_accepted(key, keys) is accepted
    keys.write_text("broken")
    assert not is_accepted(key, keys)


def test_a_record_is_read_as_it_was_written(serving: Serving) -> None:
    assert Serving.read(serving.folder) is None
    serving.write()
    assert Serving.read(serving.folder) == serving
    assert serving.key() == ""
    serving.key_file.write_text("llmp_a_b\n")
    assert serving.key() == "llmp_a_b"


def test_lines_to_copy_survive_a_shell(serving: Serving) -> None:
    serving.key_file.write_text("llmp_a_b\n")
    chat, curl, client = lines_to_copy(serving, "/o'dd/llmp", "/usr/bin/python3")
    assert shlex.split(chat) == ["/o'dd/llmp", "chat", "Why is the sky blue?"]
    said = subprocess.run(
        ["bash", "-c", "curl() { printf '%s\\n' \"$@\"; }\n" + curl],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert said[:4] == [
        "-N",
        "http://127.0.0.1:18080/v1/chat/completions",
        "-H",
        "Authorization: Bearer llmp_a_b",
    ]
    assert json.loads(said[-1])["model"] == "smollm2"
    script = shlex.split(client)[2]
    compile(script, "line", "exec")
    assert json.dumps(str(serving.key_file)) in script


def test_without_a_model_that_chats_there_is_nothing_to_copy(serving: Serving) -> None:
    assert lines_to_copy(replace(serving, chat_model=""), "llmp", "python") == []


def test_the_key_itself_is_never_shown(serving: Serving) -> None:
    serving.key_file.write_text("llmp_a_b\n")
    shown = [*addresses(serving).values(), *lines_to_copy(serving, "llmp", "python")]
    assert not any("llmp_a_b" in each for each in shown)
    assert str(serving.key_file) in shown


def test_a_process_that_ended_once_is_not_waited_for() -> None:
    ended = ProcessStatus(0, State.WAITING, 1, "ended with exit code 1")
    again = ProcessStatus(7, State.RUNNING, 1, "ended with exit code 1")
    fine = ProcessStatus(8, State.RUNNING)
    judged = impatient(KeeperStatus(1, {"a": ended, "b": again, "c": fine}))
    assert [each.state for each in judged.processes.values()] == [
        State.FAILED,
        State.FAILED,
        State.RUNNING,
    ]


def test_words_on_the_models() -> None:
    log = "x\nI1 model.cc:1] \"successfully loaded 'a'\"\nsuccessfully loaded 'step'\n"
    assert loaded_words(log, ["a", "b", "c"]) == "1 of 3 loaded, next b"
    assert loaded_words(log, ["a"]) == "all models are loaded"


def test_regions_of_dead_tritons_go_and_others_stay(tmp_path: Path) -> None:
    program, memory = tmp_path / "tritonserver", tmp_path / "shm"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    memory.mkdir()
    living = subprocess.Popen([program, "60"])
    zombie = subprocess.Popen([program, "0"])
    try:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        # The last number is this process's: it has passed from a Triton to another program.
        names = [f"llmp_triton_{pid}_a" for pid in (living.pid, zombie.pid, os.getpid())]
        for name in (*names, "llmp_triton_x", "other_1_a"):
            (memory / name).touch()
        assert sorted(leftovers.remove_regions(memory)) == sorted(names[1:])
        kept = {each.name for each in memory.iterdir()}
        assert kept == {names[0], "llmp_triton_x", "other_1_a"}
    finally:
        for each in (living, zombie):
            each.kill()
            each.wait()


def test_orphans_that_hold_the_lock_of_a_dead_keeper_are_ended(tmp_path: Path) -> None:
    lock = tmp_path / "keeper.lock"
    orphan = subprocess.Popen([sys.executable, "-c", HOLD_LOCK, str(lock)], stdout=subprocess.PIPE)
    assert orphan.stdout
    assert orphan.stdout.readline()
    try:
        KeeperStatus(os.getpid(), {}).write(tmp_path)
        leftovers.end_orphans(tmp_path)
        assert orphan.poll() is None  # the keeper lives: its child is none of our business
        KeeperStatus(2**22 + 1, {}).write(tmp_path)
        leftovers.end_orphans(tmp_path)
        assert orphan.wait(10) == -signal.SIGKILL
    finally:
        orphan.kill()
        orphan.wait()
        orphan.stdout.close()
