"""IAM managed policies and OpenID Connect providers; the id is the ARN."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none, retry_on
from local.providers.aws.documents import same_policy
from local.providers.aws.handler import Change, Handler, Properties, block, given, many
from local.providers.aws.resources.iam_roles import IN_USE, document
from local.providers.aws.schema import AutoName, Field, Schema

_MOST_VERSIONS = 5


class _Policy(Handler):
    """aws:iam/policy:Policy."""

    urn_type = "aws:iam/policy:Policy"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "description": Field(replace=True),
            "path": Field(default="/", replace=True),
            "policy": Field(required=True, same=same_policy),
        },
        name=AutoName(longest=128),
        regional=False,
        computed=("arn", "attachmentCount", "policyId"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return f"arn:aws:iam::{cloud.account}:policy{inputs['path']}{inputs['name']}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        answer = cloud.client("iam").create_policy(
            PolicyName=inputs["name"],
            PolicyDocument=inputs["policy"],
            Tags=tags.to_list(block(inputs, "tagsAll")),
            **given(inputs, {"description": "Description", "path": "Path"}),
        )
        return answer["Policy"]["Arn"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        iam = cloud.client("iam")
        answer = missing_as_none(lambda: iam.get_policy(PolicyArn=rid))
        if answer is None:
            return None
        policy = answer["Policy"]
        version = iam.get_policy_version(PolicyArn=rid, VersionId=policy["DefaultVersionId"])
        listed = iam.list_policy_tags(PolicyArn=rid)
        return {
            "arn": rid,
            "name": policy["PolicyName"],
            "description": policy.get("Description"),
            "path": policy["Path"],
            "policy": document(version["PolicyVersion"]["Document"]),
            "policyId": policy["PolicyId"],
            "attachmentCount": policy.get("AttachmentCount", 0),
            "tagsAll": tags.from_list(many(listed, "Tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        iam = cloud.client("iam")
        versions = iam.list_policy_versions(PolicyArn=change.id)["Versions"]
        if len(versions) >= _MOST_VERSIONS:
            spare = [v for v in versions if not v["IsDefaultVersion"]]
            oldest = min(spare, key=lambda v: v["CreateDate"])
            iam.delete_policy_version(PolicyArn=change.id, VersionId=oldest["VersionId"])
        iam.create_policy_version(
            PolicyArn=change.id, PolicyDocument=change.new["policy"], SetAsDefault=True
        )

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        iam = cloud.client("iam")
        if removed:
            iam.untag_policy(PolicyArn=change.id, TagKeys=removed)
        if added:
            iam.tag_policy(PolicyArn=change.id, Tags=tags.to_list(added))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        iam = cloud.client("iam")
        for version in iam.list_policy_versions(PolicyArn=rid)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=rid, VersionId=version["VersionId"])
        retry_on(IN_USE, lambda: iam.delete_policy(PolicyArn=rid))


def _same_url(one: Any, other: Any) -> bool:
    return str(one).removeprefix("https://") == str(other).removeprefix("https://")


class _OpenIdConnectProvider(Handler):
    """aws:iam/openIdConnectProvider:OpenIdConnectProvider."""

    urn_type = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    schema = Schema(
        fields={
            "url": Field(required=True, replace=True, same=_same_url),
            "clientIdLists": Field(required=True, unordered=True),
            "thumbprintLists": Field(computed=True),
        },
        regional=False,
        computed=("arn",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        url = str(inputs["url"]).removeprefix("https://")
        return f"arn:aws:iam::{cloud.account}:oidc-provider/{url}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        url = str(inputs["url"])
        answer = cloud.client("iam").create_open_id_connect_provider(
            Url=url if "://" in url else f"https://{url}",
            ClientIDList=inputs["clientIdLists"],
            Tags=tags.to_list(block(inputs, "tagsAll")),
            **given(inputs, {"thumbprintLists": "ThumbprintList"}),
        )
        return answer["OpenIDConnectProviderArn"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        iam = cloud.client("iam")
        answer = missing_as_none(
            lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=rid)
        )
        if answer is None:
            return None
        return {
            "arn": rid,
            "url": answer["Url"].removeprefix("https://"),
            "clientIdLists": many(answer, "ClientIDList"),
            "thumbprintLists": many(answer, "ThumbprintList"),
            "tagsAll": tags.from_list(many(answer, "Tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        iam = cloud.client("iam")
        if "thumbprintLists" in change.changed:
            iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=change.id,
                ThumbprintList=many(change.new, "thumbprintLists"),
            )
        old, new = set(change.old["clientIdLists"]), set(change.new["clientIdLists"])
        for client_id in sorted(new - old):
            iam.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=change.id, ClientID=client_id
            )
        for client_id in sorted(old - new):
            iam.remove_client_id_from_open_id_connect_provider(
                OpenIDConnectProviderArn=change.id, ClientID=client_id
            )

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        iam = cloud.client("iam")
        if removed:
            iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=change.id, TagKeys=removed)
        if added:
            iam.tag_open_id_connect_provider(
                OpenIDConnectProviderArn=change.id, Tags=tags.to_list(added)
            )

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=rid)


HANDLERS = (_Policy(), _OpenIdConnectProvider())
