"""What a served model is made of, as Kubernetes and KServe take it. Pure.

How KServe 0.20 treats an InferenceService in Standard mode was read in its source: a part's
Deployment and Service are named ``NAME-PART``; the first port of the container becomes port 80 of
the Service and the others keep their numbers; labels of the InferenceService are labels of the
pods; with the autoscaler class ``external`` nobody touches the number of pods, with ``none`` it is
``minReplicas``; the label ``cluster-local`` keeps it from making routes of its own.
"""

from typing import Any

from llm_platform.gpu.pool_data import GPU_RESOURCE, POOL_LABEL, TAINT_KEY
from llm_platform.serving import custom_server, vllm
from llm_platform.serving.kinds import ModelServer
from llm_platform.serving.llm_service_shape import ServiceShape, environment, resources
from llm_platform.serving.routes import Part, Variant
from llm_platform.serving.startup import failures
from llm_platform.serving.triton import (
    GRPC_PORT,
    HTTP_PORT,
    METRICS_PORT,
    MODEL_FOLDER,
    MODEL_FORMAT,
    MODEL_FORMAT_VERSION,
    container_security,
    load_arg,
    pod_security,
    ready_probe,
)

Spec = dict[str, Any]

PART_LABEL = "component"
"""Set by KServe on every pod of a served model: what it is of it."""
SERVICE_LABEL = "llm-platform.dev/service"
"""Ours, on pods of both variants."""
VARIANT_LABEL = "llm-platform.dev/variant"
"""Ours, which variant a pod is of."""

DEPLOYMENT_MODE = "serving.kserve.io/deploymentMode"
AUTOSCALER_CLASS = "serving.kserve.io/autoscalerClass"
VISIBILITY = "networking.kserve.io/visibility"

NAME_LIMIT = 40
"""KServe and Kubernetes add to the name; what comes out must fit into 63 characters, and the
host name ``NAME-NAMESPACE`` into one label of DNS."""
CANDIDATE_NAME_LIMIT = 36
"""With a candidate: KServe labels its pods ``isvc.NAME-candidate-transformer``."""
HOST_LABEL_LIMIT = 63

CLAIM = "pvc://"
"""A volume claim with the model repository. KServe mounts it where models are; of a list of URIs
it would forget the folder within the claim."""


def service_labels(service: str, variant: Variant) -> dict[str, str]:
    """Labels of an InferenceService, which its pods get too."""
    return {
        SERVICE_LABEL: service,
        VARIANT_LABEL: variant.value,
        VISIBILITY: "cluster-local",
    }


def service_annotations(shape: ServiceShape) -> dict[str, str]:
    """Annotations of an InferenceService: Deployments, and who says how many pods there are."""
    return {
        DEPLOYMENT_MODE: "Standard",
        AUTOSCALER_CLASS: "external" if shape.scaled else "none",
    }


def part_labels(shape: ServiceShape, part: Part) -> dict[str, str]:
    """Labels by which the pods of one part of one variant are found."""
    return {
        SERVICE_LABEL: shape.service,
        VARIANT_LABEL: shape.variant.value,
        PART_LABEL: part.value,
    }


def service_part_labels(service: str, part: Part) -> dict[str, str]:
    """Labels by which the pods of one part of both variants are found."""
    return {SERVICE_LABEL: service, PART_LABEL: part.value}


def serving_ports(shape: ServiceShape) -> tuple[int, ...]:
    """Ports on which a model server's pods are asked."""
    if shape.server is ModelServer.TRITON:
        return (HTTP_PORT, GRPC_PORT)
    return (shape.custom.port if shape.custom else vllm.HTTP_PORT,)


def metrics_port(shape: ServiceShape) -> int:
    """Port on which a model server's pods tell their metrics."""
    return METRICS_PORT if shape.server is ModelServer.TRITON else serving_ports(shape)[0]


def predictor(shape: ServiceShape, runtime: Any, account: Any, repository: Any) -> Spec:
    """The predictor of an InferenceService.

    The model lies in a folder of its own name, as Triton wants it. No service account token is
    mounted: Pod Identity brings its own, and nothing else talks to the API server.

    Args:
        shape: The variant.
        runtime: Name of the runtime; unused by a server of ones own.
        account: Name of the service account.
        repository: URI of the model's folder; of a claim, that of the whole repository.
    """
    spec: Spec = {
        **pod_parts(shape, account, Part.SERVER),
        "minReplicas": shape.min_replicas,
        "maxReplicas": shape.max_replicas,
        "timeout": shape.timeout_seconds,
    }
    claim = isinstance(repository, str) and repository.startswith(CLAIM)
    if not claim:
        spec["storageUris"] = storage(shape, repository)
    if shape.server is ModelServer.CUSTOM:
        spec["containers"] = [custom_server.container(shape)]
        spec["volumes"] = custom_server.VOLUMES
    else:
        spec["model"] = _model(shape, runtime)
        if claim:
            spec["model"]["storageUri"] = repository.rstrip("/")
    return spec


def pod_parts(shape: ServiceShape, account: Any, part: Part) -> Spec:
    """What pods have in common whatever runs in them."""
    spec: Spec = {
        "terminationGracePeriodSeconds": shape.grace_seconds,
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "topologySpreadConstraints": spread(part_labels(shape, part)),
        "deploymentStrategy": {
            "type": "RollingUpdate",
            # a new pod is ready before an old one goes
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
    }
    if shape.priority_class:
        spec["priorityClassName"] = shape.priority_class
    if part is Part.SERVER:
        spec.update(placement(shape))
    return spec


def placement(shape: ServiceShape) -> Spec:
    """Where pods with GPUs may stand."""
    spec: Spec = {}
    if shape.gpus:
        spec["tolerations"] = [{"key": TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}]
    if shape.pool:
        spec["nodeSelector"] = {POOL_LABEL: shape.pool}
    return spec


def storage(shape: ServiceShape, repository: Any) -> list[Spec]:
    """What is fetched before the server starts."""
    found: list[Spec] = [{"uri": repository, "mountPath": f"{MODEL_FOLDER}/{shape.model}"}]
    found += [
        {"uri": each.uri, "mountPath": f"{MODEL_FOLDER}/{vllm.ADAPTERS}/{each.name}"}
        for each in shape.adapters
    ]
    return found


def _model(shape: ServiceShape, runtime: Any) -> Spec:
    triton = shape.server is ModelServer.TRITON
    own = [load_arg(shape.model)] if triton else vllm.model_args(shape)
    # no name of the container: KServe gives it, and its webhook refuses another
    model: Spec = {
        "modelFormat": {"name": MODEL_FORMAT, "version": MODEL_FORMAT_VERSION}
        if triton
        else {"name": vllm.MODEL_FORMAT},
        "runtime": runtime,
        "args": [*own, *shape.extra_args],
        "resources": resources(shape, GPU_RESOURCE),
        "securityContext": container_security(),
    }
    if triton:
        model["protocolVersion"] = "v2"
    if shape.image:
        model["image"] = shape.image
    if shape.env:
        model["env"] = environment(shape)
    if shape.startup_seconds:
        probe = ready_probe(10) if triton else vllm.ready_probe(10)
        model["startupProbe"] = {**probe, "failureThreshold": failures(shape.startup_seconds)}
    return model


def spread(labels: dict[str, str]) -> list[Spec]:
    """Over zones as far as possible; over nodes as well, so that one node's end is not all."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def disruption_budget(labels: dict[str, str]) -> Spec:
    """One pod may go at a time; one that is not ready anyway may always go."""
    return {
        "maxUnavailable": 1,
        "selector": {"matchLabels": labels},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
