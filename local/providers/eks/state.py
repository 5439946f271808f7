"""The outputs of `eks.Cluster`, in the shape that its SDK reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import pulumi

from local.providers.eks import values
from local.providers.eks.raw import AwsResource, Role


@dataclass(frozen=True)
class Made:
    """What the component has made, as far as its outputs speak of it."""

    cluster: AwsResource
    role: Role | None
    kubeconfig: pulumi.Output[Any]
    provider: pulumi.ProviderResource
    subnets: Any
    issuer: pulumi.Output[Any]
    cluster_group: AwsResource | None
    node_group: AwsResource | None
    cluster_ingress: AwsResource | None
    oidc_provider: AwsResource | None


def component_state(inputs: Mapping[str, Any], made: Made) -> dict[str, Any]:
    """Every output of the component."""
    # without groups of its own the component names the one that EKS made
    own_group = made.cluster.output("vpcConfig").apply(
        lambda config: config["clusterSecurityGroupId"]
    )
    ingress, oidc = made.cluster_ingress, made.oidc_provider
    return values.present(
        autoModeNodeRoleName="",
        clusterIngressRuleId=ingress.output("securityGroupRuleId") if ingress else "",
        clusterSecurityGroup=made.cluster_group,
        clusterSecurityGroupId=made.cluster_group.id if made.cluster_group else own_group,
        core=_core(inputs, made),
        defaultNodeGroupAsgName="",
        eksCluster=made.cluster,
        eksClusterIngressRule=ingress,
        fargateProfileId="",
        fargateProfileStatus="",
        instanceRoles=[],
        kubeconfig=made.kubeconfig,
        kubeconfigJson=made.kubeconfig.apply(values.sorted_json),
        nodeSecurityGroup=made.node_group,
        nodeSecurityGroupId=made.node_group.id if made.node_group else own_group,
        oidcIssuer=made.issuer.apply(lambda url: str(url).removeprefix("https://")),
        oidcProviderArn=oidc.output("arn") if oidc else "",
        oidcProviderUrl=made.issuer,
    )


def _core(inputs: Mapping[str, Any], made: Made) -> dict[str, Any]:
    entries = cast("Mapping[str, Any]", inputs.get("accessEntries") or {})
    return values.present(
        accessEntries=list(entries.values()),
        autoModeNodeRoleName="",
        cluster=made.cluster,
        clusterIamRole=made.role.role if made.role else inputs.get("serviceRole"),
        clusterSecurityGroup=made.cluster_group,
        endpoint=made.cluster.output("endpoint"),
        instanceRoles=[],
        kubeconfig=made.kubeconfig,
        nodeGroupOptions=values.present(
            clusterIngressRule=made.cluster_ingress,
            nodeSecurityGroup=made.node_group,
            version=inputs.get("version"),
        ),
        oidcProvider=made.oidc_provider,
        privateSubnetIds=inputs.get("privateSubnetIds"),
        provider=made.provider,
        publicSubnetIds=inputs.get("publicSubnetIds"),
        storageClasses={},
        subnetIds=made.subnets,
        tags=inputs.get("tags"),
        vpcId=inputs["vpcId"],
    )
