"""EKS add-ons of a `Cluster`, in the order in which each becomes healthy at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from llm_platform import versions
from llm_platform.aws.addon_settings import SETTINGS, ebs_settings
from llm_platform.aws.control_plane import ControlPlane
from llm_platform.aws.workload_identity import PolicyStatement, WorkloadIdentity
from llm_platform.component import PlatformComponent

SYSTEM_NAMESPACE = "kube-system"


class ClusterAddons:
    """Makes the add-ons that pulumi-eks' component does not.

    Args:
        component: Parent of what is made.
        name: First part of the logical names.
        plane: Control plane of the cluster.
        pins: Versions by add-on.
    """

    def __init__(
        self,
        component: PlatformComponent,
        name: str,
        plane: ControlPlane,
        pins: Mapping[str, str],
    ) -> None:
        self._component = component
        self._name = name
        self._plane = plane
        self._pins = pins

    def before_nodes(self) -> list[pulumi.Resource]:
        """The Pod Identity agent, and the CNI's own role: without it no node gets ready."""
        agent = self._addon(versions.POD_IDENTITY_AGENT, [self._plane.component])
        identity = self._identity("cni", "aws-node", ["AmazonEKS_CNI_Policy"], [])
        return [agent, identity]

    def after_nodes(
        self, nodes: pulumi.Resource, mounted_buckets: Sequence[pulumi.Input[str]]
    ) -> list[pulumi.Resource]:
        """The add-ons whose pods need a node to be healthy.

        Args:
            nodes: The system node group.
            mounted_buckets: ARNs of buckets that pods may mount; none leaves that driver out.
        """
        snapshots = self._addon(versions.SNAPSHOT_CONTROLLER, [nodes])
        made: list[pulumi.Resource] = [
            self._addon(versions.COREDNS, [nodes]),
            self._addon(versions.METRICS_SERVER, [nodes]),
            self._addon(versions.NODE_MONITORING, [nodes]),
            snapshots,
            self._ebs([nodes, snapshots]),
        ]
        if mounted_buckets:
            made.append(self._s3(nodes, mounted_buckets))
        return made

    def _ebs(self, gates: list[pulumi.Resource]) -> aws.eks.Addon:
        identity = self._identity(
            "ebs-csi", "ebs-csi-controller-sa", ["service-role/AmazonEBSCSIDriverPolicy"], []
        )
        tags = self._component.tagged(f"{self._name}-volumes")
        settings = pulumi.Output.from_input(tags).apply(ebs_settings)
        return self._addon(versions.EBS_CSI, [*gates, identity], settings)

    def _s3(self, nodes: pulumi.Resource, buckets: Sequence[pulumi.Input[str]]) -> aws.eks.Addon:
        objects: list[pulumi.Input[str]] = [
            pulumi.Output.concat(bucket, "/*") for bucket in buckets
        ]
        statements: list[PolicyStatement] = [
            {"sid": "ListBuckets", "actions": ["s3:ListBucket"], "resources": [*buckets]},
            {"sid": "ReadObjects", "actions": ["s3:GetObject"], "resources": objects},
        ]
        identity = self._identity("s3-csi", "s3-csi-driver-sa", [], statements)
        return self._addon(versions.S3_CSI, [nodes, identity])

    def _identity(
        self,
        label: str,
        service_account: str,
        managed_policies: list[str],
        statements: list[PolicyStatement],
    ) -> WorkloadIdentity:
        return WorkloadIdentity(
            f"{self._name}-{label}",
            {
                "cluster_name": self._plane.name,
                "namespace": SYSTEM_NAMESPACE,
                "service_account": service_account,
                "managed_policies": managed_policies,
                "statements": statements,
                "tags": dict(self._component.base_tags),
            },
            self._component.child(depends_on=[self._plane.component]),
        )

    def _addon(
        self,
        addon: str,
        gates: Sequence[pulumi.Resource],
        settings: pulumi.Input[Any] | None = None,
    ) -> aws.eks.Addon:
        own = f"{self._name}-{addon}"
        values = settings if settings is not None else SETTINGS.get(addon)
        return aws.eks.Addon(
            own,
            cluster_name=self._plane.name,
            addon_name=addon,
            addon_version=self._pins[addon],
            configuration_values=(
                None if values is None else pulumi.Output.json_dumps(values, sort_keys=True)
            ),
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=self._component.tagged(own),
            opts=self._component.child(depends_on=gates),
        )
