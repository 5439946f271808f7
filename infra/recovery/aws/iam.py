"""IAM and KMS: names for the one, tags read key by key for the other.

IAM has no filter for tags and no part in the regional tagging API. KMS has a part in it, but a
key that was made seconds ago is not there yet.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.recovery.model import Condition, Found
from infra.recovery.search import Rule, Search, everything, from_list, items, or_none

_AT_ONCE = 4
_ENDING = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


def _named(search: Search, rid: str, item: Mapping[str, Any] | None) -> Sequence[Found]:
    if item is None:
        return []
    ours = search.ours(from_list(item.get("Tags")))
    return [Found(rid, ours=ours, made=item.get("CreateDate"))]


def _role(search: Search) -> Sequence[Found]:
    name = search.text("name")
    answer = or_none(search.client("iam").get_role, RoleName=name)
    return _named(search, name, answer and answer["Role"])


def _profile(search: Search) -> Sequence[Found]:
    name = search.text("name")
    answer = or_none(search.client("iam").get_instance_profile, InstanceProfileName=name)
    return _named(search, name, answer and answer["InstanceProfile"])


def _policy(search: Search) -> Sequence[Found]:
    iam, name = search.client("iam"), search.text("name")
    path = search.input("path") or "/"
    for each in everything(iam, "list_policies", "Policies", Scope="Local", PathPrefix=path):
        if each["PolicyName"] == name:
            answer = or_none(iam.get_policy, PolicyArn=each["Arn"])
            return _named(search, str(each["Arn"]), answer and answer["Policy"])
    return []


def _role_policy(search: Search) -> Sequence[Found]:
    role, name = search.text("role"), search.text("name")
    answer = or_none(search.client("iam").get_role_policy, RoleName=role, PolicyName=name)
    return [Found(f"{role}:{name}")] if answer else []


def _attachment(search: Search) -> Sequence[Found]:
    iam, role, policy = search.client("iam"), search.text("role"), search.text("policyArn")
    if or_none(iam.get_role, RoleName=role) is None:
        return []
    listed = everything(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role)
    return [Found(f"{role}/{policy}") for each in listed if each["PolicyArn"] == policy]


def _oidc(search: Search) -> Sequence[Found]:
    iam, url = search.client("iam"), search.text("url").removeprefix("https://").rstrip("/")
    for each in everything(iam, "list_open_id_connect_providers", "OpenIDConnectProviderList"):
        arn = str(each["Arn"])
        if arn.partition(":oidc-provider/")[2] == url:
            answer = or_none(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)
            return _named(search, arn, answer)
    return []


def _key(search: Search) -> Sequence[Found]:
    kms, wanted = search.client("kms"), search.identity.items()
    ids = [str(each["KeyId"]) for each in everything(kms, "list_keys", "Keys")]

    def look(rid: str) -> Found | None:
        listed = or_none(kms.list_resource_tags, KeyId=rid)
        tags = {str(t["TagKey"]): str(t["TagValue"]) for t in items(listed, "Tags")}
        if not wanted <= tags.items():
            return None
        about = kms.describe_key(KeyId=rid)["KeyMetadata"]
        status = str(about["KeyState"])
        words = Condition.ENDING if status in _ENDING else Condition.READY
        return Found(rid, condition=words, made=about.get("CreationDate"), status=status)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [each for each in pool.map(look, ids) if each is not None]


def _alias(search: Search) -> Sequence[Found]:
    name = search.text("name")
    target = str(search.input("targetKeyId") or "").rpartition("/")[2]
    return [
        Found(name)
        for each in everything(search.client("kms"), "list_aliases", "Aliases")
        if each["AliasName"] == name and each.get("TargetKeyId") == target
    ]


RULES: Mapping[str, Rule] = {
    "aws:iam/role:Role": Rule(_role, ("name",)),
    "aws:iam/instanceProfile:InstanceProfile": Rule(_profile, ("name",)),
    "aws:iam/policy:Policy": Rule(_policy, ("name", "path")),
    "aws:iam/rolePolicy:RolePolicy": Rule(_role_policy, ("role", "name")),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Rule(_attachment, ("role", "policyArn")),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Rule(_oidc, ("url",)),
    "aws:kms/key:Key": Rule(_key),
    "aws:kms/alias:Alias": Rule(_alias, ("name",)),
}
"""Type token to rule."""
