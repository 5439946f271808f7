"""Who a Kubernetes token belongs to, as aws-iam-authenticator decides it on EKS.

The token is a presigned URL of STS GetCallerIdentity (see `local.aws.presigned`).
"""

from datetime import UTC, datetime
from typing import Any

from local.aws import backends, callers
from local.aws.data.access_policies import policy_arn
from local.aws.facts import ACCOUNT
from local.aws.presigned import PresignedIdentity, RejectedTokenError, parse

_VERSIONS = ("authentication.k8s.io/v1", "authentication.k8s.io/v1beta1")


def review(document: dict[str, Any]) -> dict[str, Any]:
    """Answer a TokenReview (v1 or v1beta1) with its status filled in.

    Raises:
        ValueError: The document is no TokenReview.
    """
    version, kind = document.get("apiVersion"), document.get("kind")
    if version not in _VERSIONS or kind != "TokenReview":
        message = f"{version}/{kind}"
        raise ValueError(message)
    token = str(document["spec"]["token"])
    try:
        status: dict[str, Any] = {"authenticated": True, "user": user_of(token)}
    except RejectedTokenError as error:
        status = {"authenticated": False, "error": str(error)}
    return {"apiVersion": version, "kind": "TokenReview", "status": status}


def user_of(token: str, now: datetime | None = None) -> dict[str, Any]:
    """The Kubernetes user behind a token.

    Raises:
        RejectedTokenError: The token is malformed, expired, for another cluster, or of a
            principal without an access entry.
    """
    identity = parse(token, now or datetime.now(UTC))
    principal = callers.arn_of(identity.access_key)
    cluster = _cluster_of(identity, principal)
    entry: dict[str, Any] | None = cluster.access_entries.get(principal)
    if entry is None:
        message = f"{principal} has no access entry in cluster {cluster.name}"
        raise RejectedTokenError(message)
    access_key = identity.access_key
    session_arn, unique_id, session = callers.session_of(access_key)
    return {
        "username": _fill(str(entry["username"]), session),
        "uid": f"aws-iam-authenticator:{ACCOUNT}:{unique_id.partition(':')[0]}",
        "groups": [*entry["kubernetesGroups"], *_policy_groups(cluster, principal)],
        "extra": {
            "arn": [session_arn],
            "canonicalArn": [principal],
            "accessKeyId": [access_key],
            "sessionName": [session],
            "principalId": [unique_id],
        },
    }


def _cluster_of(identity: PresignedIdentity, principal: str) -> Any:
    """The cluster that the token was made for.

    Its name is signed but not in the URL, so it is found by trying: the signature fits one name.
    For a key whose secret the cloud does not know, it is the first cluster that knows the
    principal; all clusters of the cloud answer with the same API server.
    """
    clusters = [
        cluster for backend in backends.every_eks() for cluster in backend.clusters.values()
    ]
    secret = callers.secret_of(identity.access_key)
    if secret is not None:
        fitting = [each for each in clusters if identity.is_signed_for(each.name, secret)]
        if not fitting:
            message = f"the token is signed for no cluster of account {ACCOUNT}"
            raise RejectedTokenError(message)
        return fitting[0]
    if not clusters:
        message = f"account {ACCOUNT} has no cluster"
        raise RejectedTokenError(message)
    return next((each for each in clusters if principal in each.access_entries), clusters[0])


def _policy_groups(cluster: Any, principal: str) -> list[str]:
    """Groups that stand for access policies; only the cluster administrator's has rights here."""
    groups: list[str] = []
    held: dict[str, dict[str, Any]] = cluster.access_policies.get(principal, {})
    for arn, association in sorted(held.items()):
        everywhere = association["accessScope"]["type"] == "cluster"
        if arn == policy_arn("AmazonEKSClusterAdminPolicy") and everywhere:
            groups.append("system:masters")
        else:
            groups.append(f"eks-access-policy:{arn.rpartition('/')[2]}")
    return groups


def _fill(username: str, session: str) -> str:
    raw = username.replace("{{SessionNameRaw}}", session)
    return raw.replace("{{SessionName}}", session.replace("@", "-")).replace(
        "{{AccountID}}", ACCOUNT
    )
