from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.node.eks.credentials import (
    Caller,
    RefusedError,
    caller_of,
    is_old,
    role_of,
    session_tags,
)

CALLER = Caller("team-a", "model", "model-0", "u1")


def review(**changes: Any) -> dict[str, Any]:
    extra = {
        "authentication.kubernetes.io/pod-name": ["model-0"],
        "authentication.kubernetes.io/pod-uid": ["u1"],
    }
    user = {"username": "system:serviceaccount:team-a:model", "extra": extra}
    status = {
        "authenticated": True,
        "audiences": ["pods.eks.amazonaws.com"],
        "user": user,
        **changes,
    }
    return {"status": status}


def cluster(**association: Any) -> dict[str, Any]:
    entry = {
        "associationId": "a-1",
        "namespace": "team-a",
        "serviceAccount": "model",
        "roleArn": "arn:aws:iam::123456789012:role/reader",
        "targetRoleArn": "",
        "externalId": "",
        "disableSessionTags": False,
        "problem": "",
        **association,
    }
    arn = "arn:aws:eks:eu-central-1:123456789012:cluster/c"
    return {"name": "c", "arn": arn, "region": "eu-central-1", "associations": [entry]}


def test_a_token_tells_its_pod() -> None:
    assert caller_of(review()) == CALLER


@pytest.mark.parametrize(
    "changes",
    [
        {"authenticated": False, "error": "expired"},
        {"audiences": ["https://kubernetes.default.svc"]},
        {"audiences": None},
        {"user": {"username": "system:serviceaccount:team-a:model"}},
        {"user": {"username": "admin", "extra": review()["status"]["user"]["extra"]}},
    ],
)
def test_other_tokens_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as caught:
        caller_of(review(**changes))
    assert caught.value.status == 400


def test_a_role_is_found_by_namespace_and_service_account() -> None:
    role = role_of([cluster()], "team-a", "model")
    assert role is not None
    assert (role.cluster, role.arn, role.is_tagged) == ("c", cluster_role(), True)
    assert role_of([cluster()], "team-b", "model") is None
    assert role_of([cluster()], "team-a", "other") is None
    assert role_of([], "team-a", "model") is None


def cluster_role() -> str:
    return str(cluster()["associations"][0]["roleArn"])


def test_an_association_may_switch_tags_off() -> None:
    role = role_of([cluster(disableSessionTags=True)], "team-a", "model")
    assert role is not None
    assert not role.is_tagged


def test_a_session_carries_who_the_pod_is() -> None:
    role = role_of([cluster()], "team-a", "model")
    assert role is not None
    assert session_tags(role, CALLER) == {
        "eks-cluster-arn": "arn:aws:eks:eu-central-1:123456789012:cluster/c",
        "eks-cluster-name": "c",
        "kubernetes-namespace": "team-a",
        "kubernetes-service-account": "model",
        "kubernetes-pod-name": "model-0",
        "kubernetes-pod-uid": "u1",
    }


def test_credentials_are_handed_out_until_shortly_before_their_end() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    for minutes, old in ((60, False), (16, False), (14, True), (-1, True)):
        ends = (now + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        assert is_old({"Expiration": ends}, now) is old
