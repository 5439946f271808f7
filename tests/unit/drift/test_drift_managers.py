"""Who field managers are."""

import pytest
from drift_samples import OWN

from infra.drift.managers import owner_named
from infra.drift.model import OwnerKind
from local.providers.kubernetes.ownership import Holder


@pytest.mark.parametrize(
    ("manager", "subresource", "kind"),
    [
        (OWN, "", OwnerKind.PULUMI),
        ("pulumi-kubernetes-ffffffff", "", OwnerKind.PULUMI),
        ("kube-controller-manager", "scale", OwnerKind.AUTOSCALER),
        ("kube-controller-manager", "", OwnerKind.CONTROLLER),
        ("keda", "", OwnerKind.AUTOSCALER),
        ("keda-operator", "scale", OwnerKind.AUTOSCALER),
        ("karpenter", "", OwnerKind.AUTOSCALER),
        ("our-scaler", "scale", OwnerKind.AUTOSCALER),
        ("kserve-controller-manager", "", OwnerKind.ROLLOUT),
        ("argoexec", "", OwnerKind.ROLLOUT),
        ("Helm", "", OwnerKind.HELM),
        ("kubectl-client-side-apply", "", OwnerKind.PERSON),
        ("kubectl", "scale", OwnerKind.PERSON),
        ("Mozilla", "", OwnerKind.PERSON),
        ("a-tool-of-theirs", "", OwnerKind.OTHER),
    ],
)
def test_managers(manager: str, subresource: str, kind: OwnerKind) -> None:
    owner = owner_named(Holder(manager, "Update", subresource, "2026-11-24T10:00:00Z"), OWN)
    assert (owner.kind, owner.name) == (kind, manager)
    assert owner.detail.endswith(".")
