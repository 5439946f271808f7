"""The container of a server of ones own. Pure.

What such a server must do is in docs/custom-servers.md; whether it does, its conformance suite
finds out.
"""

from typing import Any

from llm_platform.gpu.pool_data import GPU_RESOURCE
from llm_platform.serving.llm_service_shape import (
    ServiceShape,
    cpu_amount,
    environment,
    resources,
)
from llm_platform.serving.startup import failures
from llm_platform.serving.triton import CONTAINER, container_security

STARTUP_SECONDS = 900
"""When nobody says how long loading may take."""

VOLUMES: list[dict[str, Any]] = [{"name": "scratch", "emptyDir": {"sizeLimit": "10Gi"}}]


def container(shape: ServiceShape) -> dict[str, Any]:
    """The container. KServe would put a limit of one CPU on one that states none.

    Args:
        shape: The variant; its `custom` says what is run.

    Raises:
        ValueError: It is none of ones own.
    """
    custom = shape.custom
    if custom is None:
        message = f"{shape.name} has no server of its own"
        raise ValueError(message)
    amounts = resources(shape, GPU_RESOURCE)
    amounts["limits"]["cpu"] = cpu_amount(max(1, shape.cpus))

    def probe(period: int, allowed: int) -> dict[str, Any]:
        return {
            "httpGet": {"path": custom.ready_path, "port": custom.port, "scheme": "HTTP"},
            "periodSeconds": period,
            "timeoutSeconds": 5,
            "failureThreshold": allowed,
        }

    found: dict[str, Any] = {
        "name": CONTAINER,
        "image": custom.image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a volume of the pod's own
            {"name": "MODEL_NAME", "value": shape.model},
            *environment(shape),
        ],
        "ports": [{"name": "http", "containerPort": custom.port, "protocol": "TCP"}],
        "startupProbe": probe(10, failures(shape.startup_seconds or STARTUP_SECONDS)),
        "readinessProbe": probe(5, 3),
        "livenessProbe": {
            "tcpSocket": {"port": custom.port},
            "periodSeconds": 15,
            "timeoutSeconds": 5,
            "failureThreshold": 4,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "resources": amounts,
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/tmp"}  # noqa: S108 - a volume of the pod's own
        ],
    }
    if custom.args or shape.extra_args:
        found["args"] = [*custom.args, *shape.extra_args]
    return found
