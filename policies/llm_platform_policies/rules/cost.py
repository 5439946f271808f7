"""Cost of single resources: instance types, node counts, prices, support, logs, tags."""

from collections.abc import Iterator
from typing import Any

from llm_platform.cost import UNKNOWN, BillableResource, estimate_cost, nodepools
from llm_platform.cost.catalogue import family_of
from llm_platform.cost.rules import NODE_GROUP, NODE_POOL, RULES
from llm_platform.tags import COST_TAGS
from llm_platform_policies.model import Context, Policy, Severity
from llm_platform_policies.reader import Reader
from llm_platform_policies.taggable import TAGGABLE
from llm_platform_policies.unknowns import allow, deny

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
CLUSTER = "aws:eks/cluster:Cluster"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

MOST_NODES = 100
"""Nodes that one group may grow to, in any environment."""

REQUIREMENTS = "spec.template.spec.requirements"


def _instance_types(resource: Reader, context: Context) -> Iterator[str]:
    allowed = context.settings.cost.allowed_instance_families
    known = " | ".join(allowed)
    if resource.type == NODE_POOL:
        yield from _node_pool_families(resource, allowed)
        return
    named: list[tuple[str, Any]] = []
    if resource.type == NODE_GROUP:
        named += [(item.where, item.value) for item in resource.each("instanceTypes")]
    else:
        named.append(("instanceType", resource.get("instanceType")))
    for where, name in named:
        if isinstance(name, str) and family_of(name) not in allowed:
            yield f"{where} is {name}; this environment may use instances of {known}."


def _node_pool_families(resource: Reader, allowed: tuple[str, ...]) -> Iterator[str]:
    restricted = False
    for requirement in resource.each(REQUIREMENTS):
        key = requirement.get("key")
        if key not in (nodepools.TYPE_KEY, nodepools.FAMILY_KEY):
            continue
        operator = requirement.get("operator")
        restricted = restricted or operator == "In"
        for item in requirement.each("values"):
            family = family_of(str(item.value))
            if operator == "In" and family not in allowed:
                yield (
                    f"{item.where} is {item.value}; this environment may use instances of "
                    f"{' | '.join(allowed)}."
                )
    if not restricted and not resource.unknown_met:
        yield (
            f"{REQUIREMENTS} name neither instance families nor types, so Karpenter may buy any; "
            f"this environment may use {' | '.join(allowed)}."
        )


INSTANCE_TYPES = Policy(
    id="cost-instance-type-allowed",
    title="Only instance families of the environment",
    description="Nodes must be of the instance families that the environment may use.",
    severity=Severity.HIGH,
    remediation="Choose a type of an allowed family, or add the family to "
    "`llm-platform:cost.allowedInstanceFamilies` in the stack file and have the budget reviewed.",
    types=(NODE_GROUP, LAUNCH_TEMPLATE, INSTANCE, NODE_POOL),
    fields=(
        *deny(
            "instanceTypes[]",
            "instanceType",
            f"{REQUIREMENTS}[]",
            f"{REQUIREMENTS}[].key",
            f"{REQUIREMENTS}[].operator",
            f"{REQUIREMENTS}[].values[]",
        ),
    ),
    check=_instance_types,
)


def _node_count(resource: Reader, _context: Context) -> Iterator[str]:
    if resource.type == NODE_POOL:
        if not resource.keys(nodepools.LIMITS) and not resource.unknown_met:
            yield "spec.limits is not set, so nothing bounds how many nodes Karpenter may buy."
        return
    largest = resource.get("scalingConfig.maxSize")
    if isinstance(largest, (int, float)) and largest > MOST_NODES:
        yield f"scalingConfig.maxSize is {largest:.0f}; a node group may have {MOST_NODES} at most."
    if largest is None:
        yield "scalingConfig.maxSize is not set; a node group must be bounded."


