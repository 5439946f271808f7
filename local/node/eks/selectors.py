"""Label selectors, as Kubernetes reads them. Pure."""

from collections.abc import Mapping
from typing import Any

from local.providers.kubernetes.trees import mappings, sequence


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether labels fit a selector; an empty one fits all.

    Raises:
        ValueError: An operator is unknown.
    """
    exact: Mapping[str, str] = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in exact.items()):
        return False
    return all(_holds(each, labels) for each in mappings(selector.get("matchExpressions")))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator = expression["key"], expression["operator"]
    values = sequence(expression.get("values"))
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            message = f"a selector's operator is {operator!r}"
            raise ValueError(message)
