"""KMS keys and aliases."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.documents import same_policy
from local.providers.aws.handler import Change, Handler, Properties, block, given, many
from local.providers.aws.schema import AutoName, Field, Schema

_POLICY = "default"
_ALIAS = "alias/"


class _Key(Handler):
    """aws:kms/key:Key."""

    urn_type = "aws:kms/key:Key"
    schema = Schema(
        fields={
            "description": Field(computed=True),
            "keyUsage": Field(default="ENCRYPT_DECRYPT", replace=True),
            "customerMasterKeySpec": Field(default="SYMMETRIC_DEFAULT", replace=True),
            "policy": Field(computed=True, same=same_policy),
            "bypassPolicyLockoutSafetyCheck": Field(kept=True, default=False),
            "deletionWindowInDays": Field(kept=True),
            "isEnabled": Field(default=True),
            "enableKeyRotation": Field(default=False),
            "rotationPeriodInDays": Field(computed=True),
            "multiRegion": Field(computed=True, replace=True),
        },
        computed=("arn", "keyId"),
    )

    def alike(self, cloud: Cloud, inputs: Mapping[str, Any]) -> frozenset[str] | None:
        kms, wanted = cloud.client("kms"), block(inputs, "tagsAll")
        listed = [k for p in kms.get_paginator("list_keys").paginate() for k in p["Keys"]]
        found: set[str] = set()
        for key in listed:
            has = missing_as_none(lambda rid=key["KeyId"]: kms.list_resource_tags(KeyId=rid))
            carried = tags.from_list(many(has, "Tags"), "TagKey", "TagValue")
            if wanted.items() <= carried.items():
                found.add(key["KeyId"])
        return frozenset(found)

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        answer = cloud.client("kms").create_key(
            Tags=tags.to_list(block(inputs, "tagsAll"), "TagKey", "TagValue"),
            **given(
                inputs,
                {
                    "description": "Description",
                    "keyUsage": "KeyUsage",
                    "customerMasterKeySpec": "KeySpec",
                    "policy": "Policy",
                    "bypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
                    "multiRegion": "MultiRegion",
                },
            ),
        )
        return answer["KeyMetadata"]["KeyId"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        if inputs["enableKeyRotation"]:
            self._rotate(cloud, rid, inputs)
        if not inputs["isEnabled"]:
            cloud.client("kms").disable_key(KeyId=rid)

    def _rotate(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        period = given(inputs, {"rotationPeriodInDays": "RotationPeriodInDays"})
        cloud.client("kms").enable_key_rotation(KeyId=rid, **period)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        kms = cloud.client("kms")
        answer = missing_as_none(lambda: kms.describe_key(KeyId=rid))
        key = block(answer, "KeyMetadata")
        if not key or key["KeyState"] in {"PendingDeletion", "PendingReplicaDeletion"}:
            return None
        seen: Properties = {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "description": key.get("Description"),
            "keyUsage": key["KeyUsage"],
            "customerMasterKeySpec": key.get("KeySpec") or key.get("CustomerMasterKeySpec"),
            "isEnabled": key["Enabled"],
            "multiRegion": key.get("MultiRegion", False),
            "policy": kms.get_key_policy(KeyId=rid, PolicyName=_POLICY)["Policy"],
            "enableKeyRotation": False,
        }
        if seen["customerMasterKeySpec"] == "SYMMETRIC_DEFAULT":
            rotation = kms.get_key_rotation_status(KeyId=rid)
            seen["enableKeyRotation"] = rotation["KeyRotationEnabled"]
            if rotation["KeyRotationEnabled"]:
                seen["rotationPeriodInDays"] = rotation.get("RotationPeriodInDays")
        listed = many(kms.list_resource_tags(KeyId=rid), "Tags")
        seen["tagsAll"] = tags.from_list(listed, "TagKey", "TagValue")
        return seen

    def update(self, cloud: Cloud, change: Change) -> None:
        kms, new, rid = cloud.client("kms"), change.new, change.id
        # A disabled key takes no other changes, so it is enabled first and disabled last.
        if "isEnabled" in change.changed and new["isEnabled"]:
            kms.enable_key(KeyId=rid)
        if change.changed & {"enableKeyRotation", "rotationPeriodInDays"}:
            if new["enableKeyRotation"]:
                self._rotate(cloud, rid, new)
            else:
                kms.disable_key_rotation(KeyId=rid)
        if "description" in change.changed:
            kms.update_key_description(KeyId=rid, Description=new.get("description") or "")
        if "policy" in change.changed and new.get("policy"):
            kms.put_key_policy(
                KeyId=rid,
                PolicyName=_POLICY,
                Policy=new["policy"],
                BypassPolicyLockoutSafetyCheck=new["bypassPolicyLockoutSafetyCheck"],
            )
        if "isEnabled" in change.changed and not new["isEnabled"]:
            kms.disable_key(KeyId=rid)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        kms = cloud.client("kms")
        if removed:
            kms.untag_resource(KeyId=change.id, TagKeys=removed)
        if added:
            kms.tag_resource(KeyId=change.id, Tags=tags.to_list(added, "TagKey", "TagValue"))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        if self.read(cloud, rid, state) is None:
            return
        days = given(state, {"deletionWindowInDays": "PendingWindowInDays"})
        cloud.client("kms").schedule_key_deletion(KeyId=rid, **days)


class _Alias(Handler):
    """aws:kms/alias:Alias; the id is the name."""

    urn_type = "aws:kms/alias:Alias"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            # A key is named by its id or by its ARN.
            "targetKeyId": Field(
                required=True, same=lambda a, b: str(a).split("/")[-1] == str(b).split("/")[-1]
            ),
        },
        name=AutoName(transform=lambda name: name if name[:6] == _ALIAS else _ALIAS + name),
        tags=False,
        computed=("arn", "targetKeyArn"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        cloud.client("kms").create_alias(
            AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"]
        )
        return inputs["name"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        kms = cloud.client("kms")
        aliases = [a for p in kms.get_paginator("list_aliases").paginate() for a in p["Aliases"]]
        alias = next((a for a in aliases if a["AliasName"] == rid), None)
        if alias is None or not alias.get("TargetKeyId"):
            return None
        key = alias["TargetKeyId"]
        return {
            "arn": alias["AliasArn"],
            "name": rid,
            "targetKeyId": key,
            "targetKeyArn": cloud.arn("kms", f"key/{key}"),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        cloud.client("kms").update_alias(AliasName=change.id, TargetKeyId=change.new["targetKeyId"])

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("kms").delete_alias(AliasName=rid)


HANDLERS = (_Key(), _Alias())