NODE_COUNT = Policy(
    id="cost-node-count",
    title="Every pool of nodes is bounded",
    description="A node group must have a largest size, and a Karpenter NodePool must have limits.",
    severity=Severity.HIGH,
    remediation=f"Set `scalingConfig.maxSize` to {MOST_NODES} or less, or `spec.limits` with cpu "
    "and, for GPU pools, nvidia.com/gpu.",
    types=(NODE_GROUP, NODE_POOL),
    fields=tuple(deny("scalingConfig.maxSize", f"{nodepools.LIMITS}{{}}")),
    check=_node_count,
)


def _unpriced(resource: Reader, context: Context) -> Iterator[str]:
    billable = BillableResource(resource.type, resource.name, resource)
    region = context.settings.region
    for problem in estimate_cost([billable], region, context.catalogue).unpriced:
        yield f"{problem.problem}; allowed: {problem.allowed}."


PRICED_READS = sorted(
    {
        path
        for kind, rule in RULES.items()
        if kind.startswith("aws:") or kind == NODE_POOL
        for path in rule.reads
    }
)

UNPRICED = Policy(
    id="cost-unpriced-resource",
    title="Nothing is billed without a price",
    description="Every AWS resource must have a price in the catalogue or be listed as free.",
    severity=Severity.HIGH,
    remediation="Add the price with its source and date to llm_platform/cost/prices.json, or the "
    "type to llm_platform/cost/free.py with the reason why it costs nothing.",
    types=("aws:*", NODE_POOL),
    fields=tuple(
        allow(
            *PRICED_READS,
            why="sizes are the matter of cost-worst-case-budget, types of "
            "cost-instance-type-allowed; a missing price is found once they are known",
        )
    ),
    check=_unpriced,
)


def _extended_support(resource: Reader, _context: Context) -> Iterator[str]:
    kind = resource.get("upgradePolicy.supportType")
    if kind is not UNKNOWN and kind != "STANDARD":
        yield (
            f"upgradePolicy.supportType is {kind or 'not set (EXTENDED)'}: a version that leaves "
            "standard support would cost six times as much instead of being upgraded."
        )


EXTENDED_SUPPORT = Policy(
    id="cost-extended-support",
    title="No slide into extended support",
    description="An EKS cluster must have the support type STANDARD.",
    severity=Severity.MEDIUM,
    remediation="Set `upgradePolicy: {supportType: STANDARD}` on the cluster.",
    types=(CLUSTER,),
    fields=tuple(deny("upgradePolicy.supportType")),
    check=_extended_support,
)


def _log_retention(resource: Reader, _context: Context) -> Iterator[str]:
    days = resource.get("retentionInDays")
    if days is not UNKNOWN and not days:
        yield "retentionInDays is not set: logs would be kept, and paid for, for ever."


LOG_RETENTION = Policy(
    id="cost-log-retention",
    title="Logs end some day",
    description="A log group must have a retention.",
    severity=Severity.MEDIUM,
    remediation="Set `retentionInDays`.",
    types=(LOG_GROUP,),
    fields=tuple(deny("retentionInDays")),
    equivalents=("CKV_AWS_66", "CKV_AWS_338", "CIS EKS 1.8: 2.1.2"),
    check=_log_retention,
)


def _tags(resource: Reader, _context: Context) -> Iterator[str]:
    present = resource.keys("tags")
    missing = [key for key in COST_TAGS if key not in present]
    if missing and not resource.unknown_met:
        yield f"tags lack {', '.join(missing)}; required are {', '.join(COST_TAGS)}."
    for key in COST_TAGS:
        if key in present and resource.get("tags", key) == "":
            yield f"tags.{key} is empty."


TAGS = Policy(
    id="cost-tags-required",
    title="Costs can be told apart",
    description="Every AWS resource that can be tagged must carry the cost tags.",
    severity=Severity.MEDIUM,
    remediation="Give the tags as an input of the component; it passes them on to what it makes.",
    types=TAGGABLE,
    fields=(
        *deny("tags{}", why="which tags there are must be stated in the program"),
        *allow("tags.*", why="a tag that is set to an unknown value is set"),
    ),
    check=_tags,
)

POLICIES = (INSTANCE_TYPES, NODE_COUNT, UNPRICED, EXTENDED_SUPPORT, LOG_RETENTION, TAGS)
