"""Tags of everything that EKS makes, found by ARN."""

from typing import Any

from local.aws.eks.state import EksBackend, EksCluster, backend_of
from local.aws.operations import AwsError, Call, Document


def tag(call: Call) -> Document:
    """TagResource."""
    _find(call).update(call.document("tags"))
    return {}


def untag(call: Call) -> Document:
    """UntagResource."""
    tags = _find(call)
    for key in call.items("tagKeys"):
        tags.pop(key, None)
    return {}


def list_tags(call: Call) -> Document:
    """ListTagsForResource."""
    return {"tags": _find(call)}


def _find(call: Call) -> dict[str, str]:
    arn = call.text("resourceArn")
    for cluster in _clusters(backend_of(call)):
        for found, tags in _tagged(cluster):
            if found == arn:
                return tags
    message = f"Resource was not found: {arn}"
    raise AwsError("NotFoundException", message)


def _clusters(backend: EksBackend) -> list[EksCluster]:
    return [cluster for cluster in backend.clusters.values() if isinstance(cluster, EksCluster)]


def _tagged(cluster: EksCluster) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = [(cluster.arn, cluster.tags)]
    found += [(group.arn, group.tags) for group in cluster.nodegroups.values()]
    found += [
        (profile.fargate_profile_arn, profile.tags) for profile in cluster.fargate_profiles.values()
    ]
    parts: list[tuple[dict[str, Any], str]] = [
        (cluster.addons, "addonArn"),
        (cluster.access_entries, "accessEntryArn"),
        (cluster.associations, "associationArn"),
    ]
    for documents, name in parts:
        found += [(document[name], document["tags"]) for document in documents.values()]
    return found
