"""Security groups and their rules."""

import binascii
from collections.abc import Mapping
from typing import Any

from local.providers.aws.cloud import Cloud
from local.providers.aws.handler import Change, Handler, Properties, block, given, many
from local.providers.aws.resources import rules
from local.providers.aws.resources.ec2 import Ec2Handler, filters, find, first, remove, seen_tags
from local.providers.aws.schema import AutoName, Field, Schema
from local.providers.model import ProviderError

_DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
_INLINE_RULES = Field(
    computed=True,
    unordered=True,
    fields={
        "fromPort": Field(required=True),
        "toPort": Field(required=True),
        "protocol": Field(required=True, same=rules.same_protocol),
        "description": Field(),
        "self": Field(),
        rules.CIDR: Field(unordered=True),
        rules.CIDR6: Field(unordered=True),
        rules.PREFIX_LIST: Field(unordered=True),
        rules.GROUP: Field(unordered=True),
    },
)


class _Group(Ec2Handler):
    """What both kinds of groups do."""

    kind = "security-group"

    def _find(self, cloud: Cloud, rid: str) -> Any:
        return find(cloud, "describe_security_groups", "SecurityGroups", GroupIds=[rid])

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        # AWS lets everything out of a new group; the official provider takes that back.
        group = self._find(cloud, rid)
        if group is None:
            raise ProviderError(f"DescribeSecurityGroups: {rid} is not there after its creation")
        for direction, key in _DIRECTIONS.items():
            rules.revoke(cloud, rid, direction, rules.seen_atoms(group[key]))
            wanted = [a for r in many(inputs, direction) for a in rules.rule_atoms(r, rid)]
            rules.authorize(cloud, rid, direction, wanted)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        group = self._find(cloud, rid)
        if group is None:
            return None
        inline = {
            direction: rules.grouped(rules.seen_atoms(group[key]), many(known, direction), rid)
            for direction, key in _DIRECTIONS.items()
        }
        return {
            **inline,
            "arn": cloud.arn("ec2", f"security-group/{rid}"),
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group.get("VpcId"),
            "ownerId": group["OwnerId"],
            "tagsAll": seen_tags(group),
        }

    def update(self, cloud: Cloud, change: Change) -> None:
        rid = change.id
        for direction in _DIRECTIONS.keys() & change.changed:
            old = {a for r in many(change.old, direction) for a in rules.rule_atoms(r, rid)}
            new = {a for r in many(change.new, direction) for a in rules.rule_atoms(r, rid)}
            rules.revoke(cloud, rid, direction, old - new)
            rules.authorize(cloud, rid, direction, new - old)


class _SecurityGroup(_Group):
    """aws:ec2/securityGroup:SecurityGroup."""

    urn_type = "aws:ec2/securityGroup:SecurityGroup"
    schema = Schema(
        fields={
            "name": Field(replace=True),
            "description": Field(default="Managed by Pulumi", replace=True),
            "vpcId": Field(computed=True, replace=True),
            "revokeRulesOnDelete": Field(kept=True, default=False),
            "ingress": _INLINE_RULES,
            "egress": _INLINE_RULES,
        },
        name=AutoName(),
        computed=("arn", "ownerId"),
    )

    def alike(self, cloud: Cloud, inputs: Mapping[str, Any]) -> frozenset[str] | None:
        where = filters(group_name=inputs["name"])
        if inputs.get("vpcId"):
            where += filters(vpc_id=inputs["vpcId"])
        found = cloud.client("ec2").describe_security_groups(Filters=where)
        return frozenset(group["GroupId"] for group in found["SecurityGroups"])

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        arguments = given(inputs, {"vpcId": "VpcId"})
        answer = cloud.client("ec2").create_security_group(
            GroupName=inputs["name"],
            Description=inputs["description"],
            **arguments,
            **self.tagged(inputs),
        )
        return answer["GroupId"]

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        group = self._find(cloud, rid)
        if group is None:
            return
        if state.get("revokeRulesOnDelete"):
            for direction, key in _DIRECTIONS.items():
                rules.revoke(cloud, rid, direction, rules.seen_atoms(group[key]))
        remove(cloud, "delete_security_group", GroupId=rid)


class _DefaultSecurityGroup(_Group):
    """aws:ec2/defaultSecurityGroup:DefaultSecurityGroup: taken over, not made, not deleted."""

    urn_type = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    schema = Schema(
        fields={
            "vpcId": Field(computed=True, replace=True),
            "revokeRulesOnDelete": Field(kept=True, default=False),
            "ingress": Field(unordered=True, fields=_INLINE_RULES.fields),
            "egress": Field(unordered=True, fields=_INLINE_RULES.fields),
        },
        computed=("arn", "description", "name", "ownerId"),
    )

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        ec2 = cloud.client("ec2")
        vpc = inputs.get("vpcId")
        if not vpc:
            default = first(ec2.describe_vpcs(Filters=filters(is_default="true")), "Vpcs")
            vpc = default and default["VpcId"]
        found = ec2.describe_security_groups(Filters=filters(group_name="default", vpc_id=str(vpc)))
        group = first(found, "SecurityGroups")
        if group is None:
            raise ProviderError(f"DescribeSecurityGroups: no default group in VPC {vpc}")
        return group["GroupId"]

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        super().finish(cloud, rid, inputs)
        wanted = dict(block(inputs, "tagsAll"))
        old = seen_tags(self._find(cloud, rid))
        change = Change(rid, {}, inputs, {}, frozenset())
        added = {key: value for key, value in wanted.items() if old.get(key) != value}
        self.retag(cloud, change, added, sorted(set(old) - set(wanted)))

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        """Nothing: AWS keeps this group as long as its VPC, so it is only forgotten."""


