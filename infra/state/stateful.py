"""Resources that hold what cannot be made again, and which of them a plan would take away.

A release may replace a role or a route; it may never replace a bucket, a cluster or a namespace
without the release notes saying so. Pure.
"""

import re
from collections.abc import Iterable
from typing import Protocol

AWS: dict[str, str] = {
    "aws:ec2/vpc:Vpc": "everything is in it",
    "aws:ec2/subnet:Subnet": "nodes and load balancers are in it",
    "aws:ec2/eip:Eip": "others know the address",
    "aws:eks/cluster:Cluster": "the API server and all objects in it",
    "aws:eks/nodeGroup:NodeGroup": "running pods and their local disks",
    "aws:s3/bucket:Bucket": "objects",
    "aws:s3/bucketObjectv2:BucketObjectv2": "an object",
    "aws:kms/key:Key": "what it has encrypted can be read with no other",
    "aws:cloudwatch/logGroup:LogGroup": "logs",
    "aws:ecr/repository:Repository": "images",
    "aws:efs/fileSystem:FileSystem": "files",
    "aws:rds/instance:Instance": "a database",
    "aws:rds/cluster:Cluster": "a database",
    "aws:dynamodb/table:Table": "a table",
    "aws:secretsmanager/secret:Secret": "a secret",
}
"""Type token to what is lost with a resource of that type."""

KUBERNETES: dict[str, str] = {
    "core:Namespace": "every object in it",
    "core:PersistentVolume": "files",
    "core:PersistentVolumeClaim": "files",
    "apps:StatefulSet": "the volumes of its pods",
    "apiextensions.k8s.io:CustomResourceDefinition": "every object of its kind",
    "helm.sh:Release": "everything that the chart has made",
    "generators.external-secrets.io:Password": "passwords that are in use",
}
"""Group and kind to what is lost with an object of that kind, in any version."""

_OBJECT = re.compile(r"^kubernetes:(?P<group>[^/]+)/[^:]+:(?P<kind>\w+)$")
TAKES_AWAY = frozenset({"replace", "delete"})


class Step(Protocol):
    """What a plan does with one resource; `infra.offline.planned.Planned` is one."""

    @property
    def operation(self) -> str:
        """``create``, ``update``, ``replace``, ``delete``, ``same`` …."""
        ...

    @property
    def urn(self) -> str:
        """URN."""
        ...

    @property
    def type(self) -> str:
        """Type token."""
        ...


def holds(token: str) -> str:
    """What is lost with a resource of a type, in words; empty when it can be made again."""
    found = _OBJECT.match(token)
    if found is None:
        return AWS.get(token, "")
    return KUBERNETES.get(f"{found['group']}:{found['kind']}", "")


def taken_away(steps: Iterable[Step]) -> list[str]:
    """``OPERATION TYPE NAME`` of every stateful resource that a plan would replace or delete."""
    return sorted(
        f"{step.operation} {step.type} {step.urn.rpartition('::')[2]}"
        for step in steps
        if step.operation in TAKES_AWAY and holds(step.type)
    )
