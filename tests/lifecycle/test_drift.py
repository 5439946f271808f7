"""Drift on the real engine: found, told whose it is, repaired or left alone; nothing mocked.

One local cloud and one stack serve all tests, in the order of the file. What is changed by hand
is changed as people and autoscalers do it: by boto3 and by requests to the API server under
another field manager's name.
"""

import json
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from click.testing import CliRunner
from drift_place import (
    ANYWHERE,
    CONTAINER,
    HPA,
    KUBECTL,
    POLICIES,
    ROOM,
    SECRET_ADDED,
    SECRET_AFTER,
    SECRET_BEFORE,
    WEB,
    Place,
    watch,
)

from infra.cli.engine import RunFailedError
from infra.cli.main import main
from infra.cli.session import engine_session
from infra.cli.workspace import load_settings
from infra.drift.model import CONSISTENT, DRIFTED, Report
from infra.drift.render import document
from infra.drift.run import drift_of
from local.cloud import stop
from local.reporter import LineReporter


def _no_program() -> None:
    raise AssertionError("replaced before it runs")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    with pytest.MonkeyPatch.context() as patch, ExitStack() as session:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("drift")))
        reporter = LineReporter()
        try:
            opened = engine_session("local", load_settings("local"), _no_program, reporter, print)
            engine, cloud = session.enter_context(opened)
            assert cloud is not None
            made = Place(engine, cloud, session)
            made.up()
            yield made
        finally:
            session.close()
            stop("local", reporter)


def lines(report: Report) -> list[str]:
    """What the report says, a line for each difference."""
    return sorted(
        " ".join(
            (
                each.type.rpartition(":")[2],
                each.name,
                each.path or "-",
                each.kind.value,
                each.owner.kind.value,
                each.remedy.value,
            )
        )
        for each in report.drifts
    )


CHANGED_BY_HAND = [
    "BucketPublicAccessBlock store-private - deleted unknown repaired",
    "BucketVersioning store-versions versioningConfiguration.status changed unknown repaired",
    "ConfigMap prompts - deleted unknown repaired",
    "ConfigMap settings data.level changed person repaired",
    "ConfigMap settings data.theirs added person repaired",
    "DefaultSecurityGroup net-default-closed ingress[0] added unknown repaired",
    "Deployment web spec.replicas changed autoscaler left-alone",
    "Deployment web spec.template.spec.containers[0].env added person repaired",
    "Deployment web spec.template.spec.containers[0].image changed person repaired",
    "LogGroup net-flow-logs retentionInDays changed unknown repaired",
    "NetworkPolicy team-default-deny - deleted unknown repaired",
    "NodeGroup gpu-nodes scalingConfig.desiredSize changed autoscaler left-alone",
    "ResourceQuota team-quota spec.hard.pods changed person repaired",
    "RolePolicy net-flow-policy - deleted unknown repaired",
    "Route net-private-eu-central-1a-nat - deleted unknown repaired",
    "Secret token data.more added person repaired",
    "Secret token data.token changed person repaired",
    "ServiceAccount team-account-app metadata.labels.by added person left-alone",
    "Vpc net-vpc tags.owner added unknown repaired",
]


