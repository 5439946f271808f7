"""Volumes for claims of the EBS driver's storage classes: folders on the node. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.node.eks.kube import Document
from local.providers.kubernetes.trees import mapping

DRIVER = "ebs.csi.aws.com"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
"""Annotation of a claim that waits for a volume: who is to make it."""
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
HOSTNAME = "kubernetes.io/hostname"


@dataclass(frozen=True)
class Wanted:
    """A claim that waits for a volume.

    Attributes:
        name: Name of the volume to be made.
        volume: The PersistentVolume.
    """

    name: str
    volume: Document


def wanted(
    claims: Sequence[Document],
    volumes: Sequence[Document],
    classes: Sequence[Document],
    folder: Path,
    node: str,
) -> list[Wanted]:
    """Volumes to be made for the claims that wait for one.

    Args:
        claims: All claims.
        volumes: All volumes.
        classes: All storage classes.
        folder: Where the volumes' folders are.
        node: The node that a volume is on when no pod has been placed yet.
    """
    present = {each["metadata"]["name"] for each in volumes}
    by_name = {each["metadata"]["name"]: each for each in classes}
    found: list[Wanted] = []
    for claim in claims:
        metadata, spec = claim["metadata"], claim["spec"]
        annotations = mapping(metadata.get("annotations"))
        name = f"pvc-{metadata['uid']}"
        storage_class = by_name.get(spec.get("storageClassName", ""))
        waits = claim.get("status", {}).get("phase") == "Pending" and not spec.get("volumeName")
        if (
            waits
            and annotations.get(PROVISIONER) == DRIVER
            and storage_class is not None
            and name not in present
            and not metadata.get("deletionTimestamp")
        ):
            place = annotations.get(SELECTED_NODE) or node
            found.append(Wanted(name, _volume(name, claim, storage_class, folder, place)))
    return found


def _volume(
    name: str, claim: Document, storage_class: Mapping[str, Any], folder: Path, node: str
) -> Document:
    metadata, spec = claim["metadata"], claim["spec"]
    here = {"key": HOSTNAME, "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: DRIVER}},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "storageClassName": storage_class["metadata"]["name"],
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "local": {"path": str(folder / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def unwanted(volumes: Sequence[Document]) -> list[str]:
    """Names of volumes of ours whose claim is gone and that are not to be kept."""
    return [
        each["metadata"]["name"]
        for each in volumes
        if mapping(each["metadata"].get("annotations")).get(PROVISIONED_BY) == DRIVER
        and each.get("status", {}).get("phase") == "Released"
        and each["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
    ]
