"""A live cloud with what EKS provides in it, and a cluster of the emulated AWS that fits it."""

import json
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node_world import ECHO_IMAGE, REPORTER, Node, node, tools

from local.aws.client import client
from local.node import ready
from local.node.prefetch import prefetch

REGION = "eu-central-1"
CLUSTER = "live"
DOMAIN = "models.test"
FETCHER_IMAGE = "docker.io/kserve/storage-initializer:v0.20.0"
GPU_TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}
SMALL = {
    "requests": {"cpu": "5m", "memory": "16Mi"},
    "limits": {"cpu": "500m", "memory": "64Mi"},
}
PROBE = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}


@dataclass(frozen=True)
class Side:
    """A live cloud with EKS's side at work.

    Attributes:
        node: Its node.
        subnets: Two subnets of the emulated AWS.
    """

    node: Node
    subnets: Sequence[str]

    def aws(self, service: str) -> Any:
        """A client of the emulated AWS, from the host."""
        return client(service, self.node.cloud.aws_endpoint, REGION)

    def get(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
        """An object."""
        text = self.node.kubectl("get", kind, name, "-n", namespace, "-o", "json")
        return dict(json.loads(text))

    def phase(self, pod: str, namespace: str = "default") -> str:
        """Phase of a pod."""
        return str(self.get("pod", pod, namespace)["status"].get("phase", ""))

    def delete(self, kind: str, *names: str, namespace: str = "default") -> None:
        """Delete objects and wait until they are gone."""
        self.node.kubectl("delete", kind, *names, "-n", namespace, "--grace-period=1")

    def asks(self, url: str, pod: str, namespace: str = "default") -> str:
        """What the pod `pod`, which runs the test's image, gets from a URL; empty for nothing."""
        words = ["exec", pod, "-n", namespace, "--", "/echo", "get", url]
        program = [str(self.node.kubectl_program), f"--kubeconfig={self.node.live.kubeconfig}"]
        ended = subprocess.run(
            [*program, *words], capture_output=True, text=True, timeout=60, check=False
        )
        return ended.stdout.strip() if ended.returncode == 0 else ""

    def wait_ready(self, *pods: str, namespace: str = "default") -> None:
        """Wait until pods are Ready."""
        names = [f"pod/{pod}" for pod in pods]
        self.node.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "-n", namespace, *names)


@contextmanager
def side(stack: str) -> Generator[Side]:
    """A live cloud with EKS's side at work and a cluster in the emulated AWS, and its end."""
    programs = tools()
    with node(stack) as made:
        ready.prepare(made.live, programs, REPORTER, domain=DOMAIN)
        prefetch(made.live, [FETCHER_IMAGE], REPORTER)
        ec2 = client("ec2", made.cloud.aws_endpoint, REGION)
        vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        found = Side(made, subnets)
        found.aws("eks").create_cluster(
            name=CLUSTER,
            roleArn=role(found, "cluster", "eks.amazonaws.com"),
            resourcesVpcConfig={"subnetIds": subnets},
        )
        yield found


def role(world: Side, name: str, service: str) -> str:
    """ARN of a new role that a service may take."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = world.aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def echo(name: str, namespace: str = "default", **labels: str) -> dict[str, Any]:
    """A pod that answers with its name on port 8080 and can ask others."""
    container = {
        "name": "echo",
        "image": ECHO_IMAGE,
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": PROBE,
        "resources": SMALL,
    }
    return pod(name, namespace, {"containers": [container]}, labels)


def pod(
    name: str, namespace: str, spec: dict[str, Any], labels: dict[str, str] | None = None
) -> dict[str, Any]:
    """A pod that ends quickly when told to."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"terminationGracePeriodSeconds": 1, **spec},
    }


def service(name: str, selector: dict[str, str], port: int, **spec: Any) -> dict[str, Any]:
    """A Service in front of pods that listen on 8080."""
    ports = [{"port": port, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": selector, "ports": ports, **spec},
    }


def named(kind: str, name: str, version: str = "v1", **more: Any) -> dict[str, Any]:
    """Any other object of the namespace ``default``, or of none."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


def until(holds: Callable[[], bool], what: str, seconds: float = 40) -> None:
    """Wait until something holds; the test fails when it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.2)


def folder_of(world: Side) -> Path:
    """The cloud's folder."""
    return world.node.cloud.folder
