"""The stand-in for `aws` on the real engine, against the emulated AWS."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation

from infra.cli.interruptible import InterruptiblePulumi
from local.aws.client import client
from local.aws.inventory import alive, inventory
from local.paths import REPOSITORY
from local.reporter import LineReporter
from local.toolchain import ensure

REGION = "us-east-1"
OTHER_REGION = "eu-west-1"
SECRET = "correct-horse-battery"
ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["ec2.amazonaws.com"]},
                "Action": ["sts:AssumeRole"],
            }
        ],
    },
    indent=2,
)


class Process:
    """A program of the local cloud that tells in its first line where it listens."""

    def __init__(self, module: str, *arguments: str, **env: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.first_line = self._process.stdout.readline()

    def end(self) -> int:
        """Close its standard input, as the end of the parent would; returns the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            return self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return self.stop()

    def stop(self) -> int:
        """Tell it to stop; returns the exit code."""
        self._process.terminate()
        return self._process.wait(timeout=10)


@pytest.fixture(scope="session")
def pulumi_path() -> Path:
    return ensure(["pulumi"], LineReporter())["pulumi"]


@pytest.fixture
def endpoint(tmp_path: Path) -> Generator[str]:
    authority = tmp_path / "ca.pem"
    authority.write_bytes(base64.b64encode(b"authority"))
    emulator = Process(
        "local.aws", "--folder", str(tmp_path / "aws"), "--port", "0", "--cloud-id", "test",
        "--cluster-endpoint", "https://127.0.0.1:6443", "--cluster-ca", str(authority),
    )  # fmt: skip
    yield emulator.first_line.split()[-1]
    emulator.stop()


@pytest.fixture
def stack_of(
    endpoint: str, pulumi_path: Path, tmp_path: Path
) -> Generator[Callable[[Callable[[], None]], automation.Stack]]:
    providers = Process("local.providers", "--cloud", str(tmp_path), AWS_ENDPOINT_URL=endpoint)
    ports: dict[str, int] = json.loads(providers.first_line)
    env = {
        "PULUMI_BACKEND_URL": tmp_path.as_uri(),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name, port in ports.items()),
    }

    def make(program: Callable[[], None]) -> automation.Stack:
        stack = automation.create_or_select_stack(
            "dev",
            project_name="p",
            program=program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(tmp_path),
                env_vars=env,
                pulumi_command=InterruptiblePulumi(pulumi_path, print),
            ),
        )
        stack.set_config("aws:region", automation.ConfigValue(REGION))
        return stack

    yield make
    assert providers.end() == 0


