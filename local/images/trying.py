"""Runs both images together as a pod would, and has them answer.

Triton gets the arguments of the serving runtime that the platform deploys, the gateway sits in
the same network and asks it. That network is a namespace of its own: nothing goes out, and no
port of the machine is used.
"""

import json
import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_platform.serving import triton
from local.errors import LocalCloudError
from local.images.containers import Running, running
from local.images.repository import assemble
from local.images.store import LOCAL, TRIAL, Store
from local.images.table import CONTEXT, IMAGES
from local.paths import REPOSITORY
from local.reporter import Reporter, reported

MODELS = REPOSITORY / "model_repo"
WANTED = ("smollm2", "minilm", "sentiment")
"""Models that are loaded, those of them that the repository has."""
CPU_BACKENDS = ('backend: "python"', 'platform: "ensemble"', 'backend: "ensemble"')
READY_SECONDS = "120"
GATEWAY_PORT = 18080
SETTINGS = "/etc/gateway/gateway.json"
PROMPT = "Name three colours."


@dataclass(frozen=True)
class Tried:
    """What one image did.

    Attributes:
        name: The image.
        start_seconds: From its start until it said that it was ready.
        resident_mb: Memory of all its processes after it had answered.
        answers: What it answered, by the question.
    """

    name: str
    start_seconds: float
    resident_mb: float
    answers: dict[str, str]


def try_images(store: Store, reporter: Reporter) -> list[Tried]:
    """Run both images, and ask each.

    Raises:
        LocalCloudError: An image is missing, does not start, is less guarded than it should be,
            or does not answer.
    """
    references = {name: LOCAL + each.image.name for name, each in IMAGES.items()}
    there = {LOCAL + each.reference for each in store.images()}
    if missing := [name for name, each in references.items() if each not in there]:
        raise LocalCloudError(
            f"Not built yet: {', '.join(missing)}.", f"Build first: llmp images build {missing[0]}"
        )
    with ExitStack() as stack:
        stack.enter_context(store.alone(reporter, "images"))
        # In the cache folder: links to the weights need its file system, not that of /tmp.
        folder = tempfile.TemporaryDirectory(prefix=TRIAL, dir=store.folder)
        work = Path(stack.enter_context(folder))
        work.chmod(0o755)
        models = repository(work / "models")
        with reported(reporter, "triton", "ready, asked"):
            server = stack.enter_context(
                running(
                    "triton",
                    references["triton"],
                    store,
                    work,
                    arguments=triton_arguments(models),
                    mounts={triton.MODEL_FOLDER: work / "models"},
                )
            )
            first = _try_triton(server)
        settings = work / "gateway.json"
        settings.write_text(json.dumps(gateway_settings()), encoding="utf-8")
        with reported(reporter, "gateway", "ready, asked"):
            gateway = stack.enter_context(
                running(
                    "gateway",
                    references["gateway"],
                    store,
                    work,
                    arguments=["--config", SETTINGS],
                    mounts={SETTINGS: settings},
                    network=server.network,
                )
            )
            second = _try_gateway(gateway, models)
        return [first, second]


def repository(folder: Path) -> list[str]:
    """Lay the models of this checkout out with their weights; returns those to be loaded."""
    packages = next((CONTEXT / ".venv/lib").glob("python3.*/site-packages"), CONTEXT / ".venv")
    here = [each.parent.name for each in MODELS.glob("*/config.pbtxt") if _runs_on_cpu(each)]
    assemble(MODELS, packages, folder, sorted(here))
    return [name for name in WANTED if name in here]


def triton_arguments(models: Sequence[str]) -> list[str]:
    """The arguments of the platform's serving runtime, as the kubelet would fill them in."""
    shape = triton.RuntimeShape(
        image="", shared_memory="512Mi", startup_minutes=2, metrics_interval_ms=2000, extra_args=()
    )
    words = [*triton.server_args(shape), *map(triton.load_arg, models)]
    uid = secrets.token_hex(16)
    return [each.replace(f"$({triton.GUARD_VARIABLE})", uid) for each in words]


def gateway_settings() -> dict[str, Any]:
    """Settings of a gateway beside its Triton."""
    return {
        "listen": {"http_port": GATEWAY_PORT},
        "upstream": {
            "http": f"127.0.0.1:{triton.HTTP_PORT}",
            "grpc": f"127.0.0.1:{triton.GRPC_PORT}",
        },
        "keys": {"required": False},
        "budgets": {"store": "memory"},
    }


def _try_triton(server: Running) -> Tried:
    seconds = _until_ready(server, triton.HTTP_PORT, "/v2/health/ready")
    body = {
        "text_input": f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n",
        "exclude_input_in_output": True,
        "sampling_parameters": json.dumps({"max_tokens": 16, "temperature": 0}),
    }
    answer = _post(server, triton.HTTP_PORT, "/v2/models/smollm2/generate", body)
    text = str(answer["text_output"])
    return Tried("triton", seconds, server.resident_mb(), {"generate": text})


def _try_gateway(gateway: Running, models: Sequence[str]) -> Tried:
    seconds = _until_ready(gateway, GATEWAY_PORT, "/v2/health/ready")
    chat = {"model": "smollm2", "max_tokens": 16, "temperature": 0}
    turns = [{"role": "user", "content": PROMPT}]
    said = _post(gateway, GATEWAY_PORT, "/v1/chat/completions", {**chat, "messages": turns})
    answers = {"chat": str(said["choices"][0]["message"]["content"])}
    if "minilm" in models:
        body = {"model": "minilm", "input": PROMPT}
        vector = _post(gateway, GATEWAY_PORT, "/v1/embeddings", body)["data"][0]["embedding"]
        answers["embeddings"] = f"a vector of {len(vector)}"
    return Tried("gateway", seconds, gateway.resident_mb(), answers)


def _until_ready(container: Running, port: int, path: str) -> float:
    said = container.ask("ready", str(port), path, READY_SECONDS)
    if not said["ok"] or container.process.poll() is not None:
        raise LocalCloudError(
            f"The container of {container.name} did not get ready: {said.get('last', 'it ended')}.",
            "The end of its log is above.",
            container.tail(),
        )
    seconds = time.monotonic() - container.began
    if problems := container.guarded().problems:
        raise LocalCloudError(
            f"The container of {container.name} is less guarded than in a cluster.",
            "See local/images/spec.py.",
            "\n".join(problems),
        )
    return seconds


def _post(container: Running, port: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
    said = container.ask("post", str(port), path, json.dumps(body))
    if not said["ok"]:
        raise LocalCloudError(
            f"{container.name} answered {path} with {said['status']}: {said['text'][:300]}",
            "The end of its log is above.",
            container.tail(),
        )
    return dict(json.loads(said["text"]))


def _runs_on_cpu(config: Path) -> bool:
    text = config.read_text(encoding="utf-8")
    return any(each in text for each in CPU_BACKENDS)
