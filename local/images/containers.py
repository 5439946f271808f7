"""Runs containers of images with runc, one at a time or several in one network, as in a pod."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.errors import LocalCloudError
from local.images import spec
from local.images.store import Store
from local.paths import REPOSITORY

STOP_SECONDS = 90.0
STARTED_SECONDS = 20.0
LOG_LINES = 30


@dataclass(frozen=True)
class Guarded:
    """What the kernel says about a running container's first process."""

    user: int
    capabilities: int
    no_new_privileges: bool
    read_only_root: bool

    @property
    def problems(self) -> list[str]:
        """What is less strict than it should be."""
        found = {
            f"it runs as user {self.user}": self.user in (0, -1),
            f"it has capabilities ({self.capabilities:x})": self.capabilities != 0,
            "it may gain privileges": not self.no_new_privileges,
            "its root can be written to": not self.read_only_root,
        }
        return [text for text, wrong in found.items() if wrong]


@dataclass
class Running:
    """A container that runs; `began` is `time.monotonic` when it was started."""

    name: str
    id: str
    pid: int
    log: Path
    process: subprocess.Popen[bytes]
    began: float
    runc: Sequence[str] = field(repr=False)

    @property
    def network(self) -> str:
        """Path of its network namespace."""
        return f"/proc/{self.pid}/ns/net"

    def ask(self, *question: str) -> dict[str, Any]:
        """What `local.images.probe` finds out inside its network.

        Raises:
            LocalCloudError: The container has ended, or the question is wrong.
        """
        probe = [sys.executable, "-m", "local.images.probe", *question]
        done = subprocess.run(
            ["nsenter", f"--net={self.network}", "--", *probe],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise LocalCloudError(
                f"The container of {self.name} could not be asked.",
                "See its log above.",
                f"{self.tail()}\n{done.stderr.strip()}",
            )
        return dict(json.loads(done.stdout))

    def guarded(self) -> Guarded:
        """What its first process may do."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        mounts = Path(f"/proc/{self.pid}/mountinfo").read_text(encoding="utf-8")
        return guarded(status, mounts)

    def resident_mb(self) -> float:
        """Resident memory of all its processes, in MB."""
        done = subprocess.run(
            [*self.runc, "ps", "--format", "json", self.id],
            capture_output=True,
            text=True,
            check=True,
        )
        pids: list[int] = json.loads(done.stdout) or []
        return sum(_resident(pid) for pid in pids) / 1e6

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES:])


def guarded(status: str, mounts: str) -> Guarded:
    """Read ``/proc/PID/status`` and ``/proc/PID/mountinfo``."""
    values = {
        name: value.strip()
        for name, found, value in (line.partition(":") for line in status.splitlines())
        if found
    }
    options = [line.split()[5].split(",") for line in mounts.splitlines() if line.split()[4] == "/"]
    return Guarded(
        user=int(values.get("Uid", "-1").split()[0]),
        capabilities=int(values.get("CapEff", "1"), 16) | int(values.get("CapBnd", "1"), 16),
        no_new_privileges=values.get("NoNewPrivs") == "1",
        read_only_root=bool(options) and all("ro" in each for each in options),
    )


@contextmanager
def running(
    name: str,
    reference: str,
    store: Store,
    work: Path,
    *,
    arguments: Sequence[str] = (),
    mounts: Mapping[str, Path] | None = None,
    network: str = "",
) -> Generator[Running]:
    """Run an image until the block ends.

    Args:
        name: For people, and for the names of files.
        reference: The image.
        store: Where it is.
        work: Folder for its bundle and its log.
        arguments: Instead of those that the image has by default.
        mounts: Files and folders of the machine that it may read, by their place in it.
        network: Path of a network namespace to join; empty for one of its own.

    Raises:
        LocalCloudError: It did not start.
    """
    config = store.config(reference)
    with store.mounted(reference) as root:
        container = spec.Container(
            root=root,
            command=spec.command(config, arguments),
            env=spec.environment(config),
            folder=str(config.get("WorkingDir") or "/"),
            mounts=mounts,
            network=network,
        )
        bundle = work / name
        bundle.mkdir(parents=True)
        (bundle / "config.json").write_text(json.dumps(spec.spec(container)), encoding="utf-8")
        runc = ["runc", "--root", str(store.runc)]
        made = _start(name, f"llmp-{name}-{os.getpid()}", bundle, runc)
        try:
            yield made
        finally:
            _stop(made)


def _start(name: str, identity: str, bundle: Path, runc: Sequence[str]) -> Running:
    log = bundle / "log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*runc, "run", "--bundle", str(bundle), identity],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    made = Running(name, identity, 0, log, process, began, runc)
    try:
        made.pid = _pid(made)
    except BaseException:
        _stop(made)
        raise
    return made


def _pid(container: Running) -> int:
    deadline = time.monotonic() + STARTED_SECONDS
    while time.monotonic() < deadline and container.process.poll() is None:
        done = subprocess.run(
            [*container.runc, "state", container.id], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            state: dict[str, Any] = json.loads(done.stdout)
            if state["status"] == "running":
                return int(state["pid"])
        time.sleep(0.05)
    raise LocalCloudError(
        f"The container of {container.name} did not start.",
        "runc says why above.",
        container.tail(),
    )


def _stop(container: Running) -> None:
    """End it as Kubernetes does, and leave nothing of it."""
    if container.process.poll() is None:
        subprocess.run(
            [*container.runc, "kill", container.id, "TERM"], capture_output=True, check=False
        )
        try:
            container.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            container.process.kill()
    subprocess.run(
        [*container.runc, "delete", "--force", container.id], capture_output=True, check=False
    )
    container.process.wait()


def _resident(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    line = next((each for each in text.splitlines() if each.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) * 1024
