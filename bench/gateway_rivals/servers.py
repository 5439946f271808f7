"""Starts the other gateways: LiteLLM's proxy in an environment of its own, a KServe transformer."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lab

LITELLM = "litellm[proxy]==1.82.6"
"""The last release before 1.82.7 and 1.82.8 of March 2026, which stole credentials."""
NOT_LATER = "2026-03-23"
"""Its dependencies are of that time, too."""


class UnavailableError(Exception):
    """Another gateway cannot be measured here; says why."""


@dataclass(frozen=True)
class Server:
    """One that runs."""

    address: str
    pid: int


def cache() -> Path:
    """Folder for what is made once."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("LLMP_CACHE") or Path(home) / "llm-platform") / "bench"


def find_uv() -> str:
    """The uv that made the environments of this repository.

    Raises:
        UnavailableError: There is none.
    """
    found = shutil.which("uv")
    kept = sorted(cache().parent.glob("uv/*/bin/uv"))
    if not found and not kept:
        message = "uv is not on PATH and not in the cache"
        raise UnavailableError(message)
    return found or str(kept[-1])


def litellm_program() -> Path:
    """LiteLLM's proxy; installed when it is first wanted.

    Raises:
        UnavailableError: It cannot be installed.
    """
    folder = cache() / "litellm-1.82.6"
    program = folder / "bin" / "litellm"
    if program.exists():
        return program
    uv = find_uv()
    print(f"installing {LITELLM} below {folder.parent} …", flush=True)
    install = [uv, "pip", "install", "-q", "-p", str(folder / "bin" / "python"), LITELLM]
    for words in (
        [uv, "venv", "-q", "--clear", "-p", "3.11", str(folder)],
        [*install, "--exclude-newer", NOT_LATER],
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            message = f"{LITELLM} cannot be installed: {done.stderr.strip()[-300:]}"
            raise UnavailableError(message)
    return program


@contextmanager
def litellm(triton: lab.Triton) -> Generator[Server]:
    """LiteLLM's proxy in front of a Triton, without keys, logs and telemetry."""
    program = litellm_program()
    (port,) = lab.free_ports(1)
    model = {
        "model_name": "canned",
        "litellm_params": {
            "model": "triton/canned",
            "api_base": f"http://{triton.http}/v2/models/canned/generate",
        },
    }
    settings = {
        "model_list": [model],
        "litellm_settings": {"telemetry": False, "num_retries": 0, "set_verbose": False},
    }
    with tempfile.TemporaryDirectory(prefix="llmp-litellm-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(json.dumps(settings))
        words = [str(program), "--config", str(config), "--host", "127.0.0.1"]
        words += ["--port", str(port), "--telemetry", "False", "--num_workers", "1"]
        # Nothing of this session's environment is its business.
        variables = {
            "PATH": f"{program.parent}:{os.defpath}",
            "HOME": folder,
            "LITELLM_LOG": "ERROR",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "NO_PROXY": "*",
        }
        ready = f"http://127.0.0.1:{port}/health/liveliness"
        with _running(words, variables, ready, Path(folder) / "log") as pid:
            yield Server(f"127.0.0.1:{port}", pid)


@contextmanager
def transformer(triton: lab.Triton, protocol: str) -> Generator[Server]:
    """A bare KServe transformer in front of a Triton.

    Args:
        triton: The Triton.
        protocol: How it speaks to it: ``v2`` or ``grpc-v2``.
    """
    port, grpc_port = lab.free_ports(2)
    script = Path(__file__).with_name("transformer.py")
    address = triton.http if protocol == "v2" else triton.grpc
    words = [sys.executable, str(script), str(port), str(grpc_port), address, protocol]
    with tempfile.TemporaryDirectory(prefix="llmp-transformer-") as folder:
        ready = f"http://127.0.0.1:{port}/v2/health/live"
        with _running(words, dict(os.environ), ready, Path(folder) / "log") as pid:
            yield Server(f"127.0.0.1:{port}", pid)


@contextmanager
def _running(words: list[str], variables: dict[str, str], ready: str, log: Path) -> Generator[int]:
    with log.open("wb") as output:
        process = subprocess.Popen(words, env=variables, stdout=output, stderr=output)
    try:
        lab.wait_until_ready(process, ready, log)
        yield process.pid
    finally:
        lab.stop(process)
