"""Prices of one region, asked by name; what has none is an error that names it."""

from dataclasses import dataclass

from llm_platform.cost.catalogue import Catalogue, InstanceType, family_of
from llm_platform.cost.lines import HOURS_PER_MONTH, Range


class UnpricedError(Exception):
    """Something is billed and the catalogue has no price for it.

    Attributes:
        what: What has no price, e.g. ``g7.2xlarge in eu-central-1``.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"no price for {what}")


@dataclass(frozen=True)
class RegionPrices:
    """The catalogue, seen from one region."""

    catalogue: Catalogue
    region: str

    def unit(self, item: str) -> float:
        """US dollars per unit of an item.

        Raises:
            UnpricedError: It has no price in this region.
        """
        found = self.catalogue.items.get(item)
        price = found.prices.get(self.region) if found else None
        if price is None:
            raise UnpricedError(f"{found.what if found else item} in {self.region}")
        return price.amount

    def monthly(self, item: str) -> float:
        """US dollars a month of an item that is billed by the hour."""
        return self.unit(item) * HOURS_PER_MONTH

    def used(self, item: str, assumption: str) -> Range:
        """What an assumed use of an item costs a month."""
        return self.catalogue.usage[assumption].amount.times(self.unit(item))

    def instance(self, name: str) -> InstanceType:
        """An instance type that has a price here.

        Raises:
            UnpricedError: It is not in the catalogue, or has no price in this region.
        """
        found = self.catalogue.instances.get(name)
        if found is None or self.region not in found.prices:
            raise UnpricedError(f"{name} in {self.region}")
        return found

    def instance_month(self, name: str) -> float:
        """US dollars a month of one on-demand instance."""
        return self.instance(name).prices[self.region].amount * HOURS_PER_MONTH

    def node_month(self, names: list[str], *, spot: bool) -> Range:
        """US dollars a month of one node that may be of any of these types.

        The expected case is the first type, as AWS tries them in order on demand. The worst
        case of spot is the on-demand price, which is what a spot request may pay.
        """
        months = {name: self.instance_month(name) for name in names}
        cheapest = min(names, key=lambda name: months[name])
        if not spot:
            return Range(months[cheapest], months[names[0]], max(months.values()))
        low = min(months[name] * self.catalogue.spot_ratio(family_of(name))[0] for name in names)
        high = months[names[0]] * self.catalogue.spot_ratio(family_of(names[0]))[1]
        return Range(low, high, max(months.values()))
