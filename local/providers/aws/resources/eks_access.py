"""EKS add-ons, access entries, access policies, pod identity associations."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws import tags
from local.providers.aws.cloud import Cloud, missing_as_none
from local.providers.aws.documents import same_json
from local.providers.aws.handler import Change, Handler, Properties, given, many, renamed
from local.providers.aws.resources.eks_common import (
    PENDING,
    EksHandler,
    await_gone,
    await_status,
    await_update,
    tags_argument,
)
from local.providers.aws.resources.iam_roles import stamp
from local.providers.aws.schema import Field, Schema
from local.providers.model import ProviderError

_PATIENCE = 20 * 60.0
_POLICY_NAMES = ("clusterName", "principalArn", "policyArn")
_CONFLICTS = ("NONE", "OVERWRITE", "PRESERVE")


class _Addon(EksHandler):
    """aws:eks/addon:Addon; the id is CLUSTER:ADDON."""

    urn_type = "aws:eks/addon:Addon"
    schema = Schema(
        fields={
            "clusterName": Field(required=True, replace=True),
            "addonName": Field(required=True, replace=True),
            "addonVersion": Field(computed=True),
            "configurationValues": Field(computed=True, same=same_json),
            "preserve": Field(kept=True),
            "resolveConflictsOnCreate": Field(kept=True, choices=_CONFLICTS[:2]),
            "resolveConflictsOnUpdate": Field(kept=True, choices=_CONFLICTS),
            "serviceAccountRoleArn": Field(),
            "podIdentityAssociations": Field(
                unordered=True,
                fields={
                    "roleArn": Field(required=True),
                    "serviceAccount": Field(required=True),
                },
            ),
        },
        computed=("arn", "createdAt", "modifiedAt"),
        volatile=("modifiedAt",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return f"{inputs['clusterName']}:{inputs['addonName']}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        cloud.client("eks").create_addon(
            **self._arguments(inputs), **_conflicts(inputs, "Create"), **tags_argument(inputs)
        )
        return f"{inputs['clusterName']}:{inputs['addonName']}"

    def _arguments(self, inputs: Mapping[str, Any]) -> Properties:
        names = (
            "clusterName",
            "addonName",
            "addonVersion",
            "configurationValues",
            "serviceAccountRoleArn",
            "podIdentityAssociations",
        )
        return given(inputs, {name: name for name in names})

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        # CoreDNS is DEGRADED until there are nodes. The official provider waits 20 minutes.
        cloud = cloud.at(None, min(cloud.timeout, _PATIENCE))
        pending = PENDING | {"DEGRADED"}
        await_status(cloud, f"add-on {rid}", "describe_addon", "addon", _names(rid), pending)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        eks, names = cloud.client("eks"), _names(rid)
        answer = missing_as_none(lambda: eks.describe_addon(**names))
        if answer is None:
            return None
        addon = answer["addon"]
        associations: list[Properties] = []
        for arn in many(addon, "podIdentityAssociations"):
            found = eks.describe_pod_identity_association(
                clusterName=names["clusterName"], associationId=arn.split("/")[-1]
            )["association"]
            associations.append(renamed(found, {n: n for n in ("roleArn", "serviceAccount")}))
        same = ("clusterName", "addonName", "addonVersion", "configurationValues")
        return {
            **renamed(addon, {name: name for name in (*same, "serviceAccountRoleArn")}),
            "arn": addon["addonArn"],
            "createdAt": stamp(addon["createdAt"]),
            "modifiedAt": stamp(addon["modifiedAt"]),
            "podIdentityAssociations": associations,
            "tagsAll": tags.from_map(addon.get("tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        names = _names(change.id)
        changed = change.changed - {"preserve", "resolveConflictsOnCreate"}
        if not changed - {"resolveConflictsOnUpdate"}:
            return
        wanted = {k: v for k, v in self._arguments(change.new).items() if k in changed}
        if "podIdentityAssociations" in changed:
            wanted.setdefault("podIdentityAssociations", [])
        if "configurationValues" in changed:
            wanted.setdefault("configurationValues", "{}")
        answer = cloud.client("eks").update_addon(
            **names, **wanted, **_conflicts(change.new, "Update")
        )
        await_update(cloud, answer, names["clusterName"], addonName=names["addonName"])

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        preserve = given(state, {"preserve": "preserve"})
        cloud.client("eks").delete_addon(**_names(rid), **preserve)
        await_gone(cloud, f"add-on {rid}", "describe_addon", **_names(rid))


def _names(rid: str) -> dict[str, str]:
    cluster, _, addon = rid.partition(":")
    return {"clusterName": cluster, "addonName": addon}


def _conflicts(inputs: Mapping[str, Any], moment: str) -> Properties:
    return given(inputs, {f"resolveConflictsOn{moment}": "resolveConflicts"})


class _AccessEntry(EksHandler):
    """aws:eks/accessEntry:AccessEntry; the id is CLUSTER:PRINCIPAL."""

    urn_type = "aws:eks/accessEntry:AccessEntry"
    arn = "accessEntryArn"
    schema = Schema(
        fields={
            "clusterName": Field(required=True, replace=True),
            "principalArn": Field(required=True, replace=True),
            "kubernetesGroups": Field(computed=True, unordered=True),
            "type": Field(default="STANDARD", replace=True),
            "userName": Field(computed=True),
        },
        computed=("accessEntryArn", "createdAt", "modifiedAt"),
        volatile=("modifiedAt",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return f"{inputs['clusterName']}:{inputs['principalArn']}"

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(
            inputs,
            {"kubernetesGroups": "kubernetesGroups", "type": "type", "userName": "username"},
        )
        cluster, principal = inputs["clusterName"], inputs["principalArn"]
        cloud.client("eks").create_access_entry(
            clusterName=cluster, principalArn=principal, **arguments, **tags_argument(inputs)
        )
        return f"{cluster}:{principal}"

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        eks = cloud.client("eks")
        answer = missing_as_none(lambda: eks.describe_access_entry(**_entry(rid)))
        if answer is None:
            return None
        entry = answer["accessEntry"]
        return {
            **_entry(rid),
            "accessEntryArn": entry["accessEntryArn"],
            "kubernetesGroups": many(entry, "kubernetesGroups"),
            "userName": entry.get("username"),
            "type": entry.get("type", "STANDARD"),
            "createdAt": stamp(entry["createdAt"]),
            "modifiedAt": stamp(entry["modifiedAt"]),
            "tagsAll": tags.from_map(entry.get("tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        arguments = given(change.new, {"userName": "username"})
        cloud.client("eks").update_access_entry(
            **_entry(change.id),
            kubernetesGroups=many(change.new, "kubernetesGroups"),
            **arguments,
        )

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("eks").delete_access_entry(**_entry(rid))


def _entry(rid: str) -> dict[str, str]:
    cluster, _, principal = rid.partition(":")
    return {"clusterName": cluster, "principalArn": principal}


class _AccessPolicyAssociation(Handler):
    """aws:eks/accessPolicyAssociation:AccessPolicyAssociation; CLUSTER#PRINCIPAL#POLICY."""

    looks_first = True
    urn_type = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
    schema = Schema(
        fields={
            "clusterName": Field(required=True, replace=True),
            "principalArn": Field(required=True, replace=True),
            "policyArn": Field(required=True, replace=True),
            "accessScope": Field(
                required=True,
                replace=True,
                fields={
                    "type": Field(required=True, choices=("cluster", "namespace")),
                    "namespaces": Field(unordered=True),
                },
            ),
        },
        tags=False,
        computed=("associatedAt", "modifiedAt"),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return "#".join(inputs[name] for name in _POLICY_NAMES)

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        names = _POLICY_NAMES
        rid = "#".join(inputs[name] for name in names)
        if self.read(cloud, rid, {}) is not None:
            raise ProviderError(f"AssociateAccessPolicy: {rid} is associated already")
        cloud.client("eks").associate_access_policy(
            **{name: inputs[name] for name in names}, accessScope=inputs["accessScope"]
        )
        return rid

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        cluster, principal, policy = _association(rid)
        eks = cloud.client("eks")
        answer = missing_as_none(
            lambda: eks.list_associated_access_policies(clusterName=cluster, principalArn=principal)
        )
        listed = many(answer, "associatedAccessPolicies")
        found = next((item for item in listed if item["policyArn"] == policy), None)
        if found is None:
            return None
        return {
            "clusterName": cluster,
            "principalArn": principal,
            "policyArn": policy,
            "accessScope": found["accessScope"],
            "associatedAt": stamp(found["associatedAt"]),
            "modifiedAt": stamp(found["modifiedAt"]),
        }

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cluster, principal, policy = _association(rid)
        cloud.client("eks").disassociate_access_policy(
            clusterName=cluster, principalArn=principal, policyArn=policy
        )


def _association(rid: str) -> tuple[str, str, str]:
    parts = rid.split("#")
    if len(parts) != 3:
        raise ProviderError(f"{rid!r} has to be CLUSTER#PRINCIPAL#POLICY")
    return parts[0], parts[1], parts[2]


class _PodIdentityAssociation(EksHandler):
    """aws:eks/podIdentityAssociation:PodIdentityAssociation; the id is the association's."""

    urn_type = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    arn = "associationArn"
    schema = Schema(
        fields={
            "clusterName": Field(required=True, replace=True),
            "namespace": Field(required=True, replace=True),
            "serviceAccount": Field(required=True, replace=True),
            "roleArn": Field(required=True),
            "targetRoleArn": Field(),
            "disableSessionTags": Field(computed=True),
        },
        computed=("associationArn", "associationId", "externalId"),
    )

    def alike(self, cloud: Cloud, inputs: Mapping[str, Any]) -> frozenset[str] | None:
        where = {name: inputs[name] for name in ("clusterName", "namespace", "serviceAccount")}
        listed = cloud.client("eks").list_pod_identity_associations(**where)
        return frozenset(item["associationId"] for item in listed["associations"])

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        names = ("clusterName", "namespace", "serviceAccount", "roleArn", "targetRoleArn")
        answer = cloud.client("eks").create_pod_identity_association(
            **given(inputs, {name: name for name in (*names, "disableSessionTags")}),
            **tags_argument(inputs),
        )
        return answer["association"]["associationId"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        cluster, _, association = rid.rpartition(",")
        cluster = cluster or known.get("clusterName") or ""
        if not cluster:
            raise ProviderError(f"{rid!r} has to be CLUSTER,ASSOCIATIONID")
        eks = cloud.client("eks")
        answer = missing_as_none(
            lambda: eks.describe_pod_identity_association(
                clusterName=cluster, associationId=association
            )
        )
        if answer is None:
            return None
        found = answer["association"]
        names = (
            "clusterName",
            "namespace",
            "serviceAccount",
            "roleArn",
            "targetRoleArn",
            "disableSessionTags",
            "associationArn",
            "associationId",
            "externalId",
        )
        return {
            **renamed(found, {name: name for name in names}),
            "id": association,
            "tagsAll": tags.from_map(found.get("tags")),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        names = ("roleArn", "targetRoleArn", "disableSessionTags")
        wanted = given(change.new, {n: n for n in names if n in change.changed})
        cloud.client("eks").update_pod_identity_association(
            clusterName=change.new["clusterName"], associationId=change.id, **wanted
        )

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        cloud.client("eks").delete_pod_identity_association(
            clusterName=state["clusterName"], associationId=rid
        )


HANDLERS = (_Addon(), _AccessEntry(), _AccessPolicyAssociation(), _PodIdentityAssociation())
