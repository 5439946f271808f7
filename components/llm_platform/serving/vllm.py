"""How vLLM's server is run: image, arguments, probes, specification of a runtime. Pure."""

from dataclasses import dataclass
from typing import Any

from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.startup import failures
from llm_platform.serving.triton import CONTAINER, MODEL_FOLDER, container_security

HTTP_PORT = 8080
MODEL_FORMAT = "vllm"
COMMAND = ["python3", "-m", "vllm.entrypoints.openai.api_server"]
ADAPTERS = "adapters"
"""Folder of LoRA adapters beside that of the model, so that one volume holds all."""


@dataclass(frozen=True)
class VllmShape:
    """What may differ between vLLM runtimes.

    Attributes:
        image: Image reference.
        shared_memory: Size of ``/dev/shm``, through which processes of one model talk.
        startup_seconds: How long loading may take before the container is started anew.
        gpu_memory_share: Part of a GPU's memory that it takes.
        extra_args: Further arguments of the server.
    """

    image: str
    shared_memory: str
    startup_seconds: int
    gpu_memory_share: float
    extra_args: tuple[str, ...]


def server_args(shape: VllmShape) -> list[str]:
    """The command of every served model; an InferenceService adds the arguments of its own."""
    return [
        f"--port={HTTP_PORT}",
        f"--gpu-memory-utilization={shape.gpu_memory_share:g}",
        *shape.extra_args,
    ]


def model_args(shape: ServiceShape) -> list[str]:
    """Arguments of one model: where it is, its name for clients, its GPUs and adapters."""
    args = [f"--model={MODEL_FOLDER}/{shape.model}", f"--served-model-name={shape.model}"]
    if shape.gpus > 1:
        args.append(f"--tensor-parallel-size={shape.gpus}")
    if shape.adapters:
        args += [
            "--enable-lora",
            f"--max-loras={len(shape.adapters)}",
            f"--max-lora-rank={max(each.rank for each in shape.adapters)}",
            "--lora-modules",
            *(f"{each.name}={MODEL_FOLDER}/{ADAPTERS}/{each.name}" for each in shape.adapters),
        ]
    return args


def runtime_spec(shape: VllmShape) -> dict[str, Any]:
    """Specification of a serving runtime, as KServe takes it."""
    return {
        "annotations": {
            "prometheus.kserve.io/port": str(HTTP_PORT),
            "prometheus.kserve.io/path": "/metrics",
        },
        "supportedModelFormats": [{"name": MODEL_FORMAT, "autoSelect": False}],
        "protocolVersions": ["v2"],
        "containers": [_container(shape)],
        "volumes": [
            {
                "name": "shared-memory",
                "emptyDir": {"medium": "Memory", "sizeLimit": shape.shared_memory},
            },
            {"name": "scratch", "emptyDir": {"sizeLimit": "20Gi"}},
        ],
    }


def _container(shape: VllmShape) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": shape.image,
        "imagePullPolicy": "IfNotPresent",
        # takes --model; what `vllm serve` wants in its place has changed with versions
        "command": COMMAND,
        "args": server_args(shape),
        "env": [
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a volume of the pod's own
            # weights come from the model store; nothing else is ever fetched
            {"name": "HF_HUB_OFFLINE", "value": "1"},
            {"name": "VLLM_NO_USAGE_STATS", "value": "1"},
        ],
        "ports": [{"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"}],
        "startupProbe": {
            **ready_probe(10),
            "failureThreshold": failures(shape.startup_seconds),
        },
        "readinessProbe": {**ready_probe(5), "failureThreshold": 3},
        "livenessProbe": {**ready_probe(15), "failureThreshold": 4},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "securityContext": container_security(),
        "resources": {
            "requests": {"cpu": "2", "memory": "8Gi"},
            "limits": {"memory": "16Gi"},
        },
        "volumeMounts": [
            {"name": "shared-memory", "mountPath": "/dev/shm"},  # noqa: S108 - its own place
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
        ],
    }


def ready_probe(period: int) -> dict[str, Any]:
    """Whether the engine is up; it loads the model before it listens."""
    return {
        "httpGet": {"path": "/health", "port": HTTP_PORT, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
    }
