"""EKS over HTTP: the table of operations that are ours."""

from collections.abc import Mapping

from moto.eks.responses import EKSResponse

from local.aws.eks import (
    access,
    addons,
    clusters,
    nodegroups,
    pod_identity,
    tags,
    updates,
    versions,
)
from local.aws.operations import Operation, TableResponse

OPERATIONS: Mapping[str, Operation] = {
    "CreateCluster": clusters.create,
    "DescribeCluster": clusters.describe,
    "ListClusters": clusters.list_names,
    "DeleteCluster": clusters.delete,
    "UpdateClusterConfig": updates.update_config,
    "UpdateClusterVersion": updates.update_version,
    "AssociateEncryptionConfig": updates.associate_encryption,
    "DescribeUpdate": updates.describe,
    "ListUpdates": updates.list_ids,
    "DescribeClusterVersions": versions.describe,
    "CreateNodegroup": nodegroups.create,
    "DescribeNodegroup": nodegroups.describe,
    "ListNodegroups": nodegroups.list_names,
    "DeleteNodegroup": nodegroups.delete,
    "UpdateNodegroupConfig": nodegroups.update_config,
    "UpdateNodegroupVersion": nodegroups.update_version,
    "CreateAddon": addons.create,
    "DescribeAddon": addons.describe,
    "ListAddons": addons.list_names,
    "UpdateAddon": addons.update,
    "DeleteAddon": addons.delete,
    "DescribeAddonVersions": addons.describe_versions,
    "DescribeAddonConfiguration": addons.describe_configuration,
    "CreateAccessEntry": access.create_entry,
    "DescribeAccessEntry": access.describe_entry,
    "ListAccessEntries": access.list_entries,
    "UpdateAccessEntry": access.update_entry,
    "DeleteAccessEntry": access.delete_entry,
    "AssociateAccessPolicy": access.associate,
    "DisassociateAccessPolicy": access.disassociate,
    "ListAssociatedAccessPolicies": access.list_associated,
    "ListAccessPolicies": access.list_policies,
    "CreatePodIdentityAssociation": pod_identity.create,
    "DescribePodIdentityAssociation": pod_identity.describe,
    "ListPodIdentityAssociations": pod_identity.list_summaries,
    "UpdatePodIdentityAssociation": pod_identity.update,
    "DeletePodIdentityAssociation": pod_identity.delete,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.list_tags,
}


class EksResponse(TableResponse, EKSResponse):
    """Ours first, then moto's (Fargate profiles)."""

    operations = OPERATIONS
