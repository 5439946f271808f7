"""What samples of the `aws` stand-in are, and the resources that they need around them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Inputs = dict[str, Any]


def policy(*actions: str, service: str = "") -> str:
    """A policy document whose text is not the one that AWS answers."""
    statement: Inputs = {"Effect": "Allow", "Action": list(actions)}
    statement |= {"Principal": {"Service": [service]}} if service else {"Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=3)


class World:
    """Resources that others need, made when the first sample asks for them."""

    def __init__(self, make: Callable[[str, str, Inputs], dict[str, Any]]) -> None:
        self._make = make
        self._made: dict[str, dict[str, Any]] = {}

    def _get(self, name: str, kind: str, inputs: Callable[[], Inputs]) -> dict[str, Any]:
        if name not in self._made:
            self._made[name] = self._make(kind, name, inputs())
        return self._made[name]

    @property
    def vpc(self) -> str:
        inputs = {"cidrBlock": "10.20.0.0/16"}
        return self._get("world", "aws:ec2/vpc:Vpc", lambda: inputs)["id"]

    def subnet(self, index: int) -> str:
        inputs = {
            "vpcId": self.vpc,
            "cidrBlock": f"10.20.{index}.0/24",
            "availabilityZone": f"us-east-1{'abc'[index]}",
        }
        return self._get(f"world-{index}", "aws:ec2/subnet:Subnet", lambda: inputs)["id"]

    @property
    def gateway(self) -> str:
        kind = "aws:ec2/internetGateway:InternetGateway"
        return self._get("world-igw", kind, lambda: {"vpcId": self.vpc})["id"]

    @property
    def table(self) -> str:
        kind = "aws:ec2/routeTable:RouteTable"
        return self._get("world-table", kind, lambda: {"vpcId": self.vpc})["id"]

    @property
    def eip(self) -> str:
        return self._get("world-eip", "aws:ec2/eip:Eip", lambda: {"domain": "vpc"})["id"]

    @property
    def group(self) -> str:
        kind = "aws:ec2/securityGroup:SecurityGroup"
        return self._get("world-group", kind, lambda: {"vpcId": self.vpc})["id"]

    @property
    def s3_endpoint(self) -> str:
        inputs = {"vpcId": self.vpc, "serviceName": "com.amazonaws.us-east-1.s3"}
        return self._get("world-s3", "aws:ec2/vpcEndpoint:VpcEndpoint", lambda: inputs)["id"]

    def role(self, service: str) -> dict[str, Any]:
        inputs = {"assumeRolePolicy": policy("sts:AssumeRole", service=f"{service}.amazonaws.com")}
        return self._get(f"world-{service}", "aws:iam/role:Role", lambda: inputs)

    @property
    def key(self) -> str:
        return self._get("world-key", "aws:kms/key:Key", lambda: {"description": "world"})["arn"]

    @property
    def cluster(self) -> str:
        inputs = {
            "roleArn": self.role("eks")["arn"],
            "vpcConfig": {"subnetIds": [self.subnet(0), self.subnet(1)]},
            "accessConfig": {"authenticationMode": "API"},
        }
        return self._get("world-cluster", "aws:eks/cluster:Cluster", lambda: inputs)["name"]

    @property
    def entry_principal(self) -> str:
        inputs = {"clusterName": self.cluster, "principalArn": self.role("sqs")["arn"]}
        kind = "aws:eks/accessEntry:AccessEntry"
        return self._get("world-entry", kind, lambda: inputs)["principalArn"]

    @property
    def bucket(self) -> str:
        inputs = {"forceDestroy": True}
        return self._get("world-bucket", "aws:s3/bucket:Bucket", lambda: inputs)["bucket"]

    @property
    def log_bucket(self) -> str:
        name = self._get("world-logs", "aws:s3/bucket:Bucket", dict)["bucket"]
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::{name}/*",
                }
            ],
        }
        inputs = {"bucket": name, "policy": json.dumps(document)}
        self._get("world-log-policy", "aws:s3/bucketPolicy:BucketPolicy", lambda: inputs)
        return name

    @property
    def queue(self) -> dict[str, Any]:
        return self._get("world-queue", "aws:sqs/queue:Queue", dict)

    @property
    def topic(self) -> str:
        return self._get("world-topic", "aws:sns/topic:Topic", dict)["arn"]

    @property
    def rule(self) -> str:
        inputs = {"scheduleExpression": "rate(1 day)"}
        return self._get("world-rule", "aws:cloudwatch/eventRule:EventRule", lambda: inputs)["name"]

    @property
    def repository(self) -> str:
        return self._get("world-images", "aws:ecr/repository:Repository", dict)["name"]

    @property
    def managed_policy(self) -> str:
        inputs = {"policy": policy("s3:Get*")}
        return self._get("world-policy", "aws:iam/policy:Policy", lambda: inputs)["arn"]


@dataclass(frozen=True)
class Sample:
    """A resource to make.

    Attributes:
        type: Type token.
        inputs: What to give.
        changes: Inputs to change afterwards, in place; None leaves an input out.
        import_id: What an import of it takes, from its outputs; the id by default.
        unknown_to_import: Inputs that an import cannot find out.
        after_delete: What a read finds afterwards: ``gone``, or ``kept`` where AWS keeps it.
    """

    type: str
    inputs: Callable[[World], Inputs]
    changes: Callable[[World], Inputs] | None = None
    import_id: Callable[[Inputs], str] | None = None
    unknown_to_import: frozenset[str] = frozenset()
    after_delete: str = "gone"

    @property
    def name(self) -> str:
        return "sample-" + self.type.rpartition(":")[2].lower()


def nothing(_: World) -> Inputs:
    """No inputs."""
    return {}


def tagged(
    kind: str,
    inputs: Callable[[World], Inputs],
    changes: Callable[[World], Inputs] = nothing,
    *,
    import_id: Callable[[Inputs], str] | None = None,
    unknown_to_import: frozenset[str] = frozenset(),
    after_delete: str = "gone",
) -> Sample:
    """A sample whose tags are changed too."""
    return Sample(
        kind,
        lambda w: {**inputs(w), "tags": {"owner": "ops", "keep": "1"}},
        lambda w: {**changes(w), "tags": {"keep": "1", "team": "ml"}},
        import_id,
        unknown_to_import,
        after_delete,
    )
