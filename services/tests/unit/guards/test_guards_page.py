"""docs/guards.md says what is so."""

import json
import re
from pathlib import Path
from typing import get_args

import yaml
from gateway.guards import GuardsSettings
from gateway.guards.leak import GRAM, SHORTEST
from gateway.guards.linear import WEIGHTS
from gateway.guards.metrics import GuardMetrics
from gateway.guards.settings import BUILT_IN, GuardSettings, InjectionSettings, ToxicitySettings
from gateway.guards.spans import LONGEST
from gateway.guards.training.examples import digest
from guard_figures import labelled
from prometheus_client import CollectorRegistry

REPOSITORY = Path(__file__).resolve().parents[4]
PAGE = (REPOSITORY / "docs/guards.md").read_text("utf-8")
TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
RISKS = [f"LLM{number:02}" for number in range(1, 11)]


def test_each_risk_has_tests_and_each_test_exists() -> None:
    table = PAGE.partition("## OWASP")[2]
    rows = {line[2:7]: line for line in table.splitlines() if line.startswith("| LLM")}
    assert list(rows) == RISKS
    for risk, row in rows.items():
        named = TEST.findall(row)
        assert named, risk
        for file, function in named:
            paths = [*REPOSITORY.glob(f"services/tests/**/{file}")]
            paths += REPOSITORY.glob(f"tests/**/{file}")
            assert len(paths) == 1, file
            assert f"def {function}(" in paths[0].read_text("utf-8"), f"{file}::{function}"


def test_the_settings_shown_are_settings() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    section = GuardsSettings.model_validate(yaml.safe_load(shown)["guards"])
    assert section.default in section.chains


def test_chains_and_kinds_are_all_there() -> None:
    for chain in BUILT_IN:
        assert f"| `{chain}` |" in PAGE
    for kind in get_args(get_args(GuardSettings)[0]):
        (name,) = get_args(kind.model_fields["kind"].annotation)
        assert f"| `{name}` |" in PAGE


def test_metrics_are_those_that_are_published() -> None:
    registry = CollectorRegistry()
    GuardMetrics(registry)
    names = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in registry.collect()
    }
    assert set(re.findall(r"`(llm_gateway_guard_\w+)`", PAGE)) == names


def test_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"{LONGEST} characters at most" in PAGE
    assert f"fewer than {SHORTEST} letters" in PAGE
    assert GRAM == 20
    assert "from the twentieth letter" in PAGE
    injection, toxicity = InjectionSettings(kind="injection"), ToxicitySettings(kind="toxicity")
    assert f"injection, threshold {injection.threshold}" in PAGE
    assert f"toxicity, threshold {toxicity.threshold}" in PAGE


def test_weights_are_of_the_examples_that_are_there() -> None:
    """Whoever adds an example trains again: ``python -m gateway.guards.training``."""
    for model in ("injection", "toxicity"):
        stored = json.loads((WEIGHTS / f"{model}.json").read_text("utf-8"))
        assert stored["made_from"] == digest(model), model


def test_sizes_of_the_labelled_sets() -> None:
    for guard in ("injection", "toxicity", "links"):
        items = labelled(guard)
        positive = sum(item["positive"] for item in items)
        assert re.search(rf"\| {guard}[^|]*\| {len(items)}, of them {positive}", PAGE), guard
    pii = labelled("pii")
    spans = sum(len(item["spans"]) for item in pii)
    assert f"{len(pii)} texts, {spans} spans" in PAGE
    leaks = labelled("leak")
    positive = sum(item["positive"] for item in leaks)
    assert f"{len(leaks)}, of them {positive} leaks" in PAGE
