"""The transform that completes what pulumi-eks registers below its component."""

import asyncio
from typing import Any

import pulumi
import pytest
from aws_recording import record, untyped

from llm_platform.aws.cluster import Cluster
from llm_platform.aws.cluster_children import CLUSTER_TYPE, TAGGABLE, completed

STACK = "llm-platform/test"


@pytest.mark.parametrize("type_", sorted(TAGGABLE))
def test_children_get_identity_tags_and_keep_their_inputs(type_: str) -> None:
    done = completed(type_, "llm-x", {"a": 1, "tags": {"team": "ml"}}, STACK, creator_admin=False)
    assert done is not None
    assert done["a"] == 1
    assert done["tags"]["team"] == "ml"
    assert done["tags"]["llm-platform:resource"] == "llm-x"
    assert done["tags"]["llm-platform:stack"] == STACK


def test_children_without_tags_are_left_alone() -> None:
    type_ = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
    assert completed(type_, "x", {"a": 1}, STACK, creator_admin=False) is None


@pytest.mark.parametrize("creator_admin", [True, False])
def test_creator_is_administrator_only_when_asked(creator_admin: bool) -> None:
    given = {
        "accessConfig": {
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": True,
        }
    }
    done = completed(CLUSTER_TYPE, "c", given, STACK, creator_admin=creator_admin)
    assert done is not None
    assert done["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": creator_admin,
    }


async def transformed(props: dict[str, Any]) -> dict[str, Any]:
    """What the transform that a cluster registers makes of a child's inputs."""
    child = pulumi.ResourceTransformArgs(
        custom=True,
        type_="aws:iam/role:Role",
        name="llm-role",
        props=props,
        opts=pulumi.ResourceOptions(),
    )
    (transform,) = RECORDED.transforms
    result = untyped(transform(child))
    return dict(result.props)


def program() -> dict[str, Any]:
    made = Cluster("llm", {"vpc_id": "vpc-1", "subnet_ids": ["a", "b"], "creator_admin": True})
    return {"name": made.cluster_name}


RECORDED = record(program)


def test_transform_returns_plain_tags() -> None:
    props = asyncio.run(transformed({"path": "/", "tags": {"team": "ml"}}))
    assert props["path"] == "/"
    assert props["tags"]["llm-platform:resource"] == "llm-role"


def test_tags_that_are_not_known_yet_are_completed_later() -> None:
    async def resolved() -> Any:
        props = await transformed({"tags": pulumi.Output.from_input({"team": "ml"})})
        return await untyped(props["tags"]).future()

    tags = asyncio.run(resolved())
    assert (tags["team"], tags["llm-platform:resource"]) == ("ml", "llm-role")
