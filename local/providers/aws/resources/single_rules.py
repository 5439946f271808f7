"""Security group rules with an id and tags of their own (aws:vpc/...)."""

from collections.abc import Mapping
from typing import Any

from local.providers.aws.cloud import Cloud
from local.providers.aws.handler import Change, Properties, block
from local.providers.aws.resources import rules
from local.providers.aws.resources.ec2 import Ec2Handler, find, seen_tags
from local.providers.aws.schema import Field, Schema
from local.providers.model import CheckFailure

_SOURCES = {
    "cidrIpv4": ("CidrIpv4", rules.CIDR),
    "cidrIpv6": ("CidrIpv6", rules.CIDR6),
    "prefixListId": ("PrefixListId", rules.PREFIX_LIST),
    "referencedSecurityGroupId": ("ReferencedGroupInfo", rules.GROUP),
}
_SCHEMA = Schema(
    fields={
        "securityGroupId": Field(required=True, replace=True),
        "ipProtocol": Field(required=True, same=rules.same_protocol),
        "fromPort": Field(),
        "toPort": Field(),
        "description": Field(),
        **dict.fromkeys(_SOURCES, Field()),
    },
    computed=("arn", "securityGroupRuleId"),
)


class _SingleRule(Ec2Handler):
    """One rule in the direction that the subclass names."""

    kind = "security-group-rule"
    schema = _SCHEMA
    direction: str

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        count = sum(inputs.get(name) is not None for name in _SOURCES)
        if count == 1:
            return []
        reason = f"a rule has one of {', '.join(_SOURCES)}, not {count}"
        return [CheckFailure("cidrIpv4", reason)]

    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        call = getattr(cloud.client("ec2"), f"authorize_security_group_{self.direction}")
        answer = call(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_atom(inputs).permission()],
            **self.tagged(inputs),
        )
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def read(self, cloud: Cloud, rid: str, known: Mapping[str, Any]) -> Properties | None:
        rule = find(
            cloud,
            "describe_security_group_rules",
            "SecurityGroupRules",
            SecurityGroupRuleIds=[rid],
        )
        if rule is None:
            return None
        every_protocol = rule["IpProtocol"] == rules.ALL
        seen: Properties = {
            "arn": cloud.arn("ec2", f"security-group-rule/{rid}"),
            "securityGroupRuleId": rid,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "fromPort": None if every_protocol else rule.get("FromPort"),
            "toPort": None if every_protocol else rule.get("ToPort"),
            "description": rule.get("Description") or None,
            "tagsAll": seen_tags(rule),
        }
        for name, (key, _) in _SOURCES.items():
            seen[name] = rule.get(key)
        seen["referencedSecurityGroupId"] = block(rule, "ReferencedGroupInfo").get("GroupId")
        return seen

    def update(self, cloud: Cloud, change: Change) -> None:
        atom = _atom(change.new)
        rule: dict[str, Any] = {"IpProtocol": atom.protocol}
        if atom.protocol != rules.ALL:
            rule |= {"FromPort": atom.low, "ToPort": atom.high}
        if atom.description:
            rule["Description"] = atom.description
        name = next(name for name in _SOURCES if change.new.get(name))
        argument, _ = _SOURCES[name]
        key = "ReferencedGroupId" if argument == "ReferencedGroupInfo" else argument
        rule[key] = atom.value
        cloud.client("ec2").modify_security_group_rules(
            GroupId=change.new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": change.id, "SecurityGroupRule": rule}],
        )

    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        call = getattr(cloud.client("ec2"), f"revoke_security_group_{self.direction}")
        call(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[rid])


def _atom(inputs: Mapping[str, Any]) -> rules.Atom:
    name = next(name for name in _SOURCES if inputs.get(name))
    protocol = rules.protocol(inputs["ipProtocol"])
    low, high = inputs.get("fromPort", 0), inputs.get("toPort", 0)
    text = inputs.get("description") or ""
    return rules.Atom(protocol, low, high, _SOURCES[name][1], inputs[name], text)


class _IngressRule(_SingleRule):
    """aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule."""

    urn_type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"


class _EgressRule(_SingleRule):
    """aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule."""

    urn_type = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"


HANDLERS = (_IngressRule(), _EgressRule())
