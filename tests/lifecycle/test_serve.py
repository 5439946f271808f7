"""`llmp serve` as people type it: the real Triton, the real gateway, a real model that answers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.cluster import keeping
from local.cluster.processes import KeeperStatus
from local.serving.record import Serving
from local.setup.environments import PROJECTS

LLMP = Path(sys.executable).with_name("llmp")
SECONDS = 120

pytestmark = pytest.mark.skipif(
    not PROJECTS["services"].python.exists(), reason="services/ has no environment here"
)


@dataclass
class Lab:
    """A state folder of its own, with an awkward name."""

    state: Path

    @property
    def folder(self) -> Path:
        return self.state / "_serve"

    def run(self, *arguments: str, code: int = 0, stdin: str = "") -> str:
        """Run `llmp`; returns its standard output, and standard error after it."""
        done = subprocess.run(
            [str(LLMP), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=self.env(),
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def env(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("LLMP_")}
        # What the environment says about proxies is not for loopback.
        return {**kept, "LLMP_STATE": str(self.state), "http_proxy": "http://127.0.0.1:9"}

    def status(self) -> KeeperStatus:
        known = keeping.status(self.folder)
        assert known
        return known

    def serving(self) -> Serving:
        serving = Serving.read(self.folder)
        assert serving
        return serving


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("serve") / f"a state folder {'x' * 80}")
    yield made
    made.run("serve", "--down")


def regions(pid: int) -> list[Path]:
    return list(Path("/dev/shm").glob(f"llmp_triton_{pid}_*"))  # noqa: S108 - looked at only


def pids(status: KeeperStatus) -> list[int]:
    return [status.pid, *(each.pid for each in status.processes.values())]


def runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_model_answers_and_nothing_is_left(lab: Lab) -> None:
    assert "no server of this checkout runs" in lab.run("chat", "hi", code=1)

    started = lab.run("serve", "--models", "smollm2", "--port", "0")
    serving, status = lab.serving(), lab.status()
    assert f"{serving.url}/v1" in started
    assert serving.key_file.stat().st_mode & 0o777 == 0o600
    assert serving.key().startswith("llmp_")
    assert serving.key() not in started
    assert "It runs already." in lab.run("serve")
    assert "its models are smollm2" in lab.run("serve", "--models", "minilm", code=1)

    asked = ("chat", "--max-tokens", "8", "--temperature", "0", "--stats")
    answered = lab.run(*asked, "Say hello.")
    assert "first token after" in answered
    piped = lab.run(*asked, stdin="Say hello.")
    assert piped.splitlines()[0] == answered.splitlines()[0]
    assert "does not exist" in lab.run("chat", "hi", "--model", "nix", code=2)

    listed = {each["name"]: each for each in json.loads(lab.run("models", "ls", "--json"))}
    assert listed["smollm2"]["state"] == "READY"
    assert listed["synthetic"]["state"] == ""
    assert "synthetic: loaded" in lab.run("models", "load", "synthetic")
    assert "synthetic: unloaded" in lab.run("models", "unload", "synthetic")

    # Killed in the middle: everything dies with the keeper, and the next start goes on.
    triton = status.processes["triton"].pid
    assert regions(triton)
    os.kill(status.pid, signal.SIGKILL)
    assert "It runs already." not in lab.run("serve", "--models", "smollm2", "--port", "0")
    assert lab.serving().key() == serving.key()
    assert not [pid for pid in pids(status) if runs(pid)]
    assert not regions(triton)

    status = lab.status()
    assert "Stopped." in lab.run("serve", "--down")
    assert not [pid for pid in pids(status) if runs(pid)]
    assert not regions(status.processes["triton"].pid)
    assert "No server" in lab.run("serve", "--down")


def test_a_model_that_cannot_be_loaded_is_told_at_once(lab: Lab, tmp_path: Path) -> None:
    model = tmp_path / "re pository" / "broken"
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.py").write_text("import a_module_that_is_nowhere\n")
    (model / "config.pbtxt").write_text('name: "broken"\nbackend: "python"\n')

    told = lab.run("serve", "--repository", str(model.parent), "--port", "0", code=1)
    assert "Triton does not start" in told
    assert "a_module_that_is_nowhere" in told
    assert not keeping.is_alive(lab.folder)
