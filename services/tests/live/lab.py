"""Starts the real servers for live tests; everything is stopped when a block ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

REPOSITORY = Path(__file__).resolve().parents[3] / "model_repo"
MODELS = ("smollm2", "minilm", "sentiment", "synthetic")
"""All that answer on a CPU; an ensemble brings its steps with it."""
START_SECONDS = 90
STOP_SECONDS = 60


@dataclass(frozen=True)
class Triton:
    """A running Triton.

    Attributes:
        http: ``127.0.0.1:PORT`` of HTTP.
        grpc: ``127.0.0.1:PORT`` of gRPC.
        metrics: ``127.0.0.1:PORT`` of Prometheus metrics.
        pid: Process id of the server.
        log: File with all it writes.
    """

    http: str
    grpc: str
    metrics: str
    pid: int
    log: Path


@dataclass(frozen=True)
class Gateway:
    """A running gateway.

    Attributes:
        url: ``http://127.0.0.1:PORT``.
        grpc: ``127.0.0.1:PORT`` of gRPC.
        pid: Its process id.
        key: A good API key of the tenant ``lab``; empty where none is needed.
        log: File with all it writes.
        process: To signal it and to wait for it.
    """

    url: str
    grpc: str
    pid: int
    key: str
    log: Path
    process: subprocess.Popen[bytes]


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody uses now."""
    with ExitStack() as open_sockets:
        ports: list[int] = []
        for _ in range(count):
            probe = open_sockets.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
        return ports


@contextmanager
def triton(
    load: Sequence[str] = MODELS,
    repository: Path = REPOSITORY,
    arguments: Sequence[str] = (),
    extra: Sequence[str] = (),
    ports: Sequence[int] = (),
) -> Generator[Triton]:
    """Run the real Triton until the block ends.

    Args:
        load: Models that are ready when the block begins.
        repository: Folder of the model repository.
        arguments: Further arguments of ``python -m serving.launch``.
        extra: Further arguments of tritonserver.
        ports: Of HTTP, gRPC and metrics, to start another one in the place of one that ended.
    """
    http, grpc, metrics = ports or free_ports(3)
    command = [
        *(sys.executable, "-m", "serving.launch", "--repository", str(repository)),
        *("--http-port", str(http), "--grpc-port", str(grpc), "--metrics-port", str(metrics)),
        *("--load", *load),
        *arguments,
        *("--", *extra),
    ]
    with tempfile.TemporaryDirectory(prefix="llmp-triton-") as folder:
        log = Path(folder) / "triton.log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            wait_until_ready(process, f"http://127.0.0.1:{http}/v2/health/ready", log)
            # The last of its ports to be opened.
            wait_until_ready(process, f"http://127.0.0.1:{metrics}/metrics", log)
            yield Triton(
                f"127.0.0.1:{http}", f"127.0.0.1:{grpc}", f"127.0.0.1:{metrics}", process.pid, log
            )
        finally:
            stop(process)


@contextmanager
def gateway(upstream: Triton, /, *, keyed: bool = False, **overrides: Any) -> Generator[Gateway]:
    """Run the gateway in front of a Triton until the block ends.

    Args:
        upstream: The Triton; need not be running.
        keyed: Whether keys are needed; one is made then.
        overrides: Sections of the settings; merged over those of this lab, mapping by mapping.
    """
    http, grpc = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="llmp-gateway-") as folder:
        place = Path(folder)
        settings: dict[str, Any] = {
            "listen": {"http_port": http, "grpc_port": grpc},
            "upstream": {"http": upstream.http, "grpc": upstream.grpc},
            "keys": {"required": False},
            "budgets": {"store": "memory"},
            "guards": {"default": "off"},
        }
        key = make_key(place / "keys.json") if keyed else ""
        if keyed:
            settings["keys"] = {"file": str(place / "keys.json")}
        merge(settings, overrides)
        config = place / "gateway.json"
        config.write_text(json.dumps(settings))
        log = place / "gateway.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "--config", str(config)],
                stdout=output,
                stderr=output,
            )
        try:
            url = f"http://127.0.0.1:{settings['listen']['http_port']}"
            wait_until_ready(process, f"{url}/v2/health/live", log)
            address = f"127.0.0.1:{settings['listen']['grpc_port']}"
            yield Gateway(url, address, process.pid, key, log, process)
        finally:
            stop(process)


def make_key(file: Path, tenant: str = "lab") -> str:
    """A new API key in a key file, made as an operator makes one."""
    words = ["-m", "gateway", "keys", "new", "--file", str(file), "--tenant", tenant]
    made = subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, text=True, timeout=60
    )
    found = re.search(r"llmp_[A-Za-z0-9]+_[A-Za-z0-9]+", made.stdout)
    assert found, made.stdout
    return found.group()


def merge(settings: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    """Put `overrides` over `settings`, mapping by mapping."""
    for name, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(settings.get(name), dict):
            merge(settings[name], cast("Mapping[str, Any]", value))
        else:
            settings[name] = value


def load(upstream: Triton, *models: str) -> None:
    """Load models by Triton's model control, and wait until they are ready."""
    for model in models:
        url = f"http://{upstream.http}/v2/repository/models/{model}/load"
        request = urllib.request.Request(url, data=b"{}", method="POST")
        with urllib.request.urlopen(request, timeout=START_SECONDS) as response:  # noqa: S310
            response.read()


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until a server answers 200.

    Raises:
        RuntimeError: It ended, or took too long; with the end of its log.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = f"the server ended with {process.returncode}:\n{tail(log)}"
            raise RuntimeError(message)
        if answers(url):
            return
        time.sleep(0.1)
    message = f"not ready after {START_SECONDS} s:\n{tail(log)}"
    raise RuntimeError(message)


def answers(url: str) -> bool:
    """Whether a server answers 200 there."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - http to loopback
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server as an operator would, and by force if it does not end."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(log: Path, lines: int = 40) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def is_running(pid: int) -> bool:
    """Whether there is such a process, zombies aside."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return state != "Z"
