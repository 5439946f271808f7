"""Pod identity associations."""

from typing import Any

from local.aws.eks.checks import find_role
from local.aws.eks.state import EksCluster, cluster_of, invalid, now, short_id
from local.aws.facts import ACCOUNT
from local.aws.operations import AwsError, Call, Document, page

_OPTIONAL = ("disableSessionTags", "targetRoleArn", "policy")


def create(call: Call) -> Document:
    """CreatePodIdentityAssociation: one per cluster, namespace and service account."""
    cluster = cluster_of(call)
    association = add(
        cluster,
        call.region,
        call.text("namespace"),
        call.text("serviceAccount"),
        call.text("roleArn"),
    )
    association["tags"] = dict(call.get("tags") or {})
    _set_options(association, call)
    return {"association": association}


def add(
    cluster: EksCluster, region: str, namespace: str, service_account: str, role_arn: str
) -> Document:
    """Make an association; ResourceInUseException when the service account has one."""
    for existing in cluster.associations.values():
        if (existing["namespace"], existing["serviceAccount"]) == (namespace, service_account):
            message = f"Association already exists: {existing['associationId']}"
            raise AwsError("ResourceInUseException", message, clusterName=cluster.name)
    _check_role(role_arn)
    identifier = f"a-{short_id()}"
    arn = f"arn:aws:eks:{region}:{ACCOUNT}:podidentityassociation/{cluster.name}/{identifier}"
    association: Document = {
        "clusterName": cluster.name,
        "namespace": namespace,
        "serviceAccount": service_account,
        "roleArn": role_arn,
        "associationArn": arn,
        "associationId": identifier,
        "tags": {},
        "createdAt": now(),
        "modifiedAt": now(),
        "disableSessionTags": False,
    }
    cluster.associations[identifier] = association
    return association


def _check_role(role_arn: str) -> None:
    if find_role(role_arn) is None:
        message = f"Role provided in the request does not exist. ({role_arn})"
        raise invalid(message)


def _set_options(association: Document, call: Call) -> None:
    for name in _OPTIONAL:
        value: Any = call.get(name)
        if value is not None:
            association[name] = value
    if association.get("targetRoleArn") and "externalId" not in association:
        external = f"{association['clusterName']}/{association['namespace']}"
        association["externalId"] = f"{ACCOUNT}/{external}/{association['serviceAccount']}"
    if association.get("policy") and not association.get("disableSessionTags"):
        message = "Session tags must be disabled when a policy is given"
        raise invalid(message)


def describe(call: Call) -> Document:
    """DescribePodIdentityAssociation."""
    return {"association": _find(call)[1]}


def list_summaries(call: Call) -> Document:
    """ListPodIdentityAssociations, filtered by namespace and service account."""
    cluster = cluster_of(call)
    names = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")
    found: list[Document] = []
    for identifier in sorted(cluster.associations):
        association = cluster.associations[identifier]
        filters = ("namespace", "serviceAccount")
        if any(call.get(key) and call.get(key) != association[key] for key in filters):
            continue
        summary: Document = {name: association[name] for name in names}
        if "ownerArn" in association:
            summary["ownerArn"] = association["ownerArn"]
        found.append(summary)
    items, token = page(found, call, invalid="InvalidParameterException")
    return {"associations": items, "nextToken": token}


def update(call: Call) -> Document:
    """UpdatePodIdentityAssociation."""
    cluster, association = _find(call)
    _refuse_owned(cluster, association)
    role_arn = call.get("roleArn")
    if role_arn:
        _check_role(str(role_arn))
        association["roleArn"] = str(role_arn)
    _set_options(association, call)
    association["modifiedAt"] = now()
    return {"association": association}


def delete(call: Call) -> Document:
    """DeletePodIdentityAssociation."""
    cluster, association = _find(call)
    _refuse_owned(cluster, association)
    del cluster.associations[association["associationId"]]
    return {"association": association}


def _refuse_owned(cluster: EksCluster, association: Document) -> None:
    owner = association.get("ownerArn")
    if owner:
        message = (
            f"Association {association['associationId']} of cluster {cluster.name} is owned by "
            f"the add-on {owner}; change it through the add-on."
        )
        raise AwsError("InvalidRequestException", message)


def _find(call: Call) -> tuple[EksCluster, Document]:
    cluster = cluster_of(call)
    identifier = call.text("associationId")
    association = cluster.associations.get(identifier)
    if association is None:
        message = f"Association not found: {identifier}"
        raise AwsError("ResourceNotFoundException", message, clusterName=cluster.name)
    return cluster, association
