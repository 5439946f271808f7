"""Images that objects name, wherever they do. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, cast

from local.charts.documents import is_definition
from local.charts.model import Manifest
from local.providers.kubernetes.trees import mapping, sequence

_ARGUMENT = re.compile(r"^--[\w.-]+=(?P<image>[\w./-]+/[\w./-]+:[\w.-]+)$")


def images_of(manifests: Iterable[Manifest], known: Collection[str] = ()) -> list[str]:
    """Images of containers and of what becomes containers, each once, in order.

    Args:
        manifests: Objects; definitions of kinds are passed over.
        known: Images of which it is enough that an argument of a container names them.
    """
    found: dict[str, None] = {}
    for each in manifests:
        if not is_definition(each):
            found.update(dict.fromkeys(_inside(each, known)))
    return list(found)


def _inside(value: Any, known: Collection[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in mapping(value).items():
            if key == "image" and isinstance(inner, str) and inner:
                yield inner
            else:
                yield from _inside(inner, known)
    elif isinstance(value, list):
        for inner in sequence(cast("object", value)):
            if isinstance(inner, str):
                argument = _ARGUMENT.match(inner)
                if argument and argument["image"] in known:
                    yield argument["image"]
            else:
                yield from _inside(inner, known)
