"""Stand-ins that plan without a cloud: the same checks, no connection, facts noted."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from local.assumed.model import Fact, Setting
from local.providers.model import (
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    Kind,
    Package,
    ProviderError,
    ReadRequest,
    Session,
    UpdateRequest,
)
from local.providers.offline.ledger import read_ledger
from local.providers.offline.packages import offline_packages, read_setting, write_setting
from local.providers.values import UNKNOWN
from tests.unit.providers.driver import Resource

VPC = "aws:ec2/vpc:Vpc"
KUBECONFIG = json.dumps(
    {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": "https://192.0.2.1"}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
    }
)


class ConnectedError(AssertionError):
    """Somebody opened a connection."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ConnectedError

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def packages(tmp_path: Path) -> dict[str, Package]:
    write_setting(tmp_path, Setting("prod"))
    return {package.name: package for package in offline_packages(tmp_path)}


@pytest.fixture
def aws(packages: dict[str, Package]) -> Session:
    return packages["aws"].configure({"region": "eu-central-1"})


@pytest.fixture
def kubernetes(packages: dict[str, Package]) -> Session:
    return packages["kubernetes"].configure({"kubeconfig": KUBECONFIG})


def names(token: str) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:s::p::{token}::x", "type": token, "name": "x"}


def test_the_three_packages_of_the_platform(packages: dict[str, Package]) -> None:
    assert set(packages) == {"aws", "kubernetes", "eks"}


def test_setting_is_carried_by_file(tmp_path: Path) -> None:
    setting = Setting("dev", {"account": Fact("1", "2026-11-24", "a state")})
    write_setting(tmp_path, setting)
    assert read_setting(tmp_path) == setting


def test_a_creation_is_planned_with_what_aws_chooses_left_open(aws: Any) -> None:
    vpc = Resource(aws, VPC, "x")
    inputs = vpc.check({"cidrBlock": "10.0.0.0/16"})
    state = aws.create(CreateRequest(**names(VPC), inputs=inputs, preview=True))
    assert state.id == ""
    assert state.outputs["cidrBlock"] == "10.0.0.0/16"
    assert state.outputs["arn"] is UNKNOWN


def test_inputs_are_checked_as_ever(aws: Any) -> None:
    with pytest.raises(AssertionError, match=r"'cidrBlok' is not handled"):
        Resource(aws, VPC, "x").check({"cidrBlok": "10.0.0.0/16"})


def test_questions_are_answered_from_the_table_and_noted(aws: Any, tmp_path: Path) -> None:
    caller = aws.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert caller["accountId"] == "333333333333"
    zones = aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {})
    assert zones["names"][0] == "eu-central-1a"
    aws.invoke("aws:index/getRegion:getRegion", {})
    aws.invoke("aws:index/getPartition:getPartition", {})
    aws.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    noted = {what: fact.value for what, fact in read_ledger(tmp_path)}
    assert noted == {
        "availability zones of eu-central-1": ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
        "caller identity": "333333333333",
        "partition": "aws",
        "region": "eu-central-1",
    }


def test_what_is_worked_out_is_no_fact(aws: Any, tmp_path: Path) -> None:
    document = aws.invoke(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        {"statements": [{"actions": ["s3:GetObject"], "resources": ["*"]}]},
    )
    assert "s3:GetObject" in document["json"]
    assert read_ledger(tmp_path) == []


def test_a_question_without_an_answer_names_what_and_where(aws: Any) -> None:
    with pytest.raises(ProviderError, match=r"add-on nothing .* to local/aws/data/addon_releases"):
        aws.invoke(
            "aws:eks/getAddonVersion:getAddonVersion",
            {"addonName": "nothing", "kubernetesVersion": "1.35"},
        )
    with pytest.raises(ProviderError, match=r"ec2 describe_vpcs .* to local/assumed/answers\.py"):
        aws.invoke("aws:ec2/getVpc:getVpc", {"default": True})
    with pytest.raises(ProviderError, match="signed token"):
        aws.invoke("aws:eks/getClusterAuth:getClusterAuth", {"name": "x"})


def test_the_account_may_be_limited(packages: dict[str, Package]) -> None:
    config = {"region": "eu-central-1", "allowedAccountIds": '["333333333333"]'}
    packages["aws"].configure(config)
    with pytest.raises(ProviderError, match="333333333333 is not one"):
        packages["aws"].configure({**config, "allowedAccountIds": '["444444444444"]'})


@pytest.mark.parametrize("which", ["aws", "kubernetes"])
def test_nothing_else_is_done(which: str, request: pytest.FixtureRequest) -> None:
    session: Session = request.getfixturevalue(which)
    about = names(VPC if which == "aws" else "kubernetes:core/v1:ConfigMap")
    with pytest.raises(ProviderError, match="creates nothing"):
        session.create(CreateRequest(**about, inputs={}))
    with pytest.raises(ProviderError, match="updates nothing"):
        session.update(UpdateRequest(**about, id="x", old_inputs={}, old_outputs={}, inputs={}))
    with pytest.raises(ProviderError, match="deletes nothing"):
        session.delete(DeleteRequest(**about, id="x", old_inputs={}, old_outputs={}))
    with pytest.raises(ProviderError, match="reads nothing"):
        session.read(ReadRequest(**about, id="x", inputs={}, outputs={}))


def test_a_known_cluster_is_not_connected_to(kubernetes: Session) -> None:
    about = names("kubernetes:core/v1:ConfigMap")
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    planned = kubernetes.create(CreateRequest(**about, inputs=manifest, preview=True))
    assert planned.outputs == manifest
    changed = {**manifest, "data": {"a": "b"}}
    planned = kubernetes.update(
        UpdateRequest(
            **about,
            id="default/x",
            old_inputs=manifest,
            old_outputs={**manifest, "metadata": {"name": "x", "uid": "u"}},
            inputs=changed,
            preview=True,
        )
    )
    assert planned.outputs["data"] == {"a": "b"}


def test_a_masked_secret_counts_as_unchanged(kubernetes: Session, aws: Session) -> None:
    about = names("kubernetes:core/v1:Secret")
    head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
    old = {**head, "stringData": {"a": UNKNOWN, "gone": UNKNOWN}, "type": "Opaque"}
    new = {**head, "stringData": {"a": "anything"}, "type": "other"}
    found = kubernetes.diff(
        DiffRequest(**about, id="default/x", old_inputs=old, old_outputs=old, inputs=new)
    )
    assert found.detailed == {"type": Kind.UPDATE_REPLACE}

    about = names("aws:ssm/parameter:Parameter")
    old = {"name": "/x", "type": "SecureString", "value": UNKNOWN, "region": "eu-central-1"}
    new = {**old, "value": "new", "description": "words"}
    found = aws.diff(DiffRequest(**about, id="/x", old_inputs=old, old_outputs=old, inputs=new))
    assert set(found.detailed) == {"description"}
