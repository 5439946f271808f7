"""Labels: whatever a tag says, Kubernetes takes it, and two stay apart."""

import re

import pytest

from llm_platform.kubernetes.checks import label_problems, quantity_problems
from llm_platform.kubernetes.labels import label_value, pod_security_labels

VALID = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")


@pytest.mark.parametrize(
    "text", ["platform@example.com", " a b ", "", "---", "ä", "x" * 200, "a/" * 60, "a_", "rnd-100"]
)
def test_any_text_becomes_a_label(text: str) -> None:
    assert VALID.match(label_value(text))


def test_what_is_fine_stays() -> None:
    assert label_value("rnd-100") == "rnd-100"


def test_long_texts_stay_apart() -> None:
    one, other = "x" * 80 + "1", "x" * 80 + "2"
    assert label_value(one) != label_value(other)
    assert len(label_value(one)) <= 63


def test_levels_are_pinned_to_a_version() -> None:
    labels = pod_security_labels("privileged", "1.35")
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"
    assert labels["pod-security.kubernetes.io/audit"] == "restricted"
    assert {labels[key] for key in labels if key.endswith("-version")} == {"v1.35"}


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        ({"team": "ml"}, False),
        ({"app.kubernetes.io/name": "x"}, False),
        ({"a b": "x"}, True),
        ({"team": "a@b"}, True),
        ({"team": "-a"}, True),
        ({"/x": "a"}, True),
    ],
)
def test_labels_are_checked(labels: dict[str, str], wrong: bool) -> None:
    assert bool(label_problems("labels", labels)) is wrong


@pytest.mark.parametrize(("text", "wrong"), [("1Gi", False), ("500m", False), ("1 Gi", True)])
def test_amounts_are_checked(text: str, wrong: bool) -> None:
    assert bool(quantity_problems("amount", text)) is wrong
