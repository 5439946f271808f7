"""Our gateway in front of a model server, as KServe's transformer. Pure.

KServe adds ``--predictor_host NAME-predictor.NAMESPACE`` and ``--model_name NAME`` to the
container's arguments, and ``--http_port 8080`` unless a port is given; the gateway takes all three.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_platform.serving.llm_service_shape import ServiceShape, cpu_amount
from llm_platform.serving.llm_service_spec import pod_parts
from llm_platform.serving.routes import GRPC_PORTS, Part, part_of
from llm_platform.serving.triton import CONTAINER, GRPC_PORT, container_security
from llm_platform.versions import GATEWAY

if TYPE_CHECKING:
    from llm_platform.serving.llm_service_inputs import LlmGateway

HTTP_PORT = 18080
FOLDER = "/etc/gateway"
SETTINGS_FILE = "gateway.json"
KEYS_FOLDER = "/etc/gateway-keys"
KEYS_FILE = "keys.yaml"
SETTINGS_ANNOTATION = "llm-platform.dev/gateway-settings"
"""Digest of the settings, so that pods are replaced when they change."""
LINGER_SECONDS = 5
"""So long a pod that is to go works on as if nothing were, until every proxy knows of it; only then
it is told, and refuses what is new."""
OWN_SECTIONS = ("listen", "upstream", "keys")
"""Sections of the settings that are made here."""


@dataclass(frozen=True)
class GatewayShape:
    """The gateway of a service, defaults filled in.

    Attributes:
        image: Image reference.
        keys_secret: Secret with the key file; empty to answer anybody.
        min_replicas: Fewest pods.
        max_replicas: Most pods.
        cpus: CPUs that a pod requests.
        memory_mib: Memory of a pod in MiB.
        wakes: Whether it is ready while no model server is, so that a request can wake one.
        settings: Further sections of its settings.
        model_settings: The model's entry in its catalogue; empty for its own catalogue.
    """

    image: str
    keys_secret: str
    min_replicas: int
    max_replicas: int
    cpus: float
    memory_mib: int
    wakes: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    model_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


def gateway_shape(
    args: "LlmGateway", *, wakes: bool, candidate: Mapping[str, Any] | None = None
) -> GatewayShape:
    """What the inputs say, defaults filled in.

    Args:
        args: The gateway.
        wakes: Whether it is ready while no model server is.
        candidate: The candidate's entry in the catalogue, if this is its gateway and its model has
            one of its own. It gets stable's name: clients ask for both by the same.
    """
    stable = args.get("model_settings", {})
    fewest = args.get("min_replicas", 2)
    return GatewayShape(
        image=args.get("image", GATEWAY.reference),
        keys_secret=args.get("keys_secret", ""),
        min_replicas=fewest,
        max_replicas=args.get("max_replicas", max(4, fewest)),
        cpus=args.get("cpus", 0.5),
        memory_mib=args.get("memory_mib", 1024),
        wakes=wakes,
        settings=args.get("settings", {}),
        model_settings={**candidate, "name": stable["name"]} if candidate else stable,
    )


def settings_name(inference_service: str) -> str:
    """Name of the ConfigMap with the settings of a variant's gateway."""
    return f"{inference_service}-gateway"


def settings_text(shape: ServiceShape, gateway: GatewayShape, namespace: str) -> str:
    """The gateway's settings file.

    Both variants are asked for by the same name, whatever their folders are called.
    """
    server = f"{part_of(shape.service, shape.variant, Part.SERVER)}.{namespace}"
    keys: dict[str, Any] = {"required": False}
    if gateway.keys_secret:
        keys = {"required": True, "file": f"{KEYS_FOLDER}/{KEYS_FILE}"}
    settings: dict[str, Any] = {
        **gateway.settings,
        "listen": {
            "host": "0.0.0.0",  # noqa: S104 - in a pod, where network policies say who comes in
            "http_port": HTTP_PORT,
            "grpc_port": GRPC_PORTS[Part.GATEWAY],
            "deadline_seconds": shape.timeout_seconds,
            "drain_seconds": max(shape.grace_seconds - 2 * LINGER_SECONDS, 1),
        },
        "upstream": {"grpc": f"{server}:{GRPC_PORT}", "http": f"{server}:80"},
        "keys": keys,
    }
    if gateway.model_settings:
        settings["models"] = [{**gateway.model_settings, "triton": shape.model}]
    return json.dumps(settings, indent=1, sort_keys=True)


def settings_digest(text: str) -> str:
    """What stands in `SETTINGS_ANNOTATION`."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def transformer(
    shape: ServiceShape, gateway: GatewayShape, account: Any, settings: str
) -> dict[str, Any]:
    """The transformer of an InferenceService.

    Args:
        shape: The variant.
        gateway: Its gateway.
        account: Name of the service account.
        settings: Its settings file, as `settings_text` writes it.
    """
    volumes: list[dict[str, Any]] = [
        {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
        {"name": "settings", "configMap": {"name": settings_name(shape.name)}},
    ]
    if gateway.keys_secret:
        secret = {"secretName": gateway.keys_secret, "defaultMode": 0o440}
        volumes.append({"name": "keys", "secret": secret})
    return {
        **pod_parts(shape, account, Part.GATEWAY),
        "minReplicas": gateway.min_replicas,
        "maxReplicas": gateway.max_replicas,
        "timeout": shape.timeout_seconds,
        # of both variants alike, so that a rollout sees whether they differ
        "annotations": {
            SETTINGS_ANNOTATION: settings_digest(settings.replace(shape.name, shape.service))
        },
        "containers": [_container(gateway)],
        "volumes": volumes,
    }


def _container(gateway: GatewayShape) -> dict[str, Any]:
    memory = f"{gateway.memory_mib}Mi"
    mounts = [
        {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
        {"name": "settings", "mountPath": FOLDER, "readOnly": True},
    ]
    if gateway.keys_secret:
        mounts.append({"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True})
    ready = "/v2/health/live" if gateway.wakes else "/v2/health/ready"
    return {
        "name": CONTAINER,
        "image": gateway.image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["serve", f"--config={FOLDER}/{SETTINGS_FILE}", f"--http_port={HTTP_PORT}"],
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108 - a volume of the pod's own
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"},
            {"name": "grpc", "containerPort": GRPC_PORTS[Part.GATEWAY], "protocol": "TCP"},
        ],
        "startupProbe": {**_probe("/v2/health/live", 2), "failureThreshold": 60},
        "readinessProbe": {**_probe(ready, 5), "failureThreshold": 3},
        "livenessProbe": {**_probe("/v2/health/live", 15), "failureThreshold": 4},
        "lifecycle": {"preStop": {"sleep": {"seconds": LINGER_SECONDS}}},
        "resources": {
            "requests": {"cpu": cpu_amount(gateway.cpus), "memory": memory},
            # KServe would put one CPU on a container that states no limit
            "limits": {"cpu": cpu_amount(max(1, gateway.cpus)), "memory": memory},
        },
        "securityContext": container_security(),
        "volumeMounts": mounts,
    }


def _probe(path: str, period: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": HTTP_PORT, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
    }
