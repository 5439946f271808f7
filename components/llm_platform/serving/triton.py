"""How Triton is run: image, arguments, probes, specification of a runtime. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from llm_platform.serving.kinds import TritonVariant
from llm_platform.versions import TRITON, Image

HTTP_PORT = 8080
GRPC_PORT = 9000
METRICS_PORT = 8002
MODEL_FOLDER = "/mnt/models"
CONTAINER = "kserve-container"
"""Name by which KServe knows the container that runs the model."""
USER = 1000
"""The unprivileged user of NVIDIA's image."""

CONNECTION_SECONDS = 10
"""A gRPC connection is closed and made anew so often. A Service chooses a pod for a connection, not
for a call: one that stayed would see neither new pods nor that its own pod goes."""
STREAM_SECONDS = 3600
"""Calls that run on a connection that is closed may take so long; the longest that a service may
allow."""
LEAVING_SECONDS = 15
"""A pod that is to go serves so long as if nothing were: longer than any connection to it lasts,
with the tenth that gRPC adds at random."""

MODEL_FORMAT = "triton"
MODEL_FORMAT_VERSION = "2"

GUARDED_CALLS = "shared-memory,model-repository,trace,logging"
"""Groups of calls that change the server, such as unloading a model. Routes lead every path of a
host to it, so they must not be left to whoever may ask the model."""
GUARD_KEY = "llm-platform-admin"
"""Header that guarded calls want, over HTTP by this name, over gRPC behind
``triton-grpc-protocol-``. Its value is the pod's UID: who may read the pod may call."""
GUARD_VARIABLE = "POD_UID"

_RELEASE = TRITON.tag.removesuffix("-py3")
IMAGES: Mapping[TritonVariant, Image] = MappingProxyType(
    {
        TritonVariant.STANDARD: TRITON,
        TritonVariant.VLLM: Image(TRITON.repository, f"{_RELEASE}-vllm-python-py3"),
        TritonVariant.TENSORRT_LLM: Image(TRITON.repository, f"{_RELEASE}-trtllm-python-py3"),
    }
)
"""Image of every variant, all of one release."""

_MODEL_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,126}[A-Za-z0-9])?$")


@dataclass(frozen=True)
class RuntimeShape:
    """What may differ between Triton runtimes.

    Attributes:
        image: Image reference.
        shared_memory: Size of ``/dev/shm``, through which Python models get their tensors.
        startup_minutes: How long loading may take before the container is started anew.
        metrics_interval_ms: How often gauges are read.
        extra_args: Further arguments of the server.
    """

    image: str
    shared_memory: str
    startup_minutes: int
    metrics_interval_ms: int
    extra_args: tuple[str, ...]


def is_model_name(name: str) -> bool:
    """Whether Triton takes it as the name of a model, which is a folder's name."""
    return bool(_MODEL_NAME.match(name))


def server_args(shape: RuntimeShape) -> list[str]:
    """The command of every served model; KServe adds the arguments of the model itself.

    Nothing is loaded but what a model names, and a model that does not load keeps the pod from
    getting ready instead of being left out.
    """
    guarded = f"{GUARDED_CALLS}:{GUARD_KEY}=$({GUARD_VARIABLE})"
    return [
        "tritonserver",
        f"--model-repository={MODEL_FOLDER}",
        "--model-control-mode=explicit",
        "--exit-on-error=true",
        "--strict-readiness=true",
        "--disable-auto-complete-config",
        f"--http-port={HTTP_PORT}",
        f"--grpc-port={GRPC_PORT}",
        f"--metrics-port={METRICS_PORT}",
        f"--grpc-max-connection-age={CONNECTION_SECONDS * 1000}",
        f"--grpc-max-connection-age-grace={STREAM_SECONDS * 1000}",
        f"--http-restricted-api={guarded}",
        f"--grpc-restricted-protocol={guarded}",
        "--allow-metrics=true",
        f"--metrics-interval-ms={shape.metrics_interval_ms}",
        "--metrics-config=summary_latencies=true",
        "--exit-timeout-secs=60",
        *shape.extra_args,
    ]


def load_arg(model: str) -> str:
    """The argument that loads a model at the start, with the models it is made of."""
    return f"--load-model={model}"


def runtime_spec(shape: RuntimeShape) -> dict[str, Any]:
    """Specification of a serving runtime, as KServe takes it."""
    return {
        "annotations": {
            "prometheus.kserve.io/port": str(METRICS_PORT),
            "prometheus.kserve.io/path": "/metrics",
        },
        "supportedModelFormats": [
            {"name": MODEL_FORMAT, "version": MODEL_FORMAT_VERSION, "autoSelect": False}
        ],
        "protocolVersions": ["v2", "grpc-v2"],
        "containers": [_container(shape)],
        "volumes": [
            {
                "name": "shared-memory",
                "emptyDir": {"medium": "Memory", "sizeLimit": shape.shared_memory},
            },
            {"name": "scratch", "emptyDir": {"sizeLimit": "10Gi"}},
        ],
    }


def _container(shape: RuntimeShape) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": shape.image,
        "imagePullPolicy": "IfNotPresent",
        "args": server_args(shape),
        "env": [
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a volume of the pod's own
            {
                "name": GUARD_VARIABLE,
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}},
            },
        ],
        # KServe gives port 80 to the first, and leads gRPC to the one so named.
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"},
            {"name": "grpc", "containerPort": GRPC_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        "startupProbe": {**ready_probe(10), "failureThreshold": shape.startup_minutes * 6},
        "readinessProbe": {**ready_probe(5), "failureThreshold": 3},
        "livenessProbe": {**_probe("/v2/health/live", period=15), "failureThreshold": 4},
        # requests still come until every node knows that the pod goes
        "lifecycle": {"preStop": {"sleep": {"seconds": LEAVING_SECONDS}}},
        "securityContext": container_security(),
        "resources": {
            "requests": {"cpu": "1", "memory": "2Gi"},
            "limits": {"memory": "4Gi"},
        },
        "volumeMounts": [
            {"name": "shared-memory", "mountPath": "/dev/shm"},  # noqa: S108 - Triton's own place
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
        ],
    }


def container_security() -> dict[str, Any]:
    """What the container may do: nothing that the restricted level refuses."""
    return {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": USER,
        "capabilities": {"drop": ["ALL"]},
    }


def pod_security() -> dict[str, Any]:
    """Security context of the pod; the files that are fetched belong to its group."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def ready_probe(period: int) -> dict[str, Any]:
    """Whether every model that it was told to load is ready."""
    return _probe("/v2/health/ready", period)


def _probe(path: str, period: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": HTTP_PORT, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
    }
