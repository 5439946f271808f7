"""What a served model is made of, as Kubernetes and KServe take it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_platform.gpu.pool_data import GPU_RESOURCE, POOL_LABEL, TAINT_KEY
from llm_platform.serving.triton import (
    CONTAINER,
    GRPC_PORT,
    HTTP_PORT,
    METRICS_PORT,
    MODEL_FOLDER,
    MODEL_FORMAT,
    MODEL_FORMAT_VERSION,
    container_security,
    load_arg,
    pod_security,
)

SERVICE_LABEL = "serving.kserve.io/inferenceservice"
"""Set by KServe on every pod of a served model."""
PREDICTOR_SUFFIX = "-predictor"
NAME_LIMIT = 40
"""KServe and Kubernetes add to the name; what comes out must fit into 63 characters, and the
host name ``NAME-NAMESPACE`` into one label of DNS."""
HOST_LABEL_LIMIT = 63

SERVING_PORTS = (HTTP_PORT, GRPC_PORT)
METRICS_PORTS = (METRICS_PORT,)


@dataclass(frozen=True)
class ServiceShape:
    """A served model, defaults filled in.

    Attributes:
        name: Name of the service.
        model: Folder of the model, and its name in Triton.
        min_replicas: Fewest pods.
        max_replicas: Most pods.
        gpus: GPUs of a pod.
        cpus: CPUs that a pod requests.
        memory_gib: Memory of a pod in GiB, requested and as limit.
        pool: GPU pool that it runs on; any when empty.
        priority_class: Priority class; none when empty.
        timeout_seconds: How long one request may take.
        grace_seconds: How long a pod may finish its requests when it goes.
        extra_args: Further arguments of the server.
        env: Environment variables.
    """

    name: str
    model: str
    min_replicas: int
    max_replicas: int
    gpus: int
    cpus: int
    memory_gib: int
    pool: str
    priority_class: str
    timeout_seconds: int
    grace_seconds: int
    extra_args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])


def pod_labels(name: str) -> dict[str, str]:
    """Labels by which a served model's pods are found."""
    return {SERVICE_LABEL: name}


def predictor(shape: ServiceShape, runtime: Any, account: Any, uri: Any) -> dict[str, Any]:
    """The predictor of an InferenceService.

    The model lies in a folder of its own name, as Triton wants it. No service account token is
    mounted: Pod Identity brings its own, and nothing else talks to the API server.

    Args:
        shape: The service.
        runtime: Name of the runtime.
        account: Name of the service account.
        uri: Where the model's folder lies.
    """
    spec: dict[str, Any] = {
        "minReplicas": shape.min_replicas,
        "maxReplicas": shape.max_replicas,
        "timeout": shape.timeout_seconds,
        "terminationGracePeriodSeconds": shape.grace_seconds,
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "storageUris": [{"uri": uri, "mountPath": f"{MODEL_FOLDER}/{shape.model}"}],
        "topologySpreadConstraints": _spread(shape.name),
        "model": _model(shape, runtime),
    }
    if shape.priority_class:
        spec["priorityClassName"] = shape.priority_class
    if shape.gpus:
        spec["tolerations"] = [{"key": TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}]
    if shape.pool:
        spec["nodeSelector"] = {POOL_LABEL: shape.pool}
    return spec


def _model(shape: ServiceShape, runtime: Any) -> dict[str, Any]:
    memory = f"{shape.memory_gib}Gi"
    limits = {"memory": memory}
    requests = {"cpu": str(shape.cpus), "memory": memory}
    if shape.gpus:
        limits[GPU_RESOURCE] = requests[GPU_RESOURCE] = str(shape.gpus)
    model: dict[str, Any] = {
        "name": CONTAINER,
        "modelFormat": {"name": MODEL_FORMAT, "version": MODEL_FORMAT_VERSION},
        "protocolVersion": "v2",
        "runtime": runtime,
        "args": [load_arg(shape.model), *shape.extra_args],
        "resources": {"requests": requests, "limits": limits},
        "securityContext": container_security(),
    }
    if shape.env:
        model["env"] = [{"name": key, "value": shape.env[key]} for key in sorted(shape.env)]
    return model


def _spread(name: str) -> list[dict[str, Any]]:
    """Over zones as far as possible; over nodes as well, so that one node's end is not all."""
    selector = {"matchLabels": pod_labels(name)}
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": selector,
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def disruption_budget(name: str) -> dict[str, Any]:
    """One pod may go at a time; one that is not ready anyway may always go."""
    return {
        "maxUnavailable": 1,
        "selector": {"matchLabels": pod_labels(name)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
