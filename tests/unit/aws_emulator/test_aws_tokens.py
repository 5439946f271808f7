import base64
import http.client
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3.session
import pytest
from botocore.credentials import Credentials
from botocore.model import ServiceId
from botocore.signers import RequestSigner

from local.aws.client import ACCESS_KEY, SECRET_KEY
from local.aws.presigned import RejectedTokenError, parse
from tests.unit.aws_emulator.support import CLOUD_ID, REGION, Emulator, make_role


@cache
def _session() -> Any:
    return boto3.session.Session()


def make_token(
    cluster: str,
    endpoint: str = f"https://sts.{REGION}.amazonaws.com/",
    key: tuple[str, str, str | None] = (ACCESS_KEY, SECRET_KEY, None),
) -> str:
    """The token of ``aws eks get-token``, made in the same way."""
    signer: Any = RequestSigner(
        ServiceId("STS"),
        REGION,
        "sts",
        "v4",
        Credentials(*key),
        _session().events,
    )
    request: Any = {
        "method": "GET",
        "url": f"{endpoint}?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(
        request, region_name=REGION, expires_in=60, operation_name=""
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def ask(emulator: Emulator, method: str, path: str, document: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(emulator.endpoint.removeprefix("http://"), timeout=10)
    try:
        body = json.dumps(document) if document is not None else None
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    finally:
        connection.close()


def review(emulator: Emulator, token: str, version: str = "v1") -> Any:
    document = {
        "apiVersion": f"authentication.k8s.io/{version}",
        "kind": "TokenReview",
        "spec": {"token": token},
    }
    status, answer = ask(emulator, "POST", "/_llmp/token-review", document)
    assert status == 200
    assert answer["apiVersion"] == f"authentication.k8s.io/{version}"
    assert answer["kind"] == "TokenReview"
    return answer["status"]


def test_the_cloud_says_who_it_is(emulator: Emulator) -> None:
    assert ask(emulator, "GET", "/_llmp/identity") == (200, {"cloud_id": CLOUD_ID})


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_creator_is_an_administrator(emulator: Emulator, cluster: str, version: str) -> None:
    status = review(emulator, make_token(cluster), version)
    assert status["authenticated"] is True
    assert status["user"]["username"] == "arn:aws:iam::123456789012:user/local"
    assert status["user"]["groups"] == ["system:masters"]


def test_a_token_of_the_emulators_own_address_counts(emulator: Emulator, cluster: str) -> None:
    token = make_token(cluster, f"{emulator.endpoint}/")
    assert review(emulator, token)["authenticated"] is True


def test_a_role_is_mapped_through_its_entry(
    emulator: Emulator, eks: Any, iam: Any, cluster: str, name: str
) -> None:
    role = make_role(iam, f"{name}-viewer", "ec2.amazonaws.com")
    issued = emulator.client("sts").assume_role(RoleArn=role, RoleSessionName="ada")
    keys = issued["Credentials"]
    token = make_token(
        cluster, key=(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    )
    before = review(emulator, token)
    assert before["authenticated"] is False
    assert "has no access entry" in before["error"]
    eks.create_access_entry(clusterName=cluster, principalArn=role, kubernetesGroups=["readers"])
    eks.associate_access_policy(
        clusterName=cluster,
        principalArn=role,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope={"type": "cluster"},
    )
    user = review(emulator, token)["user"]
    assert user["username"] == f"arn:aws:sts::123456789012:assumed-role/{name}-viewer/ada"
    assert user["groups"] == ["readers", "eks-access-policy:AmazonEKSViewPolicy"]
    assert user["extra"]["canonicalArn"] == [role]


def test_an_administrator_of_a_namespace_is_no_master(
    emulator: Emulator, eks: Any, cluster: str
) -> None:
    eks.associate_access_policy(
        clusterName=cluster,
        principalArn="arn:aws:iam::123456789012:user/local",
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        accessScope={"type": "namespace", "namespaces": ["tenant"]},
    )
    groups = review(emulator, make_token(cluster))["user"]["groups"]
    assert groups == ["eks-access-policy:AmazonEKSClusterAdminPolicy"]


def test_a_token_for_another_cluster_is_rejected(emulator: Emulator, cluster: str) -> None:
    assert cluster
    status = review(emulator, make_token("somewhere-else"))
    assert status["authenticated"] is False
    assert "signed for no cluster" in status["error"]


def test_a_forged_signature_is_rejected(emulator: Emulator, cluster: str) -> None:
    token = make_token(cluster, key=(ACCESS_KEY, "wrong", None))
    assert review(emulator, token)["authenticated"] is False


def test_what_is_no_review_is_a_bad_request(emulator: Emulator) -> None:
    assert ask(emulator, "POST", "/_llmp/token-review", {"kind": "Pod"})[0] == 400
    assert ask(emulator, "POST", "/_llmp/token-review", ["x"])[0] == 400
    assert ask(emulator, "GET", "/_llmp/bogus")[0] == 404


def _url(token: str) -> str:
    encoded = token.removeprefix("k8s-aws-v1.")
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def _rejected(url: str, now: datetime | None = None) -> str:
    token = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode()
    with pytest.raises(RejectedTokenError) as caught:
        parse(token, now or datetime.now(UTC))
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("Action=GetCallerIdentity", "Action=GetSessionToken", "GetCallerIdentity"),
        ("https://sts.", "https://evil.", "is not STS"),
        ("https://sts.", "http://sts.", "is not https"),
        (".amazonaws.com", ".amazonaws.com.evil.example", "is not STS"),
        ("X-Amz-Expires=60", "X-Amz-Expires=901", "901"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1", "-1"),
        ("x-k8s-aws-id", "x-other", "is not signed"),
        ("&X-Amz-Signature=", "&X-Amz-Nothing=", "not signed"),
        ("%2Fsts%2F", "%2Fs3%2F", "scope"),
        ("X-Amz-Date=", "X-Amz-Date=x", "X-Amz-Date"),
    ],
)
def test_a_url_of_another_form_is_rejected(old: str, new: str, part: str) -> None:
    url = _url(make_token("any"))
    assert old in url
    assert part in _rejected(url.replace(old, new))


def test_a_token_lives_fifteen_minutes() -> None:
    url = _url(make_token("any"))
    assert "expired" in _rejected(url, datetime.now(UTC) + timedelta(minutes=16))
    assert "future" in _rejected(url, datetime.now(UTC) - timedelta(minutes=6))
    token = make_token("any")
    assert parse(token, datetime.now(UTC) + timedelta(minutes=14)).access_key == ACCESS_KEY


@pytest.mark.parametrize("token", ["", "bogus", "k8s-aws-v1.%%%", "k8s-aws-v1._w"])
def test_what_is_no_token_is_rejected(token: str) -> None:
    with pytest.raises(RejectedTokenError):
        parse(token, datetime.now(UTC))
