"""docs/gateway-access.md says what is so."""

import argparse
import re
from pathlib import Path
from typing import Any

import yaml
from gateway.access import BudgetsSettings, KeysSettings
from gateway.access.commands import add_commands
from gateway.access.keyfile import KeyRecord
from gateway.access.settings import StoreKind
from gateway.access.windows import DAY, MINUTE
from gateway.telemetry import TelemetrySettings, metrics
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel

PAGE = (Path(__file__).resolve().parents[4] / "docs/gateway-access.md").read_text("utf-8")
ROW = re.compile(r"^\| `(llm_gateway_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
SECTIONS: dict[str, type[BaseModel]] = {
    "keys": KeysSettings,
    "budgets": BudgetsSettings,
    "telemetry": TelemetrySettings,
}


def declared() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Type and labels of every metric that the module declares."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    untyped: list[Any] = [
        each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)
    ]
    for metric in untyped:
        [family] = metric.describe()
        name = family.name + ("_total" if family.type == "counter" else "")
        found[name] = (family.type, tuple(metric._labelnames))
    return found


def test_the_table_lists_every_metric_and_no_other() -> None:
    listed = {name: (kind, tuple(SPAN.findall(labels))) for name, kind, labels in ROW.findall(PAGE)}
    assert listed == declared()


def test_the_metrics_are_in_the_registry_that_kserve_serves() -> None:
    served = {family.name for family in REGISTRY.collect()}
    assert {name.removesuffix("_total") for name in declared()} <= served


def test_the_example_is_one_that_the_settings_take() -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    given: dict[str, Any] = yaml.safe_load(block)
    for name, section in given.items():
        SECTIONS[name].model_validate(section)
    assert set(given) == set(SECTIONS)


def test_settings_that_the_page_names_exist() -> None:
    named = re.findall(r"`((?:keys|budgets|telemetry)(?:\.[a-z_]+)+)`", PAGE)
    assert len(set(named)) > 8
    for path in named:
        first, *rest = path.split(".")
        model: Any = SECTIONS[first]
        for part in rest:
            field = model.model_fields[part]
            model = field.annotation


def test_commands_are_taken() -> None:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    lines = [line for line in PAGE.splitlines() if line.startswith("python -m gateway ")]
    assert len(lines) == 4
    for line in lines:
        parser.parse_args(line.split()[3:])


def test_fields_of_a_key() -> None:
    table = PAGE.split("| field | meaning |\n")[1].split("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()]
    named = {name for cell in cells for name in SPAN.findall(cell)}
    assert named == set(KeyRecord.model_fields)


def test_bounds_that_rules_rely_on() -> None:
    assert {0.5, 1, 2, 2.5} <= set(metrics.FIRST_TOKEN_BUCKETS)
    assert {0.05, 0.1} <= set(metrics.INTER_TOKEN_BUCKETS)
    assert 30 in metrics.DURATION_BUCKETS
    for buckets in (
        metrics.FIRST_TOKEN_BUCKETS,
        metrics.INTER_TOKEN_BUCKETS,
        metrics.DURATION_BUCKETS,
        metrics.QUEUE_BUCKETS,
        metrics.STORE_BUCKETS,
    ):
        assert list(buckets) == sorted(set(buckets))


def test_windows_and_stores() -> None:
    assert (MINUTE.width * MINUTE.buckets, DAY.width * DAY.buckets) == (60_000_000, 86_400_000_000)
    assert "60 of a second" in PAGE
    assert (MINUTE.buckets, DAY.buckets) == (60, 96)
    for store in StoreKind:
        assert f"| `{store}`" in PAGE
    assert BudgetsSettings().store is StoreKind.SQLITE
