"""Pods of a served model where KServe does not make them. Pure.

A StatefulSet and a group over several nodes are things that KServe 0.20 does not make of an
InferenceService with our runtimes. Their pods have the same labels, ports and names of Services as
those that KServe makes, so that routes, policies, budgets and monitors hold for them unchanged.
"""

from typing import Any

from llm_platform.gpu.pool_data import GPU_RESOURCE
from llm_platform.serving import custom_server, vllm
from llm_platform.serving.kinds import ModelServer
from llm_platform.serving.llm_service_shape import ServiceShape, environment, resources
from llm_platform.serving.llm_service_spec import (
    part_labels,
    placement,
    serving_ports,
    spread,
    storage,
)
from llm_platform.serving.routes import GRPC_PORTS, HTTP_PORT, Part
from llm_platform.serving.startup import failures
from llm_platform.serving.triton import (
    GRPC_PORT,
    METRICS_PORT,
    MODEL_FOLDER,
    RuntimeShape,
    container_security,
    load_arg,
    pod_security,
    runtime_spec,
)
from llm_platform.serving.vllm import VllmShape
from llm_platform.versions import STORAGE_INITIALIZER

Spec = dict[str, Any]

STARTUP_MINUTES = 15
SHARED_MEMORY = "1Gi"
MODELS = "models"
"""Name of the volume that holds models."""
FETCHED = "fetched"
"""File that says which URIs are in the volume."""

_FETCH = """\
set -eu
wanted="$*"
mark="$MODELS/.$MARK"
if [ -f "$mark" ] && [ "$(cat "$mark")" = "$wanted" ]; then
  echo "kept: $wanted"
  exit 0
fi
rm -f "$mark"
/storage-initializer/scripts/initializer-entrypoint "$@"
printf '%s' "$wanted" > "$mark"
"""
"""Fetches what is not there yet; a volume that outlives its pod is not filled again."""


def pod_spec(shape: ServiceShape, account: Any, repository: Any) -> Spec:
    """Pods of the model server, without the volume that holds models."""
    container, volumes = server(shape)
    container["volumeMounts"] = [
        *container["volumeMounts"],
        {"name": MODELS, "mountPath": MODEL_FOLDER, "readOnly": True},
    ]
    spec: Spec = {
        "terminationGracePeriodSeconds": shape.grace_seconds,
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "topologySpreadConstraints": spread(part_labels(shape, Part.SERVER)),
        "initContainers": [fetcher(shape, repository)],
        "containers": [container],
        "volumes": volumes,
        **placement(shape),
    }
    if shape.priority_class:
        spec["priorityClassName"] = shape.priority_class
    return spec


def fetcher(shape: ServiceShape, repository: Any) -> Spec:
    """The container that fetches models before the server starts, if they are not there."""
    pairs = [part for each in storage(shape, repository) for part in each.values()]
    return {
        "name": "storage-initializer",
        "image": STORAGE_INITIALIZER.reference,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", _FETCH, "fetch"],
        "args": pairs,
        "env": [
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a volume of the pod's own
            {"name": "MODELS", "value": MODEL_FOLDER},
            {"name": "MARK", "value": FETCHED},
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"memory": "4Gi"},
        },
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
            {"name": MODELS, "mountPath": MODEL_FOLDER},
        ],
    }


def server(shape: ServiceShape) -> tuple[Spec, list[Spec]]:
    """The model server's container, and its volumes but that of models."""
    if shape.server is ModelServer.CUSTOM:
        return custom_server.container(shape), list(custom_server.VOLUMES)
    if shape.server is ModelServer.TRITON:
        runtime = runtime_spec(RuntimeShape(shape.image, SHARED_MEMORY, STARTUP_MINUTES, 2000, ()))
        own = [load_arg(shape.model)]
    else:
        seconds = STARTUP_MINUTES * 60
        runtime = vllm.runtime_spec(VllmShape(shape.image, "4Gi", seconds, 0.9, ()))
        own = vllm.model_args(shape)
    container: Spec = runtime["containers"][0]
    container["args"] = [*container["args"], *own, *shape.extra_args]
    container["resources"] = resources(shape, GPU_RESOURCE)
    container["env"] = [*container["env"], *environment(shape)]
    if shape.startup_seconds:
        container["startupProbe"]["failureThreshold"] = failures(shape.startup_seconds)
    return container, runtime["volumes"]


def service_spec(shape: ServiceShape, part: Part, selector: dict[str, str]) -> Spec:
    """A Service as KServe would make it: REST on port 80, gRPC and metrics on their own.

    Args:
        shape: The variant.
        part: Of which part.
        selector: Labels of the pods that answer.
    """
    if part is Part.GATEWAY:
        numbers = {"http": (HTTP_PORT, 18080), "grpc": (GRPC_PORTS[part], GRPC_PORTS[part])}
    else:
        numbers = {"http": (HTTP_PORT, serving_ports(shape)[0])}
        if shape.server is ModelServer.TRITON:
            numbers["grpc"] = (GRPC_PORT, GRPC_PORT)
            numbers["metrics"] = (METRICS_PORT, METRICS_PORT)
    ports = [
        {
            "name": name,
            "port": outside,
            "targetPort": inside,
            "protocol": "TCP",
            **({"appProtocol": "kubernetes.io/h2c"} if name == "grpc" else {}),
        }
        for name, (outside, inside) in numbers.items()
    ]
    return {"selector": selector, "ports": ports}


def headless(spec: Spec) -> Spec:
    """The same without an address of its own: every pod has a name that leads to it."""
    return {**spec, "clusterIP": "None", "publishNotReadyAddresses": True}
