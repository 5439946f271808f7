"""Resources for a run of the real engine, as JSON: run in the pack's own environment.

For every policy about single resources one that breaks it, and for every field that it
declares one in which the field is unknown. ``tests/lifecycle/test_policies_engine.py`` reads
them; unknown values are the SDK's sentinel text.
"""

import json
import sys
from typing import Any

from cases import CASES
from changes import changed
from helpers import evaluation, subject, unknown_at

from llm_platform_policies import catalogue
from llm_platform_policies.levels import level_of
from llm_platform_policies.model import Policy
from llm_platform_policies.pods import POD, POD_SPECS
from llm_platform_policies.settings import EnvironmentName
from llm_platform_policies.unknowns import Field, Ledger


def resources() -> list[dict[str, Any]]:
    """One entry per resource: policy, name, type, properties, what is expected."""
    found: list[dict[str, Any]] = []
    for policy in catalogue.POLICIES:
        if policy.check is None:
            continue
        case = next(case for case in CASES if case.policy == policy.id and case.breaks)
        broken = case.breaks[0]
        entry = {
            "policy": policy.id,
            "name": f"broken-{policy.id}",
            "type": case.type,
            "properties": changed(case.passes, broken.path, broken.value),
            "expect": "broken",
            "says": broken.says,
            "level": level_of(policy.id, EnvironmentName.PROD).value,
        }
        found.append(entry)
        for index, field in enumerate(policy.fields):
            kind, properties = met(policy, field)
            found.append(
                {
                    **entry,
                    "name": f"unknown-{policy.id}-{index}",
                    "type": kind,
                    "properties": properties,
                    "expect": field.unknown.value,
                    "says": field.why,
                }
            )
    return found


def met(policy: Policy, field: Field) -> tuple[str, dict[str, Any]]:
    """A resource in which the policy comes upon the field, made unknown."""
    for case in CASES:
        if case.policy != policy.id or policy.check is None:
            continue
        if field.path.startswith(f"{POD}.") and case.type not in POD_SPECS:
            continue
        properties = unknown_at(case.type, case.passes, field.path)
        ledger = Ledger.of(policy.id, policy.fields)
        list(policy.check(subject(case.type, properties).reader(ledger), evaluation().context))
        if any(each.field == field for each in ledger.undecided):
            return case.type, properties
    raise LookupError(f"no case of {policy.id} reads {field.path}")


if __name__ == "__main__":
    json.dump(resources(), sys.stdout)
