"""aws:eks/cluster:Cluster."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none, retry_on
from local.providers.aws.handler import Change, Properties, block, given, many, renamed
from local.providers.aws.resources.eks_common import (
    EksHandler,
    await_gone,
    await_status,
    await_update,
    tags_argument,
)
from local.providers.aws.resources.iam_roles import stamp
from local.providers.aws.schema import AutoName, Field, Schema

_IN_USE = frozenset({"ResourceInUseException"})
_NETWORK = {
    "subnetIds": Field(required=True, unordered=True),
    "securityGroupIds": Field(unordered=True),
    "endpointPrivateAccess": Field(default=False),
    "endpointPublicAccess": Field(default=True),
    "publicAccessCidrs": Field(computed=True, unordered=True),
}
_ENDPOINT_SETTINGS = ("endpointPrivateAccess", "endpointPublicAccess", "publicAccessCidrs")
_PLAIN_BLOCKS = ("upgradePolicy", "zonalShiftConfig")


class _Cluster(EksHandler):
    """The id is the name."""

    urn_type = "aws:eks/cluster:Cluster"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "roleArn": Field(required=True, replace=True),
            "version": Field(computed=True),
            "vpcConfig": Field(required=True, fields=_NETWORK),
            "accessConfig": Field(
                computed=True,
                fields={
                    "authenticationMode": Field(computed=True),
                    "bootstrapClusterCreatorAdminPermissions": Field(kept=True, replace=True),
                },
            ),
            "bootstrapSelfManagedAddons": Field(kept=True, default=True, replace=True),
            "defaultAddonsToRemoves": Field(kept=True),
            "enabledClusterLogTypes": Field(unordered=True),
            "encryptionConfig": Field(
                fields={
                    "provider": Field(required=True, fields={"keyArn": Field(required=True)}),
                    "resources": Field(required=True, unordered=True),
                }
            ),
            "kubernetesNetworkConfig": Field(
                computed=True,
                replace=True,
                fields={
                    "ipFamily": Field(computed=True),
                    "serviceIpv4Cidr": Field(computed=True),
                },
            ),
            "upgradePolicy": Field(computed=True, fields={"supportType": Field(computed=True)}),
            "zonalShiftConfig": Field(computed=True, fields={"enabled": Field()}),
            "deletionProtection": Field(computed=True),
            "forceUpdateVersion": Field(kept=True),
        },
        name=AutoName(longest=100),
        computed=(
            "arn",
            "certificateAuthority",
            "createdAt",
            "endpoint",
            "identities",
            "platformVersion",
            "status",
            "vpcConfig.clusterSecurityGroupId",
            "vpcConfig.vpcId",
        ),
        volatile=("platformVersion",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        network = given(inputs["vpcConfig"], {name: name for name in _NETWORK})
        arguments = given(
            inputs,
            {
                "version": "version",
                "accessConfig": "accessConfig",
                "bootstrapSelfManagedAddons": "bootstrapSelfManagedAddons",
                "kubernetesNetworkConfig": "kubernetesNetworkConfig",
                "upgradePolicy": "upgradePolicy",
                "zonalShiftConfig": "zonalShiftConfig",
                "deletionProtection": "deletionProtection",
            },
        )
        if inputs.get("enabledClusterLogTypes"):
            arguments["logging"] = _logging(inputs["enabledClusterLogTypes"], [])
        if inputs.get("encryptionConfig"):
            arguments["encryptionConfig"] = [inputs["encryptionConfig"]]
        answer = cloud.client("eks").create_cluster(
            name=inputs["name"],
            roleArn=inputs["roleArn"],
            resourcesVpcConfig=network,
            **arguments,
            **tags_argument(inputs),
        )
        return answer["cluster"]["name"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        await_status(cloud, f"cluster {rid}", "describe_cluster", "cluster", {"name": rid})

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        answer = missing_as_none(lambda: cloud.client("eks").describe_cluster(name=rid))
        if answer is None:
            return None
        cluster = answer["cluster"]
        network = cluster["resourcesVpcConfig"]
        logs = many(block(cluster, "logging"), "clusterLogging")
        encryption = cluster.get("encryptionConfig") or [None]
        issuer = block(block(cluster, "identity"), "oidc").get("issuer")
        return {
            **renamed(
                cluster,
                {
                    "arn": "arn",
                    "name": "name",
                    "roleArn": "roleArn",
                    "version": "version",
                    "endpoint": "endpoint",
                    "status": "status",
                    "platformVersion": "platformVersion",
                    "accessConfig": "accessConfig",
                    "upgradePolicy": "upgradePolicy",
                    "zonalShiftConfig": "zonalShiftConfig",
                    "deletionProtection": "deletionProtection",
                },
            ),
            "createdAt": stamp(cluster.get("createdAt")),
            "certificateAuthority": cluster.get("certificateAuthority"),
            "identities": [{"oidcs": [{"issuer": issuer}]}] if issuer else [],
            "enabledClusterLogTypes": [t for g in logs if g["enabled"] for t in g["types"]],
            "encryptionConfig": encryption[0],
            "kubernetesNetworkConfig": cluster.get("kubernetesNetworkConfig"),
            "vpcConfig": {
                **{name: network.get(name) for name in _NETWORK},
                "clusterSecurityGroupId": network.get("clusterSecurityGroupId"),
                "vpcId": network.get("vpcId"),
            },
            "tagsAll": tags.from_map(cluster.get("tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        eks, name, new = cloud.client("eks"), change.id, change.new
        changed = change.changed
        # EKS takes one change at a time, and the version goes first, as in the official provider.
        if "version" in changed:
            force = given(new, {"forceUpdateVersion": "force"})
            answer = eks.update_cluster_version(name=name, version=new["version"], **force)
            await_update(cloud, answer, name)
        if "encryptionConfig" in changed:
            answer = eks.associate_encryption_config(
                clusterName=name, encryptionConfig=[new["encryptionConfig"]]
            )
            await_update(cloud, answer, name)
        for arguments in _config_updates(change):
            await_update(cloud, eks.update_cluster_config(name=name, **arguments), name)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        # Node groups that are on their way out hold the cluster for a while.
        retry_on(_IN_USE, lambda: cloud.client("eks").delete_cluster(name=rid))
        await_gone(cloud, f"cluster {rid}", "describe_cluster", name=rid)


def _config_updates(change: Change) -> list[Properties]:
    """Arguments of one UpdateClusterConfig call each."""
    updates: list[Properties] = []
    new, changed = change.new, change.changed
    if "enabledClusterLogTypes" in changed:
        wanted = many(new, "enabledClusterLogTypes")
        updates.append({"logging": _logging(wanted, change.old.get("enabledClusterLogTypes"))})
    if "accessConfig" in changed:
        mode = block(new, "accessConfig").get("authenticationMode")
        updates.append({"accessConfig": {"authenticationMode": mode}})
    if "deletionProtection" in changed:
        updates.append({"deletionProtection": bool(new.get("deletionProtection"))})
    updates.extend({name: new[name]} for name in _PLAIN_BLOCKS if name in changed)
    if "vpcConfig" in changed:
        old_network, network = block(change.old, "vpcConfig"), new["vpcConfig"]
        differing = {name for name in _NETWORK if old_network.get(name) != network.get(name)}
        for names in (_ENDPOINT_SETTINGS, ("subnetIds", "securityGroupIds")):
            if differing & set(names):
                wanted = {name: network[name] for name in names if network.get(name) is not None}
                updates.append({"resourcesVpcConfig": wanted})
    return updates


def _logging(wanted: list[str], old: list[str] | None) -> Properties:
    groups = [{"types": sorted(wanted), "enabled": True}]
    groups.append({"types": sorted(set(old or []) - set(wanted)), "enabled": False})
    return {"clusterLogging": [group for group in groups if group["types"]]}


HANDLERS = (_Cluster(),)
