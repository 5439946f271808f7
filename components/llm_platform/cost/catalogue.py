"""The price catalogue: `prices.json`, read strictly. Every price has a source with a date."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from llm_platform.cost.lines import Range
from llm_platform.cost.schema import Checker
from llm_platform.problems import raise_if_any

STALE_AFTER_DAYS = 180
"""From here on the catalogue should be looked at."""
INVALID_AFTER_DAYS = 365
"""From here on the catalogue is no ground for a decision."""

FILE = "prices.json"


@dataclass(frozen=True)
class Source:
    """Where prices were read.

    Attributes:
        name: Key in the catalogue.
        as_of: The day they are from.
        verified: Whether they were read there; otherwise they are worked out or recalled.
        where: Repository and file, or page.
    """

    name: str
    as_of: date
    verified: bool
    where: str


@dataclass(frozen=True)
class Price:
    """US dollars per unit in one region, with the source."""

    amount: float
    source: Source


@dataclass(frozen=True)
class Item:
    """Something billed that is no instance: a NAT gateway's hour, a GiB of storage."""

    name: str
    what: str
    unit: str
    prices: Mapping[str, Price]


@dataclass(frozen=True)
class InstanceType:
    """An EC2 instance type.

    Attributes:
        name: e.g. ``g6e.2xlarge``.
        vcpus: Virtual CPUs.
        memory_gib: Memory.
        accelerator: Model of its accelerators, empty when it has none.
        gpus: NVIDIA devices that a pod can ask for; a fraction counts as one.
        prices: On-demand, Linux, shared tenancy, an hour; by region. Empty where only
            Capacity Blocks are sold.
    """

    name: str
    vcpus: int
    memory_gib: int
    accelerator: str
    gpus: int
    prices: Mapping[str, Price]

    @property
    def family(self) -> str:
        """The part before the dot."""
        return family_of(self.name)


@dataclass(frozen=True)
class Usage:
    """An assumption about use that no resource states, e.g. traffic; in units a month."""

    what: str
    unit: str
    amount: Range


@dataclass(frozen=True)
class Catalogue:
    """Everything that the estimator knows about prices.

    Attributes:
        reviewed: The day on which somebody last checked the whole file.
    """

    reviewed: date
    sources: Mapping[str, Source]
    items: Mapping[str, Item]
    instances: Mapping[str, InstanceType]
    spot_ratios: Mapping[str, tuple[float, float]]
    usage: Mapping[str, Usage]

    def regions(self) -> list[str]:
        """Regions that have prices of instances."""
        found = {region for kind in self.instances.values() for region in kind.prices}
        return sorted(found)

    def spot_ratio(self, family: str) -> tuple[float, float]:
        """Lowest and highest spot price seen, as a share of on-demand.

        A family without samples gets no discount: a guess would hide the risk.
        """
        return self.spot_ratios.get(family, (1.0, 1.0))

    def age_in_days(self, today: date) -> int:
        """Days since the older of the last review and the sources of instance prices."""
        dates = [self.reviewed]
        for kind in self.instances.values():
            dates += [price.source.as_of for price in kind.prices.values()]
        return (today - min(dates)).days


