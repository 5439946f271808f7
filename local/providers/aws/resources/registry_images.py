"""ECR repositories, lifecycle policies, pull-through cache rules."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.documents import same_json
from local.providers.aws.handler import Change, Handler, Properties, block, given, many
from local.providers.aws.schema import AutoName, Field, Schema


class _Repository(Handler):
    """aws:ecr/repository:Repository; the id is the name."""

    urn_type = "aws:ecr/repository:Repository"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "imageTagMutability": Field(default="MUTABLE"),
            "imageScanningConfiguration": Field(fields={"scanOnPush": Field(required=True)}),
            "encryptionConfigurations": Field(
                computed=True,
                replace=True,
                fields={
                    "encryptionType": Field(default="AES256", choices=("AES256", "KMS")),
                    "kmsKey": Field(computed=True),
                },
            ),
            "forceDelete": Field(kept=True),
        },
        name=AutoName(longest=256, transform=str.lower),
        computed=("arn", "registryId", "repositoryUrl"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs,
            {
                "imageTagMutability": "imageTagMutability",
                "imageScanningConfiguration": "imageScanningConfiguration",
            },
        )
        for wanted in many(inputs, "encryptionConfigurations"):
            arguments["encryptionConfiguration"] = given(
                wanted, {"encryptionType": "encryptionType", "kmsKey": "kmsKey"}
            )
        answer = cloud.client("ecr").create_repository(
            repositoryName=inputs["name"],
            tags=tags.to_list(block(inputs, "tagsAll")),
            **arguments,
        )
        return answer["repository"]["repositoryName"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        ecr = cloud.client("ecr")
        answer = missing_as_none(lambda: ecr.describe_repositories(repositoryNames=[rid]))
        if answer is None:
            return None
        repository = answer["repositories"][0]
        arn = repository["repositoryArn"]
        encryption = repository.get("encryptionConfiguration")
        return {
            "arn": arn,
            "name": rid,
            "registryId": repository["registryId"],
            "repositoryUrl": repository["repositoryUri"],
            "imageTagMutability": repository.get("imageTagMutability"),
            "imageScanningConfiguration": repository.get("imageScanningConfiguration"),
            "encryptionConfigurations": [encryption] if encryption else [],
            "tagsAll": tags.from_list(ecr.list_tags_for_resource(resourceArn=arn)["tags"]),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        ecr, new = cloud.client("ecr"), change.new
        if "imageTagMutability" in change.changed:
            ecr.put_image_tag_mutability(
                repositoryName=change.id, imageTagMutability=new["imageTagMutability"]
            )
        if "imageScanningConfiguration" in change.changed:
            wanted = new.get("imageScanningConfiguration") or {"scanOnPush": False}
            ecr.put_image_scanning_configuration(
                repositoryName=change.id, imageScanningConfiguration=wanted
            )

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        ecr, arn = cloud.client("ecr"), change.state["arn"]
        if removed:
            ecr.untag_resource(resourceArn=arn, tagKeys=removed)
        if added:
            ecr.tag_resource(resourceArn=arn, tags=tags.to_list(added))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        force = bool(state.get("forceDelete"))
        cloud.client("ecr").delete_repository(repositoryName=rid, force=force)


class _LifecyclePolicy(Handler):
    """aws:ecr/lifecyclePolicy:LifecyclePolicy; the id is the repository's name."""

    urn_type = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    schema = Schema(
        fields={
            "repository": Field(required=True, replace=True),
            "policy": Field(required=True, same=same_json),
        },
        tags=False,
        computed=("registryId",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return inputs["repository"]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        self._put(cloud, inputs)
        return inputs["repository"]

    def _put(self, cloud: Cloud, inputs: Mapping[str, Any]) -> None:
        cloud.client("ecr").put_lifecycle_policy(
            repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"]
        )

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        ecr = cloud.client("ecr")
        answer = missing_as_none(lambda: ecr.get_lifecycle_policy(repositoryName=rid))
        if answer is None:
            return None
        return {
            "repository": rid,
            "policy": answer["lifecyclePolicyText"],
            "registryId": answer["registryId"],
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        self._put(cloud, change.new)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("ecr").delete_lifecycle_policy(repositoryName=rid)


HANDLERS = (_Repository(), _LifecyclePolicy())