class _SecurityGroupRule(Handler):
    """aws:ec2/securityGroupRule:SecurityGroupRule: one or more rules under one name."""

    urn_type = "aws:ec2/securityGroupRule:SecurityGroupRule"
    schema = Schema(
        fields={
            "type": Field(required=True, replace=True, choices=("ingress", "egress")),
            "protocol": Field(required=True, replace=True, same=rules.same_protocol),
            "fromPort": Field(required=True, replace=True),
            "toPort": Field(required=True, replace=True),
            "securityGroupId": Field(required=True, replace=True),
            "sourceSecurityGroupId": Field(replace=True),
            "self": Field(replace=True, default=False),
            "description": Field(),
            rules.CIDR: Field(replace=True, unordered=True),
            rules.CIDR6: Field(replace=True, unordered=True),
            rules.PREFIX_LIST: Field(replace=True, unordered=True),
        },
        tags=False,
        computed=("securityGroupRuleId",),
    )

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        return _rule_id(inputs)

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        group = inputs["securityGroupId"]
        rules.authorize(cloud, group, inputs["type"], rules.rule_atoms(inputs, group))
        return _rule_id(inputs)

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        where = known if known.get("securityGroupId") else _imported_rule(rid)
        group_id, direction = where["securityGroupId"], where["type"]
        group = find(cloud, "describe_security_groups", "SecurityGroups", GroupIds=[group_id])
        if group is None:
            return None
        # A changed description is drift, not another rule.
        wanted = {_nameless(atom) for atom in rules.rule_atoms(where, group_id)}
        seen = rules.seen_atoms(group[_DIRECTIONS[direction]])
        found = [atom for atom in seen if _nameless(atom) in wanted]
        if not found:
            return None
        properties: Properties = {
            "type": direction,
            "securityGroupId": group_id,
            "protocol": found[0].protocol,
            "fromPort": found[0].low,
            "toPort": found[0].high,
            "description": found[0].description or None,
            "self": False,
        }
        if found[0].protocol == rules.ALL:
            # AWS forgets the ports of a rule for every protocol.
            properties |= {"fromPort": where["fromPort"], "toPort": where["toPort"]}
        for atom in found:
            if atom.kind != rules.GROUP:
                properties.setdefault(atom.kind, []).append(atom.value)
            elif atom.value == group_id and where.get("self"):
                properties["self"] = True
            else:
                properties["sourceSecurityGroupId"] = atom.value
        return {**properties, "id": _rule_id(properties)}

    def update(self, cloud: Cloud, change: Change) -> None:
        group = change.new["securityGroupId"]
        atoms = rules.rule_atoms(change.new, group)
        direction = change.new["type"]
        name = f"update_security_group_rule_descriptions_{direction}"
        permissions = [atom.permission() for atom in atoms]
        getattr(cloud.client("ec2"), name)(GroupId=group, IpPermissions=permissions)

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        group = state["securityGroupId"]
        rules.revoke(cloud, group, state["type"], rules.rule_atoms(state, group))


def _nameless(atom: rules.Atom) -> tuple[Any, ...]:
    return (atom.protocol, atom.low, atom.high, atom.kind, atom.value)


def _rule_id(rule: Mapping[str, Any]) -> str:
    group = rule["securityGroupId"]
    atoms = sorted(map(str, map(_nameless, rules.rule_atoms(rule, group))))
    text = "-".join([group, rule["type"], *atoms])
    return f"sgrule-{binascii.crc32(text.encode())}"


def _imported_rule(rid: str) -> dict[str, Any]:
    """What ``sg-1_ingress_tcp_80_80_10.0.0.0/8``, the form of an import, means."""
    parts = rid.split("_")
    if len(parts) < 6 or parts[1] not in _DIRECTIONS:
        raise ProviderError(f"{rid!r} has to be GROUP_TYPE_PROTOCOL_FROM_TO_SOURCE[_SOURCE...]")
    rule: dict[str, Any] = {
        "securityGroupId": parts[0],
        "type": parts[1],
        "protocol": parts[2],
        "fromPort": int(parts[3]),
        "toPort": int(parts[4]),
    }
    for source in parts[5:]:
        if source == "self":
            rule["self"] = True
        elif source.startswith("sg-"):
            rule["sourceSecurityGroupId"] = source
        elif source.startswith("pl-"):
            rule.setdefault(rules.PREFIX_LIST, []).append(source)
        else:
            rule.setdefault(rules.CIDR6 if ":" in source else rules.CIDR, []).append(source)
    return rule


HANDLERS = (_SecurityGroup(), _DefaultSecurityGroup(), _SecurityGroupRule())
