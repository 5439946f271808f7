"""SSM parameters, Secrets Manager secrets."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.documents import same_policy
from local.providers.aws.handler import Change, Handler, Properties, block, given, many
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import CheckFailure

_TYPES = ("String", "StringList", "SecureString")


class _Parameter(Handler):
    """aws:ssm/parameter:Parameter; the id is the name."""

    urn_type = "aws:ssm/parameter:Parameter"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "type": Field(required=True, choices=_TYPES),
            "value": Field(computed=True),
            "insecureValue": Field(computed=True),
            "description": Field(),
            "allowedPattern": Field(),
            "dataType": Field(computed=True),
            "keyId": Field(computed=True),
            "tier": Field(default="Standard"),
            "overwrite": Field(kept=True),
        },
        name=AutoName(),
        computed=("arn", "version"),
        volatile=("version",),
    )

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        if (inputs.get("value") is None) == (inputs.get("insecureValue") is None):
            reason = "a parameter has exactly one of `value` and `insecureValue`"
            return [CheckFailure("value", reason)]
        return []

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        overwrite = bool(inputs.get("overwrite"))
        wanted = inputs.get("tagsAll")
        # SSM takes tags with a new parameter only.
        with_tags = {"Tags": tags.to_list(wanted)} if wanted and not overwrite else {}
        self._put(cloud, inputs, overwrite, **with_tags)
        return inputs["name"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        if inputs.get("overwrite") and inputs.get("tagsAll"):
            self._tag(cloud, rid, inputs["tagsAll"])

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any], overwrite: bool, **more: Any) -> None:
        value = inputs.get("value")
        arguments = given(
            inputs,
            {
                "description": "Description",
                "allowedPattern": "AllowedPattern",
                "dataType": "DataType",
                "keyId": "KeyId",
                "tier": "Tier",
            },
        )
        cloud.client("ssm").put_parameter(
            Name=inputs["name"],
            Type=inputs["type"],
            Value=inputs.get("insecureValue") if value is None else value,
            Overwrite=overwrite,
            **arguments,
            **more,
        )

    def _tag(self, cloud: Cloud, rid: str, wanted: Mapping[str, str]) -> None:
        cloud.client("ssm").add_tags_to_resource(
            ResourceType="Parameter", ResourceId=rid, Tags=tags.to_list(wanted)
        )

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        ssm = cloud.client("ssm")
        answer = missing_as_none(lambda: ssm.get_parameter(Name=rid, WithDecryption=True))
        if answer is None:
            return None
        parameter = answer["Parameter"]
        by_name = [{"Key": "Name", "Option": "Equals", "Values": [rid]}]
        described = ssm.describe_parameters(ParameterFilters=by_name)["Parameters"][0]
        listed = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=rid)
        insecure = known.get("insecureValue") is not None
        return {
            "arn": parameter["ARN"],
            "name": rid,
            "type": parameter["Type"],
            "insecureValue" if insecure else "value": parameter["Value"],
            "version": parameter["Version"],
            "dataType": parameter.get("DataType"),
            "description": described.get("Description"),
            "allowedPattern": described.get("AllowedPattern"),
            "keyId": described.get("KeyId"),
            "tier": described.get("Tier", "Standard"),
            "tagsAll": tags.from_list(many(listed, "TagList")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        if change.changed - {"overwrite", "tags", "tagsAll"}:
            # Without a description SSM keeps the old one.
            wanted = {"description": "", **change.new}
            self._put(cloud, wanted, overwrite=True)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        if removed:
            cloud.client("ssm").remove_tags_from_resource(
                ResourceType="Parameter", ResourceId=change.id, TagKeys=removed
            )
        if added:
            self._tag(cloud, change.id, added)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("ssm").delete_parameter(Name=rid)


class _Secret(Handler):
    """aws:secretsmanager/secret:Secret; the id is the ARN."""

    urn_type = "aws:secretsmanager/secret:Secret"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "description": Field(),
            "kmsKeyId": Field(),
            "policy": Field(computed=True, same=same_policy),
            "recoveryWindowInDays": Field(kept=True, default=30),
            "forceOverwriteReplicaSecret": Field(kept=True, default=False),
        },
        name=AutoName(longest=512),
        computed=("arn",),
    )

    def alike(self, cloud: Cloud, inputs: Mapping[str, Any]) -> frozenset[str] | None:
        secrets = cloud.client("secretsmanager")
        found = missing_as_none(lambda: secrets.describe_secret(SecretId=inputs["name"]))
        return frozenset([found["ARN"]] if found else [])

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        answer = cloud.client("secretsmanager").create_secret(
            Name=inputs["name"],
            Tags=tags.to_list(block(inputs, "tagsAll")),
            **given(inputs, {"description": "Description", "kmsKeyId": "KmsKeyId"}),
        )
        return answer["ARN"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        if inputs.get("policy"):
            self._put_policy(cloud, rid, inputs["policy"])

    def _put_policy(self, cloud: Cloud, rid: str, policy: str) -> None:
        cloud.client("secretsmanager").put_resource_policy(SecretId=rid, ResourcePolicy=policy)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        secrets = cloud.client("secretsmanager")
        secret = missing_as_none(lambda: secrets.describe_secret(SecretId=rid))
        if secret is None or secret.get("DeletedDate"):
            return None
        policy = missing_as_none(lambda: secrets.get_resource_policy(SecretId=rid))
        return {
            "arn": secret["ARN"],
            "name": secret["Name"],
            "description": secret.get("Description"),
            "kmsKeyId": secret.get("KmsKeyId"),
            "policy": policy and policy.get("ResourcePolicy"),
            "tagsAll": tags.from_list(many(secret, "Tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        secrets, new = cloud.client("secretsmanager"), change.new
        if change.changed & {"description", "kmsKeyId"}:
            secrets.update_secret(
                SecretId=change.id,
                Description=new.get("description") or "",
                **given(new, {"kmsKeyId": "KmsKeyId"}),
            )
        if "policy" in change.changed:
            if new.get("policy"):
                self._put_policy(cloud, change.id, new["policy"])
            else:
                secrets.delete_resource_policy(SecretId=change.id)

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        secrets = cloud.client("secretsmanager")
        if removed:
            secrets.untag_resource(SecretId=change.id, TagKeys=removed)
        if added:
            secrets.tag_resource(SecretId=change.id, Tags=tags.to_list(added))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        if self.read(cloud, rid, state) is None:
            return
        days = state.get("recoveryWindowInDays", 30)
        window = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        cloud.client("secretsmanager").delete_secret(SecretId=rid, **window)


HANDLERS = (_Parameter(), _Secret())
