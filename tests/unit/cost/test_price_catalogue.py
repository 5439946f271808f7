"""The price catalogue: strict, sourced, and what the page says."""

import json
from datetime import date
from importlib import resources
from typing import Any

import pytest

from llm_platform.cost import load_catalogue
from llm_platform.cost.catalogue import parse_catalogue
from llm_platform.cost.quantities import QuantityError, gib, quantity
from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES
from llm_platform.problems import InvalidInputsError


def document() -> dict[str, Any]:
    text = resources.files("llm_platform.cost").joinpath("prices.json").read_text(encoding="utf-8")
    return json.loads(text)


def test_every_price_has_a_source_and_is_above_nothing() -> None:
    catalogue = load_catalogue()

    prices = [
        price
        for priced in (*catalogue.instances.values(), *catalogue.items.values())
        for price in priced.prices.values()
    ]

    assert len(prices) > 150
    assert all(price.amount > 0 for price in prices)
    assert all(price.source.as_of <= catalogue.reviewed for price in prices)


@pytest.mark.parametrize(
    ("name", "region", "amount", "gpus"),
    [
        ("g5.xlarge", "us-east-1", 1.006, 1),
        ("g5.48xlarge", "eu-central-1", 20.368, 8),
        ("g6e.48xlarge", "eu-central-1", 37.6761, 8),
        ("g6f.large", "us-east-1", 0.202, 1),
        ("p4d.24xlarge", "us-east-1", 21.957642, 8),
        ("inf2.xlarge", "us-east-1", 0.7582, 0),
        ("t3.large", "eu-central-1", 0.096, 0),
        ("m7i.4xlarge", "us-east-1", 0.8064, 0),
    ],
)
def test_samples(name: str, region: str, amount: float, gpus: int) -> None:
    kind = load_catalogue().instances[name]

    assert kind.prices[region].amount == amount
    assert kind.gpus == gpus


def test_what_is_only_sold_in_blocks_has_no_price() -> None:
    assert load_catalogue().instances["p5e.48xlarge"].prices == {}


def test_larger_sizes_of_a_family_cost_more() -> None:
    catalogue = load_catalogue()
    for kind in catalogue.instances.values():
        for other in catalogue.instances.values():
            bigger = (
                kind.family == other.family and kind.vcpus < other.vcpus and kind.gpus <= other.gpus
            )
            for region in set(kind.prices) & set(other.prices) if bigger else ():
                assert kind.prices[region].amount < other.prices[region].amount, (kind, other)


def test_it_agrees_with_the_catalogue_of_gpu_types() -> None:
    prices = load_catalogue()
    both = set(GPU_INSTANCE_TYPES) & set(prices.instances)

    assert len(both) > 40
    for name in both:
        kind, priced = GPU_INSTANCE_TYPES[name], prices.instances[name]
        assert (priced.vcpus, priced.memory_gib, priced.gpus) == (
            kind.vcpus,
            kind.memory_gib,
            kind.gpu_count,
        ), name


def test_its_age_counts_from_the_oldest_of_review_and_instance_prices() -> None:
    catalogue = load_catalogue()

    assert (
        catalogue.age_in_days(date(2026, 11, 24)) == (date(2026, 11, 24) - date(2026, 7, 20)).days
    )


def test_all_problems_of_a_file_are_told_at_once() -> None:
    values = document()
    values["schema"] = 2
    values["reviewed"] = "yesterday"
    values["sources"]["karpenter"]["verified"] = "yes"
    del values["items"]["kms-key"]["unit"]
    values["items"]["nat-hour"]["prices"]["us-east-1"] = [-1, "hearsay"]
    values["instances"]["g5.xlarge"]["colour"] = "green"
    values["spotRatio"]["g5"] = [0.9, 0.5]
    values["usage"]["natGib"]["worst"] = 1

    with pytest.raises(InvalidInputsError) as raised:
        parse_catalogue(json.dumps(values), "prices.json")

    found = {problem.path for problem in raised.value.problems}
    assert found == {
        "schema",
        "reviewed",
        "sources.karpenter.verified",
        "items.kms-key.unit",
        "items.nat-hour.prices.us-east-1[1]",
        "instances.g5.xlarge.colour",
        "spotRatio.g5",
        "usage.natGib",
    }


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_damaged_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputsError, match=r"prices\.json"):
        parse_catalogue(text, "prices.json")


@pytest.mark.parametrize(
    ("text", "amount"),
    [("2", 2), ("500m", 0.5), ("1.5", 1.5), ("16Gi", 16 * 2**30), ("1k", 1000), (" 4 ", 4)],
)
def test_quantities(text: str, amount: float) -> None:
    assert quantity(text) == amount


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1Xi", "one"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(QuantityError):
        quantity(text)


def test_gib() -> None:
    assert gib("1Ti") == 1024
