"""A report for other programs: what the pack found out besides violations.

When the variable ``LLMP_POLICY_REPORT`` names a file, it is written at the end of a run: the
environment, the cost estimate with its lines and table, the policies with their levels, and
the exceptions that were used. A run that fails before its end writes none.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from google.protobuf import json_format
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from llm_platform.cost import Estimate, cost_table
from llm_platform_policies import catalogue
from llm_platform_policies.evaluation import Evaluation, Subject
from llm_platform_policies.levels import level_of
from llm_platform_policies.rules.cost_stack import BUDGET, estimate_stack
from llm_platform_policies.unknowns import Ledger

VARIABLE = "LLMP_POLICY_REPORT"


def write_report(evaluation: Evaluation, request: Any) -> None:
    """Write the report of a run if somebody asked for it."""
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return
    readers = [
        subject.reader(Ledger.of(BUDGET.id, BUDGET.fields))
        for subject in subjects_of(request)
        if BUDGET.applies_to(subject.type)
    ]
    document = report_of(evaluation, estimate_stack(readers, evaluation.context))
    path = Path(chosen)
    with NamedTemporaryFile(
        "w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8"
    ) as file:
        json.dump(document, file, indent=2)
    Path(file.name).replace(path)


def report_of(evaluation: Evaluation, estimate: Estimate) -> dict[str, Any]:
    """The report as plain data."""
    settings = evaluation.context.settings
    environment = settings.environment.name
    budget = settings.cost.monthly_budget_usd
    return {
        "environment": environment.value,
        "stack": evaluation.stack,
        "policies": {
            policy.id: level_of(policy.id, environment).value for policy in catalogue.POLICIES
        },
        "exceptions": [
            entry.model_dump(mode="json")
            for entry in sorted(evaluation.used, key=lambda entry: (entry.policy, entry.urn))
        ],
        "cost": {
            "region": estimate.region,
            "budget": budget,
            "total": asdict(estimate.total),
            "lines": [asdict(line) for line in estimate.lines],
            "unpriced": [str(problem) for problem in estimate.unpriced],
            "undecided": [str(problem) for problem in estimate.undecided],
            "table": cost_table(estimate, budget),
        },
    }


def subjects_of(request: Any) -> list[Subject]:
    """The resources of a request for a stack's analysis."""
    return [
        Subject(
            each.type,
            each.name,
            each.urn,
            unknown_checking_proxy(
                deserialize_properties(json_format.MessageToDict(each.properties))
            ),
            tuple(urn for together in each.propertyDependencies.values() for urn in together.urns),
        )
        for each in request.resources
    ]
