import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.providers.aws.functions.table import FUNCTIONS
from local.providers.aws.session import AwsSession
from local.providers.model import ProviderError
from local.providers.values import UNKNOWN
from tests.unit.providers.driver import Resource

AMI = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/nvidia/recommended/image_id"


def call(aws: AwsSession, function: str, /, **args: Any) -> dict[str, Any]:
    token = next(token for token in FUNCTIONS if token.endswith(f":{function}"))
    return aws.invoke(token, args)


def test_account(aws: AwsSession) -> None:
    assert call(aws, "getRegion")["region"] == "us-east-1"
    assert call(aws, "getRegion", region="eu-west-1")["name"] == "eu-west-1"
    assert call(aws, "getPartition")["dnsSuffix"] == "amazonaws.com"
    assert call(aws, "getCallerIdentity")["accountId"] == "123456789012"


def test_zones(aws: AwsSession) -> None:
    zones = call(aws, "getAvailabilityZones", state="available", excludeNames=["us-east-1b"])
    assert zones["names"][:2] == ["us-east-1a", "us-east-1c"]
    assert len(zones["zoneIds"]) == len(zones["names"])


def test_parameters(aws: AwsSession) -> None:
    assert call(aws, "getParameter", name=AMI)["value"].startswith("ami-")
    with pytest.raises(ProviderError, match="GetParameter: ParameterNotFound"):
        call(aws, "getParameter", name="/none")


def test_addon_versions(aws: AwsSession) -> None:
    args = {"addonName": "vpc-cni", "kubernetesVersion": "1.35"}
    newest = call(aws, "getAddonVersion", **args, mostRecent=True)["version"]
    default = call(aws, "getAddonVersion", **args)["version"]
    assert newest.startswith("v1.")
    assert default.startswith("v1.")


def test_instance_types(aws: AwsSession) -> None:
    found = call(aws, "getInstanceType", instanceType="p5.48xlarge")
    assert found["efaSupported"] is True
    assert found["gpuses"][0]["count"] == 8
    offered = call(
        aws,
        "getInstanceTypeOfferings",
        locationType="availability-zone",
        filters=[{"name": "instance-type", "values": ["p5.48xlarge"]}],
    )
    assert set(offered["instanceTypes"]) == {"p5.48xlarge"}
    assert "us-east-1a" in offered["locations"]


def test_networks(aws: AwsSession) -> None:
    vpc = Resource(aws, "aws:ec2/vpc:Vpc", "found")
    vpc.create({"cidrBlock": "10.77.0.0/16", "tags": {"find": "me"}})
    found = call(aws, "getVpc", tags={"find": "me"})
    assert found["id"] == vpc.state.id
    assert found["mainRouteTableId"] == vpc.state.outputs["mainRouteTableId"]
    none = call(aws, "getSubnets", filters=[{"name": "vpc-id", "values": [vpc.state.id]}])
    assert none["ids"] == []
    with pytest.raises(ProviderError, match="0 VPCs match"):
        call(aws, "getVpc", cidrBlock="1.2.3.0/24")
    vpc.delete()


def test_cluster_token_names_the_cluster(aws: AwsSession, endpoint: str) -> None:
    token: str = call(aws, "getClusterAuth", name="prod")["token"]
    text = token.removeprefix("k8s-aws-v1.")
    url = urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    assert url.netloc == urlsplit(endpoint).netloc
    query = parse_qs(url.query)
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]


def test_policy_documents(aws: AwsSession) -> None:
    base = call(
        aws,
        "getPolicyDocument",
        statements=[
            {
                "sid": "Read",
                "actions": ["s3:List", "s3:Get"],
                "resources": ["*"],
                "conditions": [{"test": "Bool", "variable": "a", "values": ["true"]}],
            },
            {"effect": "Deny", "principals": [{"type": "*", "identifiers": ["*"]}]},
        ],
    )
    assert json.loads(base["json"])["Statement"] == [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:Get", "s3:List"],
            "Resource": "*",
            "Condition": {"Bool": {"a": "true"}},
        },
        {"Effect": "Deny", "Principal": "*"},
    ]
    override = json.dumps({"Statement": {"Sid": "Read", "Effect": "Deny"}})
    merged = call(
        aws,
        "getPolicyDocument",
        sourcePolicyDocuments=[base["json"]],
        overridePolicyDocuments=[override],
    )
    effects = [s["Effect"] for s in json.loads(merged["minifiedJson"])["Statement"]]
    assert effects == ["Deny", "Deny"]


def test_what_is_not_handled_is_refused_by_name(aws: AwsSession) -> None:
    with pytest.raises(ProviderError, match="not handled"):
        aws.invoke("aws:ec2/getAmi:getAmi", {})
    with pytest.raises(ProviderError, match="argument 'odd' is not handled"):
        call(aws, "getVpc", odd=1)
    with pytest.raises(ProviderError, match="not known yet"):
        call(aws, "getParameter", name=UNKNOWN)
    with pytest.raises(ProviderError, match="no cluster none"):
        call(aws, "getCluster", name="none")