def change_aws(place: Place) -> None:
    """Seven objects changed or deleted, and one sized by the Cluster Autoscaler."""
    ids = place.ids()
    ec2, s3 = place.aws("ec2"), place.aws("s3")
    ec2.create_tags(Resources=[ids["Vpc net-vpc"]], Tags=[{"Key": "owner", "Value": "hand"}])
    table = ids["RouteTable net-private-eu-central-1a"]
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    anyone = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": ANYWHERE}]}
    closed = ids["DefaultSecurityGroup net-default-closed"]
    ec2.authorize_security_group_ingress(GroupId=closed, IpPermissions=[anyone])
    bucket = ids["Bucket store-bucket"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_public_access_block(Bucket=bucket)
    group = ids["LogGroup net-flow-logs"]
    place.aws("logs").put_retention_policy(logGroupName=group, retentionInDays=1)
    role, _, policy = ids["RolePolicy net-flow-policy"].partition(":")
    place.aws("iam").delete_role_policy(RoleName=role, PolicyName=policy)
    cluster, _, pool = ids["NodeGroup gpu-nodes"].partition(":")
    size = {"minSize": 1, "maxSize": 4, "desiredSize": 3}
    place.aws("eks").update_nodegroup_config(
        clusterName=cluster, nodegroupName=pool, scalingConfig=size
    )


def change_kubernetes(place: Place) -> None:
    """Seven objects changed or deleted, and one scaled by an HPA."""
    place.by_hand(f"{ROOM}/configmaps/settings", {"data": {"level": "debug", "theirs": "x"}})
    place.remove(f"{ROOM}/configmaps/prompts")
    place.by_hand(f"{ROOM}/secrets/token", {"data": {"token": SECRET_AFTER, "more": SECRET_ADDED}})
    place.by_hand(f"{ROOM}/resourcequotas/quota", {"spec": {"hard": {"pods": "7"}}})
    place.by_hand(f"{ROOM}/serviceaccounts/app", {"metadata": {"labels": {"by": "hand"}}})
    place.remove(f"{POLICIES}/default-deny")
    container = {**CONTAINER, "image": "example.org/web:2", "env": [{"name": "A", "value": "b"}]}
    place.by_hand(WEB, {"spec": {"template": {"spec": {"containers": [container]}}}})
    place.by_hand(f"{WEB}/scale", {"spec": {"replicas": 5}}, HPA)


def test_a_stack_that_nobody_touched_has_no_drift(place: Place) -> None:
    report = place.drift()

    assert report.drifts == ()
    assert report.exit_code == CONSISTENT
    assert report.checked > 40


def test_a_stack_without_state_is_refused_and_not_made(place: Place) -> None:
    before = place.state()
    with pytest.raises(RunFailedError, match="no stack named 'nobody'"):
        drift_of(replace(place.engine, stack="nobody"), watch)
    assert place.state() == before


def test_what_was_done_by_hand_is_found_with_its_owner_and_nothing_is_written(place: Place) -> None:
    change_aws(place)
    change_kubernetes(place)
    before = place.state()

    report = place.drift()

    assert lines(report) == CHANGED_BY_HAND
    assert report.exit_code == DRIFTED
    assert place.state() == before
    said = json.dumps(document(report))
    for secret in (SECRET_BEFORE, SECRET_AFTER, SECRET_ADDED, "BEGIN"):
        assert secret not in said
    found = {f"{each.name} {each.path}": each for each in report.drifts}
    level = found["settings data.level"]
    assert (level.recorded, level.current, level.owner.name) == ("info", "debug", KUBECTL)
    assert found["web spec.replicas"].owner.name == HPA
    assert "CloudTrail for arn:aws:ec2:" in found["net-vpc tags.owner"].owner.detail


def test_up_repairs_it_and_leaves_alone_what_autoscalers_decide(place: Place) -> None:
    place.up()
    ids = place.ids()

    vpc = place.aws("ec2").describe_vpcs(VpcIds=[ids["Vpc net-vpc"]])["Vpcs"][0]
    assert "owner" not in {tag["Key"] for tag in vpc["Tags"]}
    bucket = ids["Bucket store-bucket"]
    assert place.aws("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert place.aws("s3").get_public_access_block(Bucket=bucket)
    closed = [ids["DefaultSecurityGroup net-default-closed"]]
    groups = place.aws("ec2").describe_security_groups(GroupIds=closed)["SecurityGroups"]
    assert groups[0]["IpPermissions"] == []
    assert place.get(f"{ROOM}/configmaps/settings")["data"] == {"level": "info", "model": "small"}
    assert place.get(f"{ROOM}/configmaps/prompts")["data"] == {"system": "x"}
    assert place.get(f"{ROOM}/secrets/token")["data"] == {"token": SECRET_BEFORE}
    assert place.get(f"{POLICIES}/default-deny")["spec"]["policyTypes"] == ["Ingress", "Egress"]
    web = place.get(WEB)["spec"]
    container = web["template"]["spec"]["containers"][0]
    assert container["image"] == CONTAINER["image"]
    assert "env" not in container

    assert web["replicas"] == 5
    cluster, _, pool = ids["NodeGroup gpu-nodes"].partition(":")
    described = place.aws("eks").describe_nodegroup(clusterName=cluster, nodegroupName=pool)
    assert described["nodegroup"]["scalingConfig"]["desiredSize"] == 3


def test_replicas_stay_the_autoscalers_when_the_object_itself_is_updated(place: Place) -> None:
    managers = place.get(WEB)["metadata"]["managedFields"]
    owners = [each["manager"] for each in managers if "f:replicas" in str(each["fieldsV1"])]
    assert owners == [HPA]


def test_afterwards_there_is_nothing_left_to_repair(place: Place) -> None:
    report = place.drift()

    assert lines(report) == [
        "ServiceAccount team-account-app metadata.labels.by added person left-alone"
    ]
    assert report.exit_code == CONSISTENT


def test_the_command_tells_by_its_exit_code_and_document(place: Place) -> None:
    place.remove(f"{ROOM}/configmaps/prompts")
    place.leave()

    ran = CliRunner().invoke(main, ["drift", "local", "--json"])

    assert ran.exit_code == DRIFTED, ran.output
    said = json.loads(ran.stdout)
    assert said["exitCode"] == DRIFTED
    assert said["summary"] == {"repaired": 1, "left-alone": 1, "refused": 0}
    gone = next(each for each in said["drift"] if each["remedy"] == "repaired")
    assert (gone["name"], gone["path"], gone["kind"]) == ("prompts", "", "deleted")
