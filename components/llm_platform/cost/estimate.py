"""The estimate: lines of every resource, and what could not be priced."""

from collections.abc import Iterable
from dataclasses import dataclass

from llm_platform.cost import free
from llm_platform.cost.catalogue import Catalogue
from llm_platform.cost.lines import Line, Range, total
from llm_platform.cost.prices import RegionPrices, UnpricedError
from llm_platform.cost.quantities import QuantityError
from llm_platform.cost.rules import RULES
from llm_platform.cost.values import BillableResource, UnknownQuantityError
from llm_platform.problems import Problem


@dataclass(frozen=True)
class Estimate:
    """What a set of resources costs a month, in US dollars.

    Attributes:
        region: Region whose prices were used.
        lines: One line per thing that is paid for, dearest worst case first.
        unpriced: What is billed and has no price, or whose type is not known at all.
        undecided: What has a price, but a size that the run itself decides.
    """

    region: str
    lines: tuple[Line, ...]
    unpriced: tuple[Problem, ...]
    undecided: tuple[Problem, ...]

    @property
    def total(self) -> Range:
        """The sum of all lines."""
        return total(self.lines)


def estimate_cost(
    resources: Iterable[BillableResource], region: str, catalogue: Catalogue
) -> Estimate:
    """Estimate what resources cost a month of 730 hours.

    Args:
        resources: Every resource of the stack; those that cost nothing are passed over.
        region: AWS region.
        catalogue: Prices.
    """
    prices = RegionPrices(catalogue, region)
    lines: list[Line] = []
    unpriced: list[Problem] = []
    undecided: list[Problem] = []
    for resource in resources:
        rule = RULES.get(resource.type)
        if rule is None:
            unpriced += unknown_type(resource)
            continue
        try:
            lines += list(rule.lines(resource, prices))
        except UnpricedError as error:
            known = ", ".join(catalogue.regions())
            allowed = f"what the price catalogue has (regions {known})"
            unpriced.append(Problem(resource.name, str(error), allowed))
        except UnknownQuantityError as error:
            allowed = "a value that is known before the run"
            undecided.append(Problem(resource.name, str(error), allowed))
        except QuantityError as error:
            undecided.append(Problem(resource.name, str(error), "a quantity such as 16Gi or 500m"))
    lines.sort(key=lambda line: (-line.cost.worst, line.resource, line.what))
    return Estimate(region, tuple(lines), tuple(unpriced), tuple(undecided))


def unknown_type(resource: BillableResource) -> list[Problem]:
    """A problem when a type of AWS is neither priced nor known to be free."""
    if not resource.type.startswith("aws:") or free.reason(resource.type) is not None:
        return []
    return [
        Problem(
            resource.name,
            f"{resource.type} is neither priced nor listed as free",
            "a rule in llm_platform.cost.rules, or an entry in llm_platform.cost.free",
        )
    ]
