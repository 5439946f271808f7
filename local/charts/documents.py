"""YAML as Kubernetes and Helm read and write it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import yaml

from local.charts.model import Manifest


class _Loader(yaml.CSafeLoader):
    """YAML without dates and without the bare ``=``: both are strings to Kubernetes."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, regexp) for tag, regexp in resolvers if not tag.endswith((":timestamp", ":value"))
    ]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def documents(text: str) -> Iterator[Manifest]:
    """The objects in a text; a ``List`` yields what it holds.

    Raises:
        ValueError: It is no YAML.
    """
    try:
        for each in yaml.load_all(text, Loader=_Loader):
            if not isinstance(each, dict):
                continue
            found = cast("Manifest", each)
            if str(found.get("kind", "")).endswith("List") and "items" in found:
                yield from (item for item in found["items"] if item)
            else:
                yield found
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(f"it is no YAML{where}") from None


def mapping_of(text: str) -> Mapping[str, Any]:
    """The one mapping in a text; empty when there is none."""
    none: Manifest = {}
    return next(documents(text), none)


def written(manifests: Iterable[Manifest]) -> str:
    """Objects as one text."""
    return yaml.dump_all(manifests, sort_keys=False, default_flow_style=False, width=2**16)


def is_definition(manifest: Mapping[str, Any]) -> bool:
    """Whether an object defines a kind."""
    return manifest.get("kind") == "CustomResourceDefinition"
