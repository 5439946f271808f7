"""Every policy of the pack."""

from llm_platform_policies.model import Policy, Severity
from llm_platform_policies.rules import (
    compute,
    cost,
    cost_stack,
    iam,
    images,
    network,
    pods,
    storage,
    versions,
)

RUNNING_TOTAL = Policy(
    id="cost-running-total",
    title="Nothing is created beyond the budget",
    description="A resource must not be created once the worst case is above the budget.",
    severity=Severity.HIGH,
    remediation="See cost-worst-case-budget, which tells the same at preview, with the table.",
    types=cost_stack.BUDGET.types,
    fields=cost_stack.BUDGET.fields,
)
"""Checked by the pack itself, which alone sees the resources one after the other."""

UNVERIFIABLE = Policy(
    id="unverifiable-at-preview",
    title="What a preview cannot see is told",
    description="A value that a policy needs should be known at preview.",
    severity=Severity.LOW,
    remediation="Build the value from strings that are known; otherwise the policy looks at it in "
    "the run itself, before the resource is created.",
    types=("*",),
)
"""Reports unknown values of fields that are decided as unverifiable."""

EXCEPTIONS_EXPIRED = Policy(
    id="exceptions-expired",
    title="Exceptions end",
    description="An exception must not be older than its expiry date.",
    severity=Severity.MEDIUM,
    remediation="Repair what was excepted, or agree on a new date and reason.",
    types=(),
)

EXCEPTIONS_UNUSED = Policy(
    id="exceptions-unused",
    title="Exceptions are needed",
    description="An exception should except something.",
    severity=Severity.LOW,
    remediation="Remove it from policies/exceptions.yaml.",
    types=(),
)

OWN = (RUNNING_TOTAL, UNVERIFIABLE, EXCEPTIONS_EXPIRED, EXCEPTIONS_UNUSED)
"""Policies about the pack's own work; `evaluation` implements them."""

POLICIES: tuple[Policy, ...] = (
    *cost.POLICIES,
    *cost_stack.POLICIES,
    RUNNING_TOTAL,
    *network.POLICIES,
    *storage.POLICIES,
    *iam.POLICIES,
    *compute.POLICIES,
    *versions.POLICIES,
    *pods.POLICIES,
    *images.POLICIES,
    UNVERIFIABLE,
    EXCEPTIONS_EXPIRED,
    EXCEPTIONS_UNUSED,
)

BY_ID: dict[str, Policy] = {policy.id: policy for policy in POLICIES}
