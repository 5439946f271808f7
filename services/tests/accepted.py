"""Holds a manifest against KServe's own generated models: every key known, every type right."""

import re
from typing import Any, cast

import kserve
from kserve.models import v1beta1_storage_uri
from kubernetes import client as kubernetes_models

MODULES: tuple[Any, ...] = (kserve, v1beta1_storage_uri, kubernetes_models)
SCALARS: dict[str, type | tuple[type, ...]] = {
    "bool": bool,
    "float": (int, float),
    "int": int,
    "str": str,
}
ANYTHING = {"object", "IntOrString", "ResourceQuantity", "datetime", "file"}
LIST = re.compile(r"[Ll]ist\[(.+)\]")
MAP = re.compile(r"[Dd]ict[\[(]str, (.+)[\])]")
OF_KUBERNETES = re.compile(r"K8sIoApi[A-Z][a-z]+(V\d\w*)")
"""How KServe's models call a type of Kubernetes that they do not have, with its group."""


def problems(manifest: Any, kind: str, path: str = "") -> list[str]:
    """What KServe's model `kind` does not know or takes as another type, one line each."""
    if kind in ANYTHING:
        return []
    if kind in SCALARS:
        wrong = not isinstance(manifest, SCALARS[kind]) or (kind == "int" and manifest is True)
        return [f"{path} is {type(manifest).__name__}, not {kind}"] if wrong else []
    listed, mapped = LIST.fullmatch(kind), MAP.fullmatch(kind)
    if not isinstance(manifest, list if listed else dict):
        return [f"{path} is {type(manifest).__name__}, not {kind}"]
    if listed:
        items = enumerate(cast("list[Any]", manifest))
        return _all((item, listed[1], f"{path}[{index}]") for index, item in items)
    fields = cast("dict[str, Any]", manifest)
    if mapped:
        return _all((value, mapped[1], f"{path}.{key}") for key, value in fields.items())
    return _of_model(fields, kind, path)


def _all(parts: Any) -> list[str]:
    return [line for value, kind, path in parts for line in problems(value, kind, path)]


def _of_model(fields: dict[str, Any], kind: str, path: str) -> list[str]:
    outside = OF_KUBERNETES.fullmatch(kind)
    kind = outside[1] if outside else kind
    model: Any = next(getattr(each, kind) for each in MODULES if hasattr(each, kind))
    types = {wire: model.openapi_types[own] for own, wire in model.attribute_map.items()}
    found: list[str] = []
    for key, value in fields.items():
        where = f"{path}.{key}".lstrip(".")
        if key in types:
            found += problems(value, types[key], where)
        else:
            found.append(f"{where} is not known to {kind}")
    return found
