"""Tags: who pays for a resource, and which stack and logical resource it is.

The identity tags stay for good, so that a resource whose creation was cut off can be found
again and adopted or deleted.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

from llm_platform.problems import Problem

STACK_TAG = "llm-platform:stack"
"""Names the stack, as ``project/stack``."""
RESOURCE_TAG = "llm-platform:resource"
"""Names the logical resource within the stack."""

COST_TAGS = ("owner", "environment", "cost-center")
"""Tags by which a bill is told apart: the policy pack asks for them on everything."""

RESERVED_PREFIXES = ("aws:", "llm-platform:")
MAX_TAGS = 40
"""Tags a caller may give; AWS takes 50 and some are the library's own."""

_KEY = re.compile(r"^[\w .:/=+\-@]{1,128}\Z")
_VALUE = re.compile(r"^[\w .:/=+\-@]{0,256}\Z")

Value = TypeVar("Value")


def resource_tags(
    base: Mapping[str, Value], stack: str, resource: str, extra: Mapping[str, str] | None = None
) -> dict[str, Value | str]:
    """The tags of one resource.

    Args:
        base: Tags given by the caller: owner, team, cost centre.
        stack: ``project/stack``.
        resource: Logical name of the resource.
        extra: Tags that this kind of resource needs, such as those by which EKS finds subnets.
    """
    identity = {STACK_TAG: stack, RESOURCE_TAG: resource}
    return {"Name": resource, **base, **(extra or {}), **identity}


def check_tags(tags: Mapping[str, object], path: str = "tags") -> list[Problem]:
    """What is wrong with tags given by a caller; values that are not known yet are not judged."""
    problems: list[Problem] = []
    if len(tags) > MAX_TAGS:
        problems.append(Problem(path, f"{len(tags)} tags", f"at most {MAX_TAGS}"))
    for key, value in tags.items():
        where = f"{path}.{key}"
        if not _KEY.match(key):
            allowed = "1 to 128 letters, digits, spaces and . : / = + - @ _"
            problems.append(Problem(where, f"the key '{key}' is not one of AWS's", allowed))
        elif key.lower().startswith(RESERVED_PREFIXES):
            allowed = f"keys that do not start with {' or '.join(RESERVED_PREFIXES)}"
            problems.append(Problem(where, "the key is reserved", allowed))
        if isinstance(value, str) and not _VALUE.match(value):
            allowed = "at most 256 letters, digits, spaces and . : / = + - @ _"
            problems.append(Problem(where, f"the value '{value}' is not one of AWS's", allowed))
    return problems
