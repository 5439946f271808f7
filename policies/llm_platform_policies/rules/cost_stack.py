"""Cost of the whole stack: budget, GPUs, and the age of the prices."""

from collections.abc import Iterator, Mapping, Sequence

from llm_platform.cost import (
    BillableResource,
    Catalogue,
    Estimate,
    cost_table,
    estimate_cost,
    nodepools,
)
from llm_platform.cost.catalogue import INVALID_AFTER_DAYS, STALE_AFTER_DAYS
from llm_platform.cost.rules import LAUNCH_TEMPLATE, NODE_GROUP, NODE_POOL, RULES, TEMPLATE_READS
from llm_platform.cost.values import UnknownQuantityError
from llm_platform_policies.model import Context, Policy, Severity, StackFinding
from llm_platform_policies.reader import Reader
from llm_platform_policies.unknowns import deny

SIZES = sorted({path for rule in RULES.values() for path in rule.reads} | set(TEMPLATE_READS))
"""Everything that the estimate depends on."""

UNBOUNDED = "the worst case cannot be worked out without it"


def estimate_stack(resources: Sequence[Reader], context: Context) -> Estimate:
    """The estimate of all resources, each node group with its launch template."""
    templates = _templates(resources)
    billable = [
        BillableResource(
            each.type,
            each.urn or each.name,
            each,
            tuple(
                BillableResource(templates[urn].type, templates[urn].name, templates[urn])
                for urn in each.references
                if each.type == NODE_GROUP and urn in templates
            ),
        )
        for each in resources
        if each.type in RULES
    ]
    return estimate_cost(billable, context.settings.region, context.catalogue)


def _templates(resources: Sequence[Reader]) -> dict[str, Reader]:
    return {each.urn: each for each in resources if each.type == LAUNCH_TEMPLATE}


def _budget(resources: Sequence[Reader], context: Context) -> Iterator[StackFinding]:
    estimate = estimate_stack(resources, context)
    budget = context.settings.cost.monthly_budget_usd
    name = context.settings.environment.name
    total = estimate.total
    table = cost_table(estimate, budget)
    if total.expected > budget:
        yield StackFinding(
            f"The expected cost of {total.expected:,.2f} USD a month is above the budget of "
            f"{name}, {budget:,.2f}.\n{table}"
        )
    elif total.worst > budget:
        yield StackFinding(
            f"The worst case of {total.worst:,.2f} USD a month is above the budget of {name}, "
            f"{budget:,.2f}.\n{table}"
        )


BUDGET = Policy(
    id="cost-worst-case-budget",
    title="The worst case fits the budget",
    description="What the stack may cost at its largest sizes must fit the monthly budget.",
    severity=Severity.HIGH,
    remediation="Lower the largest sizes, choose smaller types, or raise "
    "`llm-platform:cost.monthlyBudgetUsd` after a review.",
    types=(*RULES, LAUNCH_TEMPLATE),
    fields=tuple(deny(*SIZES, why=UNBOUNDED)),
    check_stack=_budget,
)


def _gpus(resources: Sequence[Reader], context: Context) -> Iterator[StackFinding]:
    allowed = context.settings.cost.max_gpus
    templates = _templates(resources)
    counts = {
        each.urn: _most_gpus(each, templates, context.catalogue)
        for each in resources
        if each.type != LAUNCH_TEMPLATE
    }
    total = sum(counts.values())
    if total > allowed:
        parts = ", ".join(
            f"{urn.rpartition('::')[2]} {count}" for urn, count in counts.items() if count
        )
        yield StackFinding(
            f"The stack may grow to {total} GPUs ({parts}); this environment may have {allowed}."
        )


def _most_gpus(resource: Reader, templates: Mapping[str, Reader], catalogue: Catalogue) -> int:
    try:
        if resource.type == NODE_POOL:
            limits = nodepools.limits_of(BillableResource(resource.type, resource.name, resource))
            return int(limits.get(nodepools.GPU, 0))
        largest = resource.get("scalingConfig.maxSize")
        types = [str(item.value) for item in resource.each("instanceTypes")]
    except UnknownQuantityError:
        return 0
    if not types:
        used = [templates[urn] for urn in resource.references if urn in templates]
        types = [str(template.get("instanceType")) for template in used]
    known = [catalogue.instances[name].gpus for name in types if name in catalogue.instances]
    nodes = int(largest) if isinstance(largest, (int, float)) else 0
    return nodes * max(known, default=0)


GPU_COUNT = Policy(
    id="cost-gpu-count-max",
    title="No more GPUs than agreed",
    description="All pools together must not be able to grow beyond the environment's GPUs.",
    severity=Severity.HIGH,
    remediation="Lower the largest sizes, or raise `llm-platform:cost.maxGpus` after a review.",
    types=(NODE_GROUP, NODE_POOL, LAUNCH_TEMPLATE),
    fields=tuple(
        deny(
            "scalingConfig.maxSize",
            "instanceTypes[]",
            "instanceType",
            nodepools.LIMITS,
            why="how many GPUs there may be cannot be counted without it",
        )
    ),
    check_stack=_gpus,
)


def _stale(_resources: Sequence[Reader], context: Context) -> Iterator[StackFinding]:
    age = context.catalogue.age_in_days(context.today)
    if STALE_AFTER_DAYS < age <= INVALID_AFTER_DAYS:
        yield StackFinding(
            f"The prices are {age} days old; after {INVALID_AFTER_DAYS} days they count no more."
        )


def _expired(_resources: Sequence[Reader], context: Context) -> Iterator[StackFinding]:
    age = context.catalogue.age_in_days(context.today)
    if age > INVALID_AFTER_DAYS:
        yield StackFinding(
            f"The prices are {age} days old, more than {INVALID_AFTER_DAYS}: no estimate made of "
            "them can be trusted."
        )


_REVIEW = "Check llm_platform/cost/prices.json against its sources and set `reviewed`."

STALE = Policy(
    id="cost-catalogue-stale",
    title="Prices are looked at",
    description=f"The price catalogue must not be older than {STALE_AFTER_DAYS} days.",
    severity=Severity.LOW,
    remediation=_REVIEW,
    types=(),
    check_stack=_stale,
)

EXPIRED = Policy(
    id="cost-catalogue-expired",
    title="Prices are no ruins",
    description=f"The price catalogue must not be older than {INVALID_AFTER_DAYS} days.",
    severity=Severity.MEDIUM,
    remediation=_REVIEW,
    types=(),
    check_stack=_expired,
)

POLICIES = (BUDGET, GPU_COUNT, STALE, EXPIRED)
