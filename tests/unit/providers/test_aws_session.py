"""What a session does beyond one type: tags, drift, failures half way, preview."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.providers.aws.cloud import Cloud, retry_on
from local.providers.aws.registry import HANDLERS
from local.providers.aws.session import AwsSession
from local.providers.model import (
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    Kind,
    PartialError,
    ProviderError,
    UpdateRequest,
)
from local.providers.values import UNKNOWN
from tests.unit.providers.driver import Resource

QUEUE = "aws:sqs/queue:Queue"
VPC = "aws:ec2/vpc:Vpc"
BUCKET = "aws:s3/bucket:Bucket"
GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_tags_changed_by_hand_are_drift_and_default_tags_are_not(
    aws: AwsSession, boto: Any
) -> None:
    vpc = Resource(aws, VPC, "tagged")
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "1"}}
    vpc.create(inputs)
    assert vpc.state.outputs["tagsAll"] == {"stack": "test", "a": "1"}

    boto("ec2").create_tags(
        Resources=[vpc.state.id], Tags=[{"Key": "stack", "Value": "x"}, {"Key": "b", "Value": "2"}]
    )
    vpc.refresh()
    assert vpc.inputs["tags"] == {"a": "1", "b": "2", "stack": "x"}
    assert "tags.b" in vpc.diff(inputs).detailed

    vpc.update(inputs)
    assert vpc.state.outputs["tagsAll"] == {"stack": "test", "a": "1"}
    vpc.delete()


def test_what_somebody_deleted_is_gone_and_made_again(aws: AwsSession, boto: Any) -> None:
    group = Resource(aws, GROUP, "deleted")
    group.create({})
    boto("logs").delete_log_group(logGroupName=group.state.id)
    assert group.read() is None
    group.delete()


@pytest.mark.parametrize(
    ("kind", "inputs", "error"),
    [
        (QUEUE, {"name": "twice"}, "QueueAlreadyExists"),
        (BUCKET, {"bucket": "twice-bucket"}, "BucketAlreadyOwnedByYou"),
        ("aws:sns/topic:Topic", {"name": "twice"}, "exists already"),
        ("aws:iam/role:Role", {"name": "twice", "assumeRolePolicy": "{}"}, "EntityAlreadyExists"),
        ("aws:cloudwatch/eventRule:EventRule", {"name": "twice", "eventPattern": "{}"}, "already"),
        (GROUP, {"name": "twice"}, "ResourceAlreadyExists"),
        ("aws:ssm/parameter:Parameter", {"name": "twice", "type": "String", "value": "v"}, "Alre"),
        ("aws:ecr/repository:Repository", {"name": "twice"}, "RepositoryAlreadyExists"),
    ],
)
def test_a_create_never_takes_over_what_exists(
    kind: str, inputs: dict[str, Any], error: str, aws: AwsSession
) -> None:
    first, second = Resource(aws, kind, "one"), Resource(aws, kind, "two")
    first.create(inputs)
    with pytest.raises(ProviderError, match=error):
        second.create(inputs)
    first.delete()


def test_a_failure_after_the_creation_keeps_the_resource(
    aws: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ProviderError("SetAttribute: Throttling: too fast")

    vpc = Resource(aws, VPC, "half")
    inputs = {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}
    monkeypatch.setattr(type(HANDLERS[VPC]), "finish", fail)
    with pytest.raises(PartialError, match="Throttling") as caught:
        vpc.create(inputs)
    monkeypatch.undo()

    # The engine keeps what there is; the next update finishes it.
    state = caught.value.state
    assert state.inputs is not None
    vpc.state, vpc.inputs = state, state.inputs
    assert vpc.diff(inputs).changes == {"enableDnsHostnames"}
    vpc.update(inputs)
    assert vpc.state.outputs["enableDnsHostnames"] is True
    vpc.delete()


def test_a_resource_that_cannot_be_read_after_its_creation_is_kept(
    aws: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ProviderError("DescribeVpcs: Unavailable: later")

    vpc = Resource(aws, VPC, "unread")
    monkeypatch.setattr(type(HANDLERS[VPC]), "read", fail)
    with pytest.raises(PartialError, match="Unavailable") as caught:
        vpc.create({"cidrBlock": "10.0.0.0/16"})
    monkeypatch.undo()
    vpc.state = caught.value.state
    assert vpc.state.id.startswith("vpc-")
    vpc.delete()
    assert vpc.read() is None


def test_a_name_that_stays_is_deleted_before_it_is_made_again(aws: AwsSession) -> None:
    group = Resource(aws, GROUP, "renamed")
    group.create({"name": "stays", "logGroupClass": "STANDARD"})
    diff = group.diff({"name": "stays", "logGroupClass": "INFREQUENT_ACCESS"})
    assert diff.detailed["logGroupClass"] is Kind.UPDATE_REPLACE
    assert diff.delete_before_replace
    group.delete()

    group = Resource(aws, GROUP, "automatic")
    group.create({"logGroupClass": "STANDARD"})
    assert not group.diff({"logGroupClass": "INFREQUENT_ACCESS"}).delete_before_replace
    group.delete()


def test_a_preview_of_a_create_makes_nothing_and_knows_what_it_does_not_know(
    aws: AwsSession, boto: Any
) -> None:
    kind = "aws:eks/cluster:Cluster"
    cluster = Resource(aws, kind, "planned")
    inputs = cluster.check({"roleArn": UNKNOWN, "vpcConfig": {"subnetIds": [UNKNOWN]}})
    request = CreateRequest("urn", kind, "planned", inputs=inputs, preview=True)
    outputs = aws.create(request).outputs
    assert outputs["endpoint"] is UNKNOWN
    assert outputs["vpcConfig"]["clusterSecurityGroupId"] is UNKNOWN
    assert outputs["vpcConfig"]["subnetIds"] == [UNKNOWN]
    assert outputs["version"] is UNKNOWN
    assert outputs["name"] == inputs["name"]
    assert inputs["name"] not in boto("eks").list_clusters()["clusters"]


def test_a_preview_of_an_update_changes_nothing(aws: AwsSession) -> None:
    parameter = Resource(aws, "aws:ssm/parameter:Parameter", "planned")
    parameter.create({"type": "String", "value": "one"})
    inputs = parameter.check({"type": "String", "value": "two"})
    request = UpdateRequest(
        "urn",
        parameter.type,
        "planned",
        id=parameter.state.id,
        old_inputs=parameter.inputs,
        old_outputs=parameter.state.outputs,
        inputs=inputs,
        preview=True,
    )
    planned = aws.update(request).outputs
    assert planned["value"] == "two"
    assert planned["version"] is UNKNOWN
    assert planned["arn"] == parameter.state.outputs["arn"]
    seen = parameter.read()
    assert seen is not None
    assert seen.outputs["value"] == "one"
    parameter.delete()


def test_what_an_autoscaler_owns_is_left_alone(aws: AwsSession) -> None:
    old = {"scalingConfig": {"desiredSize": 3, "minSize": 1, "maxSize": 5}, "labels": {"a": "1"}}
    new = {"scalingConfig": {"desiredSize": 1, "minSize": 1, "maxSize": 5}, "labels": {"a": "2"}}
    diff = aws.diff(
        DiffRequest(
            "urn",
            "aws:eks/nodeGroup:NodeGroup",
            "n",
            id="c:n",
            old_inputs=old,
            old_outputs={},
            inputs=new,
            ignore_changes=("scalingConfig.desiredSize",),
        )
    )
    assert dict(diff.detailed) == {"labels.a": Kind.UPDATE}


def test_a_dependency_that_is_missing_is_not_taken_for_the_resource(
    aws: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = Resource(aws, VPC, "stuck")
    vpc.create({"cidrBlock": "10.0.0.0/16"})

    def delete(_self: Any, cloud: Cloud, _rid: str, _state: Mapping[str, Any]) -> None:
        cloud.client("ec2").delete_subnet(SubnetId="subnet-00000000000000000")

    monkeypatch.setattr(type(HANDLERS[VPC]), "delete", delete)
    with pytest.raises(ProviderError, match=r"DeleteSubnet: InvalidSubnetID\.NotFound"):
        vpc.delete()
    monkeypatch.undo()
    vpc.delete()


def test_a_dependency_that_stays_is_an_error_in_the_end(
    aws: AwsSession, boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry_on, "__defaults__", (0.1,))
    vpc = Resource(aws, VPC, "needed")
    vpc.create({"cidrBlock": "10.0.0.0/16"})
    subnet = boto("ec2").create_subnet(VpcId=vpc.state.id, CidrBlock="10.0.0.0/24")["Subnet"]
    with pytest.raises(ProviderError, match="DeleteVpc: DependencyViolation"):
        vpc.delete()
    boto("ec2").delete_subnet(SubnetId=subnet["SubnetId"])
    vpc.delete()
    assert vpc.read() is None


def test_a_region_of_its_own(aws: AwsSession) -> None:
    queue = Resource(aws, QUEUE, "abroad")
    queue.create({"region": "eu-west-1"})
    assert ":eu-west-1:" in queue.state.outputs["arn"]
    assert queue.diff({"region": "us-east-1"}).replaces == {"region"}
    queue.delete()
    assert queue.read() is None


def test_content_changed_by_hand_is_drift(aws: AwsSession, boto: Any) -> None:
    bucket = Resource(aws, BUCKET, "content")
    bucket.create({"forceDestroy": True})
    made = Resource(aws, "aws:s3/bucketObjectv2:BucketObjectv2", "a.txt")
    inputs = {"bucket": bucket.state.id, "content": "one"}
    made.create(inputs)
    boto("s3").put_object(Bucket=bucket.state.id, Key="a.txt", Body=b"by hand")
    made.refresh()
    assert made.inputs["content"] == "by hand"
    assert made.diff(inputs).detailed["content"] is Kind.UPDATE
    bucket.delete()


def test_a_bucket_that_holds_something_is_not_emptied_unasked(aws: AwsSession, boto: Any) -> None:
    bucket = Resource(aws, BUCKET, "full")
    bucket.create({})
    boto("s3").put_object(Bucket=bucket.state.id, Key="a", Body=b"x")
    with pytest.raises(ProviderError, match="BucketNotEmpty"):
        bucket.delete()
    bucket.update({"forceDestroy": True})
    bucket.delete()
    assert bucket.read() is None


def test_waiting_ends(aws: AwsSession) -> None:
    cloud = Cloud.connect("", "us-east-1", {}).at(None, 0.05)
    with pytest.raises(ProviderError, match="paint dry: not reached within 0 s"):
        cloud.wait("paint dry", lambda: None)
    answers = iter([None, "dry"])
    assert cloud.at(None, 5).wait("paint dry", lambda: next(answers)) == "dry"


def test_a_cloud_that_does_not_answer_is_told(aws: AwsSession) -> None:
    lost = AwsSession(Cloud.connect("http://127.0.0.1:9", "us-east-1", {}), {})
    with pytest.raises(ProviderError, match="EndpointConnectionError"):
        lost.delete(DeleteRequest("urn", GROUP, "g", id="g", old_inputs={}, old_outputs={}))
