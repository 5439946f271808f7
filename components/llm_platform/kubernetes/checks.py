"""Checks that the components in the cluster share. Pure; unknown values are not judged."""

import re
from collections.abc import Mapping

from llm_platform.problems import Problem

NAME_LIMIT = 63
_NAME = re.compile(r"^[a-z]([a-z0-9-]*[a-z0-9])?$")
_LABEL_KEY = re.compile(
    r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
)
_LABEL_VALUE = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")
_QUANTITY = re.compile(r"^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$")

RESERVED_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
"""Namespaces of Kubernetes itself."""


def object_name_problems(path: str, name: object, limit: int = NAME_LIMIT) -> list[Problem]:
    """What is wrong with the name of a Kubernetes object that others refer to."""
    if not isinstance(name, str) or (len(name) <= limit and _NAME.match(name)):
        return []
    allowed = f"1 to {limit} of a-z, 0-9 and -, starting with a letter, not ending with -"
    return [Problem(path, f"the name '{name}'", allowed)]


def own_namespace_problems(path: str, name: object) -> list[Problem]:
    """What is wrong with the name of a namespace that is to be made."""
    if isinstance(name, str) and name in RESERVED_NAMESPACES:
        return [Problem(path, f"'{name}' belongs to Kubernetes", "a namespace of your own")]
    return object_name_problems(path, name)


def quantity_problems(path: str, quantity: object) -> list[Problem]:
    """What is wrong with an amount such as ``500m`` or ``2Gi``."""
    if not isinstance(quantity, str) or _QUANTITY.match(quantity):
        return []
    return [Problem(path, f"'{quantity}' is no amount", "such as 500m, 2, 512Mi or 4Gi")]


def label_problems(path: str, labels: Mapping[str, object]) -> list[Problem]:
    """What is wrong with labels."""
    problems: list[Problem] = []
    for key, value in labels.items():
        if not _LABEL_KEY.match(key):
            allowed = "an optional DNS prefix and /, then up to 63 letters, digits, -, _ and ."
            problems.append(Problem(f"{path}.{key}", f"the key '{key}'", allowed))
        if isinstance(value, str) and not _LABEL_VALUE.match(value):
            allowed = "at most 63 letters, digits, -, _ and ., letters or digits at both ends"
            problems.append(Problem(f"{path}.{key}", f"the value '{value}'", allowed))
    return problems
