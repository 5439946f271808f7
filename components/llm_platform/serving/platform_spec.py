"""What a serving platform is made of, and the objects by which its gates are tried. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llm_platform.addons.kinds import Layer
from llm_platform.addons.repositories import MONITORS
from llm_platform.addons.table import ADDONS
from llm_platform.addons.values.common import RESTRICTED_CONTAINER
from llm_platform.versions import TRITON

CERT_MANAGER = "cert-manager"
GATEWAY = "gateway-helm"
KSERVE = "kserve-resources"
KEDA = "keda"
VPA = "vertical-pod-autoscaler"

PARTS = (MONITORS, "kserve-crd", GATEWAY, CERT_MANAGER, KEDA, VPA, KSERVE)
"""Add-ons of a serving platform. Resource metrics come with the cluster: metrics-server is an
add-on of EKS."""
OPTIONAL = (KEDA, VPA)
"""Parts that may be left out: nothing scales by queues then, or recommends requests."""

GATE = "llm-platform-gate"
"""Name of every gate object."""


@dataclass(frozen=True)
class Gate:
    """An object that only a working webhook lets pass.

    Attributes:
        addon: Add-on whose webhook judges it.
        api_version: Its API version.
        kind: Its kind.
        spec: A spec that does nothing.
    """

    addon: str
    api_version: str
    kind: str
    spec: Mapping[str, Any]


GATES = (
    Gate(CERT_MANAGER, "cert-manager.io/v1", "Issuer", {"selfSigned": {}}),
    Gate(
        KSERVE,
        "serving.kserve.io/v1alpha1",
        "ServingRuntime",
        {
            "disabled": True,
            "containers": [
                {
                    "name": "kserve-container",
                    "image": TRITON.reference,
                    "securityContext": {**RESTRICTED_CONTAINER, "runAsNonRoot": True},
                }
            ],
        },
    ),
    Gate(
        KEDA,
        "keda.sh/v1alpha1",
        "TriggerAuthentication",
        {"env": [{"parameter": "gate", "name": "GATE"}]},
    ),
)
"""Envoy Gateway judges nothing by a webhook, and the Vertical Pod Autoscaler's lets everything
pass while it is down: neither has a gate."""


def parts(without: tuple[str, ...]) -> list[str]:
    """The parts that are installed."""
    return [name for name in PARTS if name not in without]


def is_definition(name: str) -> bool:
    """Whether a part is nothing but definitions, and belongs into the layer of those."""
    return ADDONS[name].layer is Layer.CRDS


def namespace_of(name: str) -> str:
    """Namespace of a part."""
    return ADDONS[name].namespace
