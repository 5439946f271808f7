"""The form of a StatefulSet: every replica keeps its volume of weights and caches. Pure."""

from typing import Any

from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.llm_service_spec import part_labels
from llm_platform.serving.plain_pods import MODELS, pod_spec
from llm_platform.serving.routes import Part, part_of

Spec = dict[str, Any]

HEADLESS_SUFFIX = "-pods"


def headless_name(shape: ServiceShape) -> str:
    """Name of the headless Service, below which every replica has a host name."""
    return f"{part_of(shape.service, shape.variant, Part.SERVER)}{HEADLESS_SUFFIX}"


def stateful_set(
    shape: ServiceShape, account: Any, repository: Any, storage_gib: int, storage_class: str
) -> Spec:
    """The StatefulSet of a variant's model server.

    A volume is kept when its replica goes for a while, and deleted with the StatefulSet: it holds
    nothing but what can be fetched again. ``replicas`` is stated only where nobody scales.

    Args:
        shape: The variant.
        account: Name of the service account.
        repository: URI of the model's folder.
        storage_gib: Size of each volume.
        storage_class: Its class; the cluster's when empty.
    """
    labels = part_labels(shape, Part.SERVER)
    claim: Spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{storage_gib}Gi"}},
    }
    if storage_class:
        claim["storageClassName"] = storage_class
    spec: Spec = {
        "serviceName": headless_name(shape),
        # weights are loaded by all at the same time; nobody waits for a neighbour
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "RollingUpdate"},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": pod_spec(shape, account, repository),
        },
        "volumeClaimTemplates": [{"metadata": {"name": MODELS}, "spec": claim}],
    }
    if not shape.scaled:
        spec["replicas"] = shape.min_replicas
    return spec
