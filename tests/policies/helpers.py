"""Resources as a policy sees them, and ways to change one field of them."""

import copy
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from changes import changed, steps_of
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from llm_platform.cost import PlainProperties, load_catalogue
from llm_platform_policies.evaluation import Evaluation, Finding, Subject
from llm_platform_policies.model import Context, Policy
from llm_platform_policies.pods import POD, POD_SPECS
from llm_platform_policies.settings import PackSettings, settings_from

TODAY = date(2026, 11, 24)
CONFIG = {
    "aws:region": "us-east-1",
    "llm-platform:environment": '{"name": "prod", "owner": "platform", "costCenter": "c1"}',
    "llm-platform:cost": '{"monthlyBudgetUsd": 20000, "allowedInstanceFamilies": '
    '["m7i", "g6", "t3"], "maxGpus": 8}',
}


def settings() -> PackSettings:
    return settings_from(CONFIG, "test")


def evaluation(**changes: Any) -> Evaluation:
    values: dict[str, Any] = {"settings": settings(), "catalogue": load_catalogue()}
    values |= {"today": TODAY} | changes
    return Evaluation(Context(**values), stack="prod")


def subject(
    kind: str, properties: Mapping[str, Any], name: str = "it", references: tuple[str, ...] = ()
) -> Subject:
    proxied = unknown_checking_proxy(copy.deepcopy(dict(properties)))
    return Subject(kind, name, urn(kind, name), proxied, references)


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:prod::llm-platform::{kind}::{name}"


def check(policy: Policy, kind: str, properties: Mapping[str, Any]) -> list[Finding]:
    return evaluation().check_resource(policy, subject(kind, properties))


def unknown_at(kind: str, properties: Mapping[str, Any], field: str) -> dict[str, Any]:
    """A copy in which a declared field of the policy is unknown."""
    path = field
    if path.startswith(f"{POD}."):
        path = f"{POD_SPECS[kind][0]}.{path.removeprefix(f'{POD}.')}"
    path = path.removesuffix("[]").removesuffix("{}").replace("[]", "[0]")
    if path.endswith(".*"):
        path = f"{path.removesuffix('.*')}.{_key_of(properties, path.removesuffix('.*'))}"
    return changed(properties, path, UNKNOWN_STRING_VALUE)


def _key_of(properties: Mapping[str, Any], path: str) -> str:
    """A key of the mapping at a path, quoted as a step; `memory` where there is none."""
    place: Any = PlainProperties(properties)
    names = [step for step in steps_of(path) if isinstance(step, str)]
    found = place.get(".".join(names)) if len(names) == len(steps_of(path)) else None
    keys = list(cast("Mapping[str, Any]", found)) if isinstance(found, Mapping) else []
    return f"'{keys[0] if keys else 'memory'}'"
