"""What happens to models when weights, their process or their server break."""

import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path

import lab
import pytest
from serving.guardian import STUB
from serving.regions import REGION_PREFIX, SHARED_MEMORY
from serving.weights import load_weights
from triton_calls import infer, infer_texts, post, until

pytestmark = pytest.mark.live

STEP = "minilm_tokenizer"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the models, with the tokeniser's file beside its model.py."""
    folder = tmp_path_factory.mktemp("models") / "repository"
    for name in (STEP, "synthetic"):
        shutil.copytree(
            lab.REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    source = load_weights(lab.REPOSITORY / STEP / "1")["tokenizer"]
    shutil.copy(source, folder / STEP / "1/tokenizer.json")
    return folder


@pytest.fixture(scope="module")
def server(repository: Path) -> Generator[lab.Triton]:
    with lab.triton(load=("synthetic",), repository=repository) as running:
        yield running


def children(pid: int) -> list[int]:
    """Processes that a server started: of its models, and its guardian."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    threads = Path(f"/proc/{pid}/task").iterdir()
    texts = [text, *((each / "children").read_text() for each in threads)]
    return sorted({int(word) for each in texts for word in each.split()})


def name(pid: int) -> str:
    """Name of a process."""
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_a_flipped_byte_keeps_a_model_from_loading(server: lab.Triton, repository: Path) -> None:
    load = f"/v2/repository/models/{STEP}/load"
    assert post(server.http, load, {})[0] == 200
    assert infer_texts(server.http, STEP, "hello")["tokens"]["data"] == [3]
    file = repository / STEP / "1/tokenizer.json"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert post(server.http, f"/v2/repository/models/{STEP}/unload", {})[0] == 200
    status, answer = post(server.http, load, {})
    assert status == 400
    log = server.log.read_text(errors="replace")
    assert f"{file}: has SHA-256" in answer["error"] + log
    assert "expected be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037" in log
    assert infer(server.http, "synthetic", {"value": ("FP32", [1, 1], [1])})[0] == 200


def test_a_model_process_that_dies_ends_the_server(repository: Path) -> None:
    """Triton would answer errors for ever; its supervisor starts it anew instead."""
    brief = ("--exit-seconds", "1")
    with lab.triton(load=("synthetic",), repository=repository, arguments=brief) as running:
        stub = next(pid for pid in children(running.pid) if name(pid).startswith(STUB))
        os.kill(stub, signal.SIGKILL)
        until(lambda: not lab.is_running(running.pid))
        assert "the process of a model died" in running.log.read_text(errors="replace")
        until(lambda: not list(SHARED_MEMORY.glob(f"{REGION_PREFIX}{running.pid}_*")))


def test_nothing_is_left_of_a_server_that_is_killed(repository: Path) -> None:
    with lab.triton(load=("synthetic",), repository=repository) as running:
        beside = children(running.pid)
        mine = f"{REGION_PREFIX}{running.pid}_*"
        assert len(beside) == 2
        assert list(SHARED_MEMORY.glob(mine))
        os.kill(running.pid, signal.SIGKILL)
        until(lambda: not any(lab.is_running(pid) for pid in beside))
        until(lambda: not list(SHARED_MEMORY.glob(mine)))
