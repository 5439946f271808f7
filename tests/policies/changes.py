"""Changing one field of a resource's properties. Knows nothing of the pack."""

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

ABSENT = object()
"""Given to `changed` to take a field away."""


def changed(properties: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one field changed; parents and list elements are made where they are missing."""
    result = json.loads(json.dumps(properties))  # no part of it is shared with another
    steps = steps_of(path)
    place: Any = result
    for step, following in pairwise(steps):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            while len(place) <= step:
                place.append(type(empty)())
        elif not isinstance(place.get(step), (dict, list)):
            place[step] = empty
        place = place[step]
    last: Any = steps[-1]
    if value is ABSENT:
        del place[last]
    elif isinstance(last, int) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return result


def steps_of(path: str) -> list[str | int]:
    """Steps of a path such as ``a.b[0].'x.y/z'``; a quoted step may hold dots."""
    found: list[str | int] = []
    for quoted, name, index in re.findall(r"'([^']+)'|([^.\[\]']+)|\[(\d+)\]", path):
        found.append(int(index) if index else quoted or name)
    return found
