"""Which steps of a plan take away what cannot be made again."""

from dataclasses import dataclass

import pytest

from infra.state.stateful import holds, taken_away

PREFIX = "urn:pulumi:local::llm-platform::"


@dataclass
class Step:
    operation: str
    type: str
    name: str

    @property
    def urn(self) -> str:
        return f"{PREFIX}{self.type}::{self.name}"


@pytest.mark.parametrize(
    ("token", "held"),
    [
        ("aws:ec2/vpc:Vpc", True),
        ("aws:s3/bucket:Bucket", True),
        ("aws:s3/bucketPolicy:BucketPolicy", False),
        ("aws:iam/role:Role", False),
        ("kubernetes:core/v1:Namespace", True),
        ("kubernetes:core/v2beta1:Namespace", True),
        ("kubernetes:core/v1:ConfigMap", False),
        ("kubernetes:apps/v1:StatefulSet", True),
        ("kubernetes:apps/v1:Deployment", False),
        ("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", True),
        ("kubernetes:helm.sh/v3:Release", True),
        ("llm-platform:index:Network", False),
        ("pulumi:pulumi:Stack", False),
    ],
)
def test_what_holds_something(token: str, held: bool) -> None:
    assert bool(holds(token)) is held


def test_only_what_is_replaced_or_deleted_is_taken_away() -> None:
    steps = [
        Step("replace", "aws:s3/bucket:Bucket", "models"),
        Step("delete", "kubernetes:core/v1:Namespace", "team"),
        Step("update", "aws:eks/cluster:Cluster", "cluster"),
        Step("create", "aws:kms/key:Key", "key"),
        Step("same", "aws:ec2/vpc:Vpc", "vpc"),
        Step("replace", "aws:iam/role:Role", "role"),
    ]

    assert taken_away(steps) == [
        "delete kubernetes:core/v1:Namespace team",
        "replace aws:s3/bucket:Bucket models",
    ]
