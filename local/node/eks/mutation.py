"""What EKS's webhook changes in a new pod, as a JSON patch. Pure.

Names and paths are those of EKS Pod Identity; ``AWS_ENDPOINT_URL`` is the emulated cloud's own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.node.eks.kube import Document
from local.node.eks.node_groups import GENERAL, GPU, HOSTNAME, SIMULATED
from local.providers.kubernetes.trees import mapping, mappings, sequence

AGENT_ADDRESS = "169.254.170.23"
CREDENTIALS_PATH = "/v1/credentials"
AUDIENCE = "pods.eks.amazonaws.com"
VOLUME = "eks-pod-identity-token"
MOUNT = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
TOKEN_SECONDS = 86400
FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 the name of a variable
SKIPPED = "eks.amazonaws.com/skip-containers"
"""Annotation with the names of containers that are left alone, separated by commas."""

Patch = list[dict[str, Any]]


@dataclass(frozen=True)
class Surroundings:
    """What pods are told about the cloud they run in.

    Attributes:
        region: Region of the cluster.
        endpoint: Address of the emulated AWS.
    """

    region: str
    endpoint: str


def identity_patch(pod: Document, around: Surroundings) -> Patch:
    """Give a pod whose service account has an association the way to its credentials."""
    variables = {
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_DEFAULT_REGION": around.region,
        "AWS_REGION": around.region,
        "AWS_ENDPOINT_URL": around.endpoint,
        FULL_URI: f"http://{AGENT_ADDRESS}{CREDENTIALS_PATH}",
        TOKEN_FILE: f"{MOUNT}/{VOLUME}",
    }
    annotations = _metadata(pod, "annotations")
    skipped = {name.strip() for name in annotations.get(SKIPPED, "").split(",")}
    patch: Patch = []
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(mappings(pod["spec"].get(kind))):
            if container["name"] not in skipped and not _has_own(container):
                patch += _container_patch(f"/spec/{kind}/{index}", container, variables)
    volumes = mappings(pod["spec"].get("volumes"))
    if not patch or any(volume["name"] == VOLUME for volume in volumes):
        return patch
    token = {"audience": AUDIENCE, "expirationSeconds": TOKEN_SECONDS, "path": VOLUME}
    volume = {"name": VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}
    return [*patch, *_appended("/spec/volumes", volumes, [volume])]


def _metadata(pod: Document, name: str) -> Mapping[str, str]:
    return mapping(mapping(pod.get("metadata")).get(name))


def _has_own(container: Document) -> bool:
    """Whether a container brings a way to credentials of its own, or was changed already."""
    names = {each["name"] for each in mappings(container.get("env"))}
    return bool(names & {FULL_URI, TOKEN_FILE})


def _container_patch(path: str, container: Document, variables: Mapping[str, str]) -> Patch:
    env = mappings(container.get("env"))
    names = {each["name"] for each in env}
    added = [{"name": key, "value": text} for key, text in variables.items() if key not in names]
    mounts = mappings(container.get("volumeMounts"))
    mount = {"name": VOLUME, "mountPath": MOUNT, "readOnly": True}
    own = [] if any(each["name"] == VOLUME for each in mounts) else [mount]
    return [
        *_appended(f"{path}/env", env, added),
        *_appended(f"{path}/volumeMounts", mounts, own),
    ]


def _appended(path: str, present: Sequence[Any], added: Sequence[Any]) -> Patch:
    """Add to a list that may not be there."""
    if not added:
        return []
    if not present:
        return [{"op": "add", "path": path, "value": list(added)}]
    return [{"op": "add", "path": f"{path}/-", "value": each} for each in added]


def simulation_patch(pod: Document, images: Collection[str]) -> Patch:
    """Send a pod to the simulated node when one of its images cannot be had.

    A pod that asks for GPUs is on a simulated node anyway, and one that is bound to a node,
    such as a DaemonSet's, is left alone.
    """
    spec: Document = pod["spec"]
    containers = [*mappings(spec.get("initContainers")), *mappings(spec.get("containers"))]
    if not any(each.get("image") in images for each in containers) or _is_placed(spec):
        return []
    labels = _metadata(pod, "labels")
    label = {"op": "add", "path": "/metadata/labels", "value": {**labels, SIMULATED: "true"}}
    patch: Patch = [label]
    if any(GPU in mapping(mapping(each.get("resources")).get("limits")) for each in containers):
        return patch
    toleration = {"key": SIMULATED, "operator": "Exists", "effect": "NoSchedule"}
    patch.append({"op": "add", "path": "/spec/nodeSelector", "value": {HOSTNAME: GENERAL}})
    if spec.get("affinity"):
        patch.append({"op": "remove", "path": "/spec/affinity"})
    tolerations = sequence(spec.get("tolerations"))
    return [*patch, *_appended("/spec/tolerations", tolerations, [toleration])]


def _is_placed(spec: Document) -> bool:
    """Whether a pod is for one node already, by name or as a DaemonSet's pods are."""
    if spec.get("nodeName"):
        return True
    affinity = mapping(mapping(spec.get("affinity")).get("nodeAffinity"))
    required = mapping(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    return any(
        field.get("key") == "metadata.name"
        for term in mappings(required.get("nodeSelectorTerms"))
        for field in mappings(term.get("matchFields"))
    )