def family_of(instance_type: str) -> str:
    """The family of an instance type: ``g6e`` of ``g6e.2xlarge``."""
    return instance_type.partition(".")[0]


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that comes with this library.

    Raises:
        InvalidInputsError: The file is damaged; the error names every problem.
    """
    text = resources.files("llm_platform.cost").joinpath(FILE).read_text(encoding="utf-8")
    return parse_catalogue(text, FILE)


def parse_catalogue(text: str, subject: str) -> Catalogue:
    """A catalogue out of its JSON text.

    Args:
        text: The file's content.
        subject: The file, for the error.

    Raises:
        InvalidInputsError: Something in it is wrong; the error names every problem.
    """
    checker = Checker()
    try:
        document: object = json.loads(text)
    except json.JSONDecodeError as error:
        checker.say("", f"is no JSON: {error}", "a JSON object")
        raise_if_any(subject, checker.problems)
        raise
    top = checker.mapping("", document, required=TOP_KEYS)
    if top.get("schema") != 1:
        checker.say("schema", f"is {top.get('schema')!r}", "1")
    sources = _sources(checker, top.get("sources"))
    found = Catalogue(
        reviewed=checker.day("reviewed", top.get("reviewed")),
        sources=sources,
        items=_items(checker, top.get("items"), sources),
        instances=_instances(checker, top.get("instances"), sources),
        spot_ratios=_spot_ratios(checker, top.get("spotRatio")),
        usage=_usage(checker, top.get("usage")),
    )
    raise_if_any(subject, checker.problems)
    return found


TOP_KEYS = ("schema", "reviewed", "sources", "usage", "spotRatio", "items", "instances")


def _sources(checker: Checker, value: object) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for name, entry in checker.mapping("sources", value).items():
        path = f"sources.{name}"
        fields = checker.mapping(path, entry, required=("asOf", "verified", "where"))
        found[name] = Source(
            name=name,
            as_of=checker.day(f"{path}.asOf", fields.get("asOf")),
            verified=checker.flag(f"{path}.verified", fields.get("verified")),
            where=checker.text(f"{path}.where", fields.get("where")),
        )
    return found


def _items(checker: Checker, value: object, sources: Mapping[str, Source]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for name, entry in checker.mapping("items", value).items():
        path = f"items.{name}"
        fields = checker.mapping(path, entry, required=("what", "unit", "prices"))
        found[name] = Item(
            name=name,
            what=checker.text(f"{path}.what", fields.get("what")),
            unit=checker.text(f"{path}.unit", fields.get("unit")),
            prices=_prices(checker, f"{path}.prices", fields.get("prices"), sources),
        )
    return found


def _instances(
    checker: Checker, value: object, sources: Mapping[str, Source]
) -> dict[str, InstanceType]:
    found: dict[str, InstanceType] = {}
    accelerator_keys = ("accelerator", "accelerators", "nvidia")
    for name, entry in checker.mapping("instances", value).items():
        path = f"instances.{name}"
        fields = checker.mapping(
            path, entry, required=("vcpus", "memoryGib", "prices"), optional=accelerator_keys
        )
        nvidia = "nvidia" in fields and checker.flag(f"{path}.nvidia", fields.get("nvidia"))
        devices = fields.get("accelerators", 0)
        found[name] = InstanceType(
            name=name,
            vcpus=int(checker.number(f"{path}.vcpus", fields.get("vcpus"))),
            memory_gib=int(checker.number(f"{path}.memoryGib", fields.get("memoryGib"))),
            accelerator=checker.text(f"{path}.accelerator", fields.get("accelerator", "none")),
            gpus=int(checker.number(f"{path}.accelerators", devices)) if nvidia else 0,
            prices=_prices(checker, f"{path}.prices", fields.get("prices"), sources),
        )
    return found


def _prices(
    checker: Checker, path: str, value: object, sources: Mapping[str, Source]
) -> dict[str, Price]:
    found: dict[str, Price] = {}
    for region, entry in checker.mapping(path, value).items():
        amount, name = checker.pair(f"{path}.{region}", entry, "[US dollars, name of a source]")
        source = sources.get(str(name))
        if source is None:
            checker.say(f"{path}.{region}[1]", f"no such source: {name!r}", " | ".join(sources))
            continue
        found[region] = Price(checker.number(f"{path}.{region}[0]", amount), source)
    return found


def _spot_ratios(checker: Checker, value: object) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for family, entry in checker.mapping("spotRatio", value).items():
        path = f"spotRatio.{family}"
        low, high = checker.pair(path, entry, "[lowest, highest], shares of on-demand up to 1")
        ratios = (checker.number(f"{path}[0]", low), checker.number(f"{path}[1]", high))
        if not 0 < ratios[0] <= ratios[1] <= 1:
            checker.say(path, f"is {list(ratios)}", "0 < lowest <= highest <= 1")
        found[family] = ratios
    return found


def _usage(checker: Checker, value: object) -> dict[str, Usage]:
    found: dict[str, Usage] = {}
    for name, entry in checker.mapping("usage", value).items():
        path = f"usage.{name}"
        fields = checker.mapping(
            path, entry, required=("what", "unit", "minimum", "expected", "worst")
        )
        low, middle, high = (
            checker.number(f"{path}.{key}", fields.get(key))
            for key in ("minimum", "expected", "worst")
        )
        if not low <= middle <= high:
            checker.say(path, f"is {low}, {middle}, {high}", "minimum <= expected <= worst")
        found[name] = Usage(
            what=checker.text(f"{path}.what", fields.get("what")),
            unit=checker.text(f"{path}.unit", fields.get("unit")),
            amount=Range(low, middle, high),
        )
    return found
