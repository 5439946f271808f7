import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.client import client

REGION = "eu-west-1"
CLOUD_ID = "cloud-of-the-tests"
CLUSTER_ENDPOINT = "https://127.0.0.1:16443"


@dataclass(frozen=True)
class Emulator:
    """The emulator that all tests of a session share."""

    endpoint: str
    calls: Path
    process_id: int

    def client(self, service: str, region: str = REGION) -> Any:
        return _client(service, self.endpoint, region)


@cache
def _client(service: str, endpoint: str, region: str) -> Any:
    return client(service, endpoint, region)


@dataclass(frozen=True)
class Network:
    """A VPC with a subnet in each of two zones."""

    vpc: str
    subnets: tuple[str, str]


def make_network(ec2: Any, region: str = REGION) -> Network:
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    first, second = (
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"{region}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    )
    return Network(vpc, (first, second))


def make_role(iam: Any, name: str, service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]


MakeCluster = Callable[..., dict[str, Any]]


def refusal(operation: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """Code and message with which `operation` is refused; fails the test when it is not."""
    with pytest.raises(ClientError) as caught:
        operation(**arguments)
    failure: Any = caught.value
    return failure.response["Error"]["Code"], failure.response["Error"]["Message"]
