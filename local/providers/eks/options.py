"""What of `eks.Cluster` and `eks.Addon` the stand-in knows; everything else is refused by name."""

from collections.abc import Iterable, Mapping
from typing import Any

CLUSTER_INPUTS = frozenset(
    {
        "accessEntries",
        "authenticationMode",
        "bootstrapSelfManagedAddons",
        "clusterSecurityGroupTags",
        "clusterTags",
        "corednsAddonOptions",
        "createOidcProvider",
        "deletionProtection",
        "enableConfigMapMutable",
        "enabledClusterLogTypes",
        "encryptionConfigKeyArn",
        "endpointPrivateAccess",
        "endpointPublicAccess",
        "ipFamily",
        "kubeProxyAddonOptions",
        "kubernetesServiceIpAddressRange",
        "name",
        "nodeSecurityGroupTags",
        "privateSubnetIds",
        "publicAccessCidrs",
        "publicSubnetIds",
        "serviceRole",
        "skipDefaultNodeGroup",
        "skipDefaultSecurityGroups",
        "subnetIds",
        "tags",
        "upgradePolicy",
        "useDefaultVpcCni",
        "version",
        "vpcCniOptions",
        "vpcId",
    }
)
"""Inputs of `eks.Cluster` that lead to the children that the real component makes."""

ADDON_INPUTS = frozenset(
    {
        "addonName",
        "addonVersion",
        "cluster",
        "configurationValues",
        "preserve",
        "resolveConflictsOnCreate",
        "resolveConflictsOnUpdate",
        "serviceAccountRoleArn",
        "tags",
    }
)
"""Inputs of `eks.Addon`."""


def refused(kind: str, inputs: Mapping[str, Any]) -> list[str]:
    """Why these inputs cannot be taken; empty when they can.

    Args:
        kind: ``Cluster`` or ``Addon``.
        inputs: The component's inputs, in the wire's camelCase.
    """
    known = CLUSTER_INPUTS if kind == "Cluster" else ADDON_INPUTS
    reasons = [
        f"input {key!r} is not built by the local stand-in" for key in inputs if key not in known
    ]
    if kind == "Cluster":
        reasons += _cluster_reasons(inputs)
    return reasons


def _cluster_reasons(inputs: Mapping[str, Any]) -> Iterable[str]:
    if inputs.get("skipDefaultNodeGroup") is not True:
        yield "a default node group is not built by the local stand-in; set skipDefaultNodeGroup"
    if inputs.get("authenticationMode") != "API":
        yield "only authenticationMode API is built by the local stand-in"
    if "vpcId" not in inputs:
        yield "the default VPC is not looked up by the local stand-in; set vpcId"
    if "subnetIds" in inputs and ("publicSubnetIds" in inputs or "privateSubnetIds" in inputs):
        yield "subnetIds excludes publicSubnetIds and privateSubnetIds"
    if "publicAccessCidrs" in inputs and inputs.get("endpointPublicAccess") is False:
        yield "publicAccessCidrs needs endpointPublicAccess"