def platform(cidr: str = "10.0.1.0/24", retention: int = 7, object_text: str = "one") -> None:
    tagged = aws.Provider(
        "tagged",
        region=REGION,
        default_tags={"tags": {"llm-platform:stack": "p/dev"}},
    )
    abroad = aws.Provider("abroad", region=OTHER_REGION)
    opts = pulumi.ResourceOptions(provider=tagged)
    zones = aws.get_availability_zones_output(state="available")
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, opts=opts)
    subnet = aws.ec2.Subnet(
        "subnet",
        vpc_id=vpc.id,
        cidr_block=cidr,
        availability_zone=zones.names[0],
        opts=opts,
    )
    gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id, opts=opts)
    table = aws.ec2.RouteTable("table", vpc_id=vpc.id, opts=opts)
    aws.ec2.Route(
        "out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id
    )
    aws.ec2.RouteTableAssociation("joined", route_table_id=table.id, subnet_id=subnet.id)
    group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, opts=opts)
    aws.vpc.SecurityGroupIngressRule(
        "https",
        security_group_id=group.id,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4=vpc.cidr_block,
        opts=opts,
    )
    role = aws.iam.Role("role", assume_role_policy=ASSUME, opts=opts)
    aws.iam.RolePolicyAttachment(
        "read", role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )
    key = aws.kms.Key("key", enable_key_rotation=True, opts=opts)
    aws.cloudwatch.LogGroup("logs", name="/p/dev", retention_in_days=retention, opts=opts)
    bucket = aws.s3.Bucket("bucket", force_destroy=True, opts=opts)
    aws.s3.BucketPublicAccessBlock(
        "closed",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    aws.s3.BucketObjectv2("model", bucket=bucket.id, key="a/config", content=object_text)
    aws.ssm.Parameter("secret", type="SecureString", value=pulumi.Output.secret(SECRET))
    aws.sqs.Queue("queue", opts=pulumi.ResourceOptions(provider=abroad))
    pulumi.export("key", key.arn)
    pulumi.export("zones", zones.names)


def operations(result: Any) -> dict[str, int]:
    changes: dict[str, int] = result.summary.resource_changes or {}
    return {str(kind): count for kind, count in changes.items() if kind != "same"}


def planned(result: automation.PreviewResult) -> dict[str, int]:
    return {
        getattr(kind, "value", str(kind)): count
        for kind, count in result.change_summary.items()
        if getattr(kind, "value", str(kind)) != "same"
    }


def test_life_of_a_stack(
    stack_of: Callable[[Callable[[], None]], automation.Stack], endpoint: str, tmp_path: Path
) -> None:
    before = {region: alive(inventory(endpoint, region)) for region in (REGION, OTHER_REGION)}
    stack = stack_of(platform)

    assert planned(stack.preview()) == {"create": 20}
    outputs = stack.up(on_output=print).outputs
    assert outputs["key"].value.startswith(f"arn:aws:kms:{REGION}:")
    assert outputs["zones"].value[0] == f"{REGION}a"
    assert operations(stack.up()) == {}
    assert operations(stack.refresh()) == {}
    assert planned(stack.preview()) == {}

    told = "".join(
        path.read_text(errors="replace")
        for path in tmp_path.rglob("*")
        if path.is_file() and path.suffix in {".json", ".log", ".jsonl"}
    )
    assert SECRET not in told

    stack.destroy()
    after = {region: alive(inventory(endpoint, region)) for region in (REGION, OTHER_REGION)}
    assert after == before


def test_drift_is_found_and_repaired(
    stack_of: Callable[[Callable[[], None]], automation.Stack], endpoint: str
) -> None:
    stack = stack_of(platform)
    stack.up()
    resources = {r["urn"].rpartition("::")[2]: r for r in exported(stack)}
    ec2, s3, logs = (client(name, endpoint, REGION) for name in ("ec2", "s3", "logs"))

    vpc = resources["vpc"]["id"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "by-hand", "Value": "yes"}])
    s3.put_public_access_block(
        Bucket=resources["bucket"]["id"],
        PublicAccessBlockConfiguration={"BlockPublicAcls": False},
    )
    s3.put_object(Bucket=resources["bucket"]["id"], Key="a/config", Body=b"changed by hand")
    logs.delete_log_group(logGroupName="/p/dev")

    assert operations(stack.refresh()) == {"update": 3, "delete": 1}
    assert operations(stack.up()) == {"update": 3, "create": 1}
    assert operations(stack.refresh()) == {}

    attribute = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"]["Value"] is True
    body = s3.get_object(Bucket=resources["bucket"]["id"], Key="a/config")["Body"].read()
    assert body == b"one"
    assert logs.describe_log_groups(logGroupNamePrefix="/p/dev")["logGroups"]
    stack.destroy()


def test_update_replace_and_import(
    stack_of: Callable[[Callable[[], None]], automation.Stack], endpoint: str
) -> None:
    stack_of(platform).up()
    changed = stack_of(lambda: platform("10.0.2.0/24", 30, "two"))

    plan = changed.preview(diff=True)
    assert planned(plan) == {"update": 2, "replace": 2}
    assert "cidrBlock" in plan.stdout
    assert "retentionInDays: 7 => 30" in plan.stdout
    assert operations(changed.up()) == {"update": 2, "replace": 2}
    assert operations(changed.up()) == {}

    logs = client("logs", endpoint, REGION)
    logs.create_log_group(logGroupName="/by/hand", tags={"owner": "ops"})
    logs.put_retention_policy(logGroupName="/by/hand", retentionInDays=14)

    def adopting() -> None:
        platform("10.0.2.0/24", 30, "two")
        aws.cloudwatch.LogGroup(
            "adopted",
            name="/by/hand",
            retention_in_days=14,
            tags={"owner": "ops"},
            opts=pulumi.ResourceOptions(import_="/by/hand"),
        )

    adopted = stack_of(adopting)
    assert operations(adopted.up()) == {"import": 1}
    assert operations(adopted.refresh()) == {}
    adopted.destroy()


def test_a_refused_input_is_named_and_nothing_is_made(
    stack_of: Callable[[Callable[[], None]], automation.Stack], endpoint: str
) -> None:
    def program() -> None:
        aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", ipv4_netmask_length=24)

    before = alive(inventory(endpoint, REGION))
    stack = stack_of(program)
    with pytest.raises(automation.CommandError, match="'ipv4NetmaskLength' is not handled"):
        stack.up()
    assert alive(inventory(endpoint, REGION)) == before


@pytest.mark.parametrize("ending", ["sigterm", "end of input"])
def test_the_process_ends_with_its_command(ending: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "local.providers", "--cloud", str(tmp_path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert set(json.loads(process.stdout.readline())) == {"aws", "kubernetes", "eks"}
    if ending == "sigterm":
        process.terminate()
    else:
        process.stdin.close()
        process.stdin = None
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, b"")


def exported(stack: automation.Stack) -> list[dict[str, Any]]:
    deployment = stack.export_stack().deployment
    assert deployment is not None
    return deployment["resources"]
