"""IAM roles, their policies, instance profiles."""

import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none, retry_on, settled
from local.providers.aws.documents import same_policy
from local.providers.aws.handler import Change, Handler, Properties, block, given, many
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import ProviderError

IN_USE = frozenset({"DeleteConflict"})
_HAS_ROLE = frozenset({"EntityAlreadyExists", "LimitExceeded"})


def stamp(time: Any) -> str | None:
    """An AWS time as the official provider writes it."""
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


def document(text: Any) -> str:
    """A policy document, which IAM may answer URL-encoded, as JSON text."""
    return json.dumps(text) if isinstance(text, dict) else urllib.parse.unquote(str(text))


class _Role(Handler):
    """aws:iam/role:Role; the id is the name."""

    urn_type = "aws:iam/role:Role"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "assumeRolePolicy": Field(required=True, same=same_policy),
            "description": Field(),
            "forceDetachPolicies": Field(kept=True, default=False),
            "maxSessionDuration": Field(default=3600),
            "path": Field(default="/", replace=True),
            "permissionsBoundary": Field(),
        },
        name=AutoName(longest=64),
        regional=False,
        computed=("arn", "createDate", "uniqueId"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs,
            {
                "description": "Description",
                "permissionsBoundary": "PermissionsBoundary",
                "maxSessionDuration": "MaxSessionDuration",
                "path": "Path",
            },
        )
        answer = cloud.client("iam").create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Tags=tags.to_list(block(inputs, "tagsAll")),
            **arguments,
        )
        return answer["Role"]["RoleName"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        cloud.wait(f"role {rid} there", lambda: self.read(cloud, rid, inputs) is not None)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        answer = missing_as_none(lambda: cloud.client("iam").get_role(RoleName=rid))
        if answer is None:
            return None
        role = answer["Role"]
        return {
            "arn": role["Arn"],
            "name": role["RoleName"],
            "assumeRolePolicy": document(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description"),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "path": role["Path"],
            "permissionsBoundary": block(role, "PermissionsBoundary").get("PermissionsBoundaryArn"),
            "createDate": stamp(role["CreateDate"]),
            "uniqueId": role["RoleId"],
            "tagsAll": tags.from_list(many(role, "Tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        iam, new = cloud.client("iam"), change.new
        if "assumeRolePolicy" in change.changed:
            iam.update_assume_role_policy(
                RoleName=change.id, PolicyDocument=new["assumeRolePolicy"]
            )
        if change.changed & {"description", "maxSessionDuration"}:
            iam.update_role(
                RoleName=change.id,
                Description=new.get("description") or "",
                MaxSessionDuration=new["maxSessionDuration"],
            )
        if "permissionsBoundary" in change.changed:
            if new.get("permissionsBoundary"):
                iam.put_role_permissions_boundary(
                    RoleName=change.id, PermissionsBoundary=new["permissionsBoundary"]
                )
            else:
                iam.delete_role_permissions_boundary(RoleName=change.id)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        iam = cloud.client("iam")
        if removed:
            iam.untag_role(RoleName=change.id, TagKeys=removed)
        if added:
            iam.tag_role(RoleName=change.id, Tags=tags.to_list(added))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        iam = cloud.client("iam")
        if state.get("forceDetachPolicies"):
            for policy in iam.list_attached_role_policies(RoleName=rid)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=rid, PolicyArn=policy["PolicyArn"])
            for name in iam.list_role_policies(RoleName=rid)["PolicyNames"]:
                iam.delete_role_policy(RoleName=rid, PolicyName=name)
        retry_on(IN_USE, lambda: iam.delete_role(RoleName=rid))


class _RolePolicy(Handler):
    """aws:iam/rolePolicy:RolePolicy; the id is ROLE:NAME."""

    looks_first = True
    urn_type = "aws:iam/rolePolicy:RolePolicy"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "role": Field(required=True, replace=True),
            "policy": Field(required=True, same=same_policy),
        },
        name=AutoName(longest=128),
        tags=False,
        regional=False,
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return f"{inputs['role']}:{inputs['name']}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        rid = f"{inputs['role']}:{inputs['name']}"
        if self.read(cloud, rid, {}) is not None:
            raise ProviderError(
                f"PutRolePolicy: role {inputs['role']} has a policy {inputs['name']} already"
            )
        self._put(cloud, inputs)
        return rid

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any]) -> None:
        cloud.client("iam").put_role_policy(
            RoleName=inputs["role"],
            PolicyName=inputs["name"],
            PolicyDocument=inputs["policy"],
        )

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        role, _, name = rid.partition(":")
        answer = missing_as_none(
            lambda: cloud.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        )
        if answer is None:
            return None
        return {"role": role, "name": name, "policy": document(answer["PolicyDocument"])}

    def update(self, cloud: Cloud, change: Change) -> None:
        self._put(cloud, change.new)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        role, _, name = rid.partition(":")
        cloud.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class _RolePolicyAttachment(Handler):
    """aws:iam/rolePolicyAttachment:RolePolicyAttachment."""

    urn_type = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    # Made before the old one goes, the new one would be what the deletion of the old one removes.
    schema = Schema(
        fields={
            "role": Field(required=True, replace=True),
            "policyArn": Field(required=True, replace=True),
        },
        tags=False,
        regional=False,
        delete_before_replace=True,
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return f"{inputs['role']}/{inputs['policyArn']}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        role, policy = inputs["role"], inputs["policyArn"]
        cloud.client("iam").attach_role_policy(RoleName=role, PolicyArn=policy)
        return f"{role}/{policy}"

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        role, _, policy = rid.partition("/")
        iam = cloud.client("iam")
        answer = missing_as_none(lambda: iam.list_attached_role_policies(RoleName=role))
        attached = many(answer, "AttachedPolicies")
        if policy not in {item["PolicyArn"] for item in attached}:
            return None
        return {"role": role, "policyArn": policy}

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        role, _, policy = rid.partition("/")
        cloud.client("iam").detach_role_policy(RoleName=role, PolicyArn=policy)


class _InstanceProfile(Handler):
    """aws:iam/instanceProfile:InstanceProfile; the id is the name."""

    urn_type = "aws:iam/instanceProfile:InstanceProfile"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "path": Field(default="/", replace=True),
            "role": Field(),
        },
        name=AutoName(longest=128),
        regional=False,
        computed=("arn", "createDate", "uniqueId"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        answer = cloud.client("iam").create_instance_profile(
            InstanceProfileName=inputs["name"],
            Path=inputs["path"],
            Tags=tags.to_list(block(inputs, "tagsAll")),
        )
        return answer["InstanceProfile"]["InstanceProfileName"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        if inputs.get("role"):
            names = {"InstanceProfileName": rid, "RoleName": inputs["role"]}
            iam = cloud.client("iam")
            settled(_HAS_ROLE, lambda: iam.add_role_to_instance_profile(**names))

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        iam = cloud.client("iam")
        answer = missing_as_none(lambda: iam.get_instance_profile(InstanceProfileName=rid))
        if answer is None:
            return None
        profile = answer["InstanceProfile"]
        roles = many(profile, "Roles")
        return {
            "arn": profile["Arn"],
            "name": profile["InstanceProfileName"],
            "path": profile["Path"],
            "role": roles[0]["RoleName"] if roles else None,
            "createDate": stamp(profile["CreateDate"]),
            "uniqueId": profile["InstanceProfileId"],
            "tagsAll": tags.from_list(many(profile, "Tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        iam = cloud.client("iam")
        if change.old.get("role"):
            iam.remove_role_from_instance_profile(
                InstanceProfileName=change.id, RoleName=change.old["role"]
            )
        self.finish(cloud, change.id, change.new)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        iam = cloud.client("iam")
        if removed:
            iam.untag_instance_profile(InstanceProfileName=change.id, TagKeys=removed)
        if added:
            iam.tag_instance_profile(InstanceProfileName=change.id, Tags=tags.to_list(added))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        iam = cloud.client("iam")
        if state.get("role"):
            missing_as_none(
                lambda: iam.remove_role_from_instance_profile(
                    InstanceProfileName=rid, RoleName=state["role"]
                )
            )
        iam.delete_instance_profile(InstanceProfileName=rid)


HANDLERS = (_Role(), _RolePolicy(), _RolePolicyAttachment(), _InstanceProfile())
