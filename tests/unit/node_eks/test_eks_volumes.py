from pathlib import Path
from typing import Any

import pytest

from local.node.eks.volumes import DRIVER, unwanted, wanted

FOLDER = Path("/cloud/volumes")
CLASSES: list[dict[str, Any]] = [{"metadata": {"name": "gp3"}, "reclaimPolicy": "Retain"}]
PROVISIONER = "volume.kubernetes.io/storage-provisioner"


def claim(
    annotations: dict[str, str] | None = None, phase: str = "Pending", **spec: Any
) -> dict[str, Any]:
    asked = {PROVISIONER: DRIVER} if annotations is None else annotations
    return {
        "metadata": {"namespace": "a", "name": "c", "uid": "u", "annotations": asked},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "gp3",
            "resources": {"requests": {"storage": "1Gi"}},
            **spec,
        },
        "status": {"phase": phase},
    }


def made(subject: dict[str, Any], present: tuple[dict[str, Any], ...] = ()) -> list[Any]:
    return wanted([subject], present, CLASSES, FOLDER, "local-node")


def test_a_waiting_claim_gets_a_folder_on_the_node() -> None:
    found = made(claim())[0]
    spec = found.volume["spec"]
    assert found.name == "pvc-u"
    assert spec["local"] == {"path": "/cloud/volumes/pvc-u"}
    assert spec["claimRef"]["uid"] == "u"
    assert spec["capacity"] == {"storage": "1Gi"}
    assert spec["persistentVolumeReclaimPolicy"] == "Retain"
    term = spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]
    assert term["values"] == ["local-node"]


def test_a_volume_is_where_the_pod_was_placed() -> None:
    chosen = {PROVISIONER: DRIVER, "volume.kubernetes.io/selected-node": "simulated-l4-0"}
    spec = made(claim(chosen))[0].volume["spec"]
    term = spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]
    assert term["values"] == ["simulated-l4-0"]


@pytest.mark.parametrize(
    "subject",
    [
        claim({}),
        claim({PROVISIONER: "other"}),
        claim(phase="Bound"),
        claim(volumeName="pv"),
        claim(storageClassName="unknown"),
    ],
)
def test_other_claims_are_left_alone(subject: dict[str, Any]) -> None:
    assert made(subject) == []


def test_a_volume_is_made_once() -> None:
    assert made(claim(), ({"metadata": {"name": "pvc-u"}},)) == []


@pytest.mark.parametrize(
    ("phase", "policy", "maker", "goes"),
    [
        ("Released", "Delete", DRIVER, True),
        ("Released", "Retain", DRIVER, False),
        ("Bound", "Delete", DRIVER, False),
        ("Released", "Delete", "other", False),
    ],
)
def test_a_volume_goes_with_its_claim(phase: str, policy: str, maker: str, *, goes: bool) -> None:
    volume = {
        "metadata": {"name": "v", "annotations": {"pv.kubernetes.io/provisioned-by": maker}},
        "spec": {"persistentVolumeReclaimPolicy": policy},
        "status": {"phase": phase},
    }
    assert unwanted([volume]) == (["v"] if goes else [])
