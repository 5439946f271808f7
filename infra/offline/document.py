"""A plan as one JSON document, for CI. `docs/offline.md` describes its fields.

A field is never removed or given another meaning without counting `FORMAT` up.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from infra.offline.differences import differences
from infra.offline.manifests import Verdict
from infra.offline.planned import Planned
from infra.offline.planning import Plan

FORMAT = 1


def verdicts(plan: Plan, manifests: Verdict) -> list[str]:
    """Why the plan does not pass; empty when it does."""
    reasons: list[str] = []
    blocking = len(plan.log.blocking)
    if blocking:
        reasons.append(f"{blocking} mandatory policy findings")
    if manifests.problems:
        reasons.append(f"{len(manifests.problems)} problems in manifests")
    if plan.failure and not blocking:
        reasons.append("the engine stopped with an error")
    return reasons


def document(plan: Plan, manifests: Verdict) -> dict[str, Any]:
    """The whole plan as plain data."""
    reasons = verdicts(plan, manifests)
    return {
        "format": FORMAT,
        "stack": plan.stack,
        "passed": not reasons,
        "reasons": reasons,
        "errors": list(plan.log.errors) or ([plan.failure] if plan.failure else []),
        "state": _state(plan),
        "counts": plan.counts,
        "resources": [
            _resource(each)
            for each in plan.resources.resources.values()
            if not each.type.startswith("pulumi:")
        ],
        "policies": _policies(plan),
        "cost": _cost(plan.policy_report),
        "assumed": [
            {"what": what, "value": fact.value, "date": fact.day, "source": fact.source}
            for what, fact in plan.assumed
        ],
        "manifests": {
            "objects": manifests.objects,
            "valid": manifests.valid,
            "unknownValues": manifests.unknown_values,
            "sources": list(manifests.sources),
            "problems": [asdict(each) for each in manifests.problems],
            "notValidated": [asdict(each) for each in manifests.not_validated],
        },
    }


def _state(plan: Plan) -> dict[str, Any] | None:
    if plan.state is None:
        return None
    return {
        "resources": plan.state.resources,
        "maskedSecrets": plan.state.masked,
        "pendingOperations": plan.state.pending,
    }


def _resource(planned: Planned) -> dict[str, Any]:
    return {
        "operation": planned.operation,
        "urn": planned.urn,
        "type": planned.type,
        "name": planned.name,
        "component": not planned.custom,
        "differences": [asdict(each) for each in differences(planned)],
    }


def _policies(plan: Plan) -> dict[str, Any]:
    report = plan.policy_report or {}
    return {
        "packs": {name.partition("|")[0]: version for name, version in plan.log.packs.items()},
        "complete": plan.policy_report is not None,
        "findings": [
            {
                "policy": found.policy,
                "level": found.level,
                "message": found.message,
                "urn": found.urn,
            }
            for found in plan.log.findings
        ],
        "exceptions": report.get("exceptions", []),
    }


def _cost(report: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The estimate without its text form; amounts are USD a month."""
    if report is None:
        return None
    return {key: value for key, value in report["cost"].items() if key != "table"}
