"""What resources cost: a dated price catalogue and a pure estimator.

Nothing here imports Pulumi. The policy pack estimates the resources of a run and checks the
result against the environment's budget; other programs may do the same with
`PlainProperties` over any mapping of properties.

    catalogue = load_catalogue()
    estimate = estimate_cost(resources, "eu-central-1", catalogue)
    print(cost_table(estimate))
"""

from llm_platform.cost.catalogue import Catalogue, InstanceType, Price, Source, load_catalogue
from llm_platform.cost.estimate import Estimate, estimate_cost
from llm_platform.cost.lines import Line, Range
from llm_platform.cost.table import cost_table
from llm_platform.cost.values import UNKNOWN, BillableResource, PlainProperties, Properties, Unknown

__all__ = [
    "UNKNOWN",
    "BillableResource",
    "Catalogue",
    "Estimate",
    "InstanceType",
    "Line",
    "PlainProperties",
    "Price",
    "Properties",
    "Range",
    "Source",
    "Unknown",
    "cost_table",
    "estimate_cost",
    "load_catalogue",
]
