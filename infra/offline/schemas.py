"""Schemas of Kubernetes' built-in kinds, from the pinned release that the local cloud runs.

They are read from the module of `k8s.io/kubernetes`: its OpenAPI documents, and the allowed
values of its fields, which those documents leave out. What is read is kept in the tool cache
without its descriptions, a file per API version.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from local.cluster.processes import write_private
from local.paths import REPOSITORY, cache_folder
from local.providers.kubernetes.trees import mapping, sequence
from local.reporter import Reporter
from local.toolchain.modules import module_folder

MODULE = "k8s.io/kubernetes"
FORMAT = 1
"""Counted up when the same module yields other files than before."""

_DOCUMENTS = "api/openapi-spec/v3"
_SOURCE = "pkg/generated/openapi/zz_generated.openapi.go"
_REFERENCE = "#/components/schemas/"
_DROPPED = frozenset({"description", "default", "example", "x-kubernetes-validations"})
_DROPPED_PREFIXES = ("x-kubernetes-list", "x-kubernetes-patch")
_TYPE = re.compile(r"func schema_k8sio_(api_\w+)\(")
_PROPERTY = re.compile(r'\t{5}"(\w+)": \{')
_ENUM = re.compile(r"(\t+)Enum: +\[\]interface\{\}\{(.*)\},")
_OF_PROPERTY = 7
"""Tabs before the allowed values of a property; those of a list's items stand deeper."""

Schemas = Mapping[str, Any]


@cache
def pinned_release() -> str:
    """Version of the pinned module, such as ``v1.35.4``."""
    text = (REPOSITORY / "local" / "toolchain" / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^\s*{re.escape(MODULE)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"local/toolchain/go.mod does not name {MODULE}")
    return found[1]


def built_in(api_version: str, reporter: Reporter) -> Schemas | None:
    """Kinds and schemas of one API version; None when the release does not have it.

    Returns:
        ``kinds``: kind → name of its schema, and ``schemas``: name → schema.

    Raises:
        LocalCloudError: Nothing is cached, and the module is not to be had.
    """
    folder = _folder()
    if not (folder / "complete").exists():
        _fill(folder, module_folder(MODULE, pinned_release(), reporter))
    path = folder / _file_name(api_version)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _folder() -> Path:
    return cache_folder() / "schemas" / f"kubernetes-{pinned_release()}-{FORMAT}"


def _file_name(api_version: str) -> str:
    digest = hashlib.sha256(api_version.encode()).hexdigest()[:8]
    return f"{api_version.replace('/', '+')}-{digest}.json"


def _fill(folder: Path, module: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    source = (module / _SOURCE).read_text(encoding="utf-8")
    allowed = allowed_values(source.splitlines())
    for document in sorted((module / _DOCUMENTS).glob("*_openapi.json")):
        content = json.loads(document.read_text(encoding="utf-8"))
        raw = mapping(mapping(content.get("components")).get("schemas"))
        for api_version, compact in compacted(raw, allowed).items():
            if api_version == _version_of(document.name):
                text = json.dumps(compact, separators=(",", ":"))
                write_private(folder / _file_name(api_version), text)
    write_private(folder / "complete", pinned_release())


def _version_of(file: str) -> str:
    """API version of a document: ``apis__apps__v1_openapi.json`` is of ``apps/v1``."""
    parts = file.removesuffix("_openapi.json").split("__")
    return "/".join(parts[1:])


def compacted(
    raw: Mapping[str, Mapping[str, Any]], allowed: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Schemas of a document as they are kept, by API version of its kinds.

    Args:
        raw: The document's schemas.
        allowed: Allowed values, see `allowed_values`.
    """
    schemas: dict[str, Any] = {}
    for name, schema in raw.items():
        schemas[name] = _compact(schema)
        for field, values in allowed.get(_go_name(name), {}).items():
            place = schemas[name].get("properties", {}).get(field.removesuffix("[]"))
            if place is not None:
                (place.get("items", {}) if field.endswith("[]") else place)["enum"] = values
    found: dict[str, dict[str, Any]] = {}
    for name, schema in raw.items():
        for each in schema.get("x-kubernetes-group-version-kind") or ():
            group = f"{each['group']}/" if each["group"] else ""
            entry = found.setdefault(f"{group}{each['version']}", {"kinds": {}, "schemas": schemas})
            entry["kinds"][each["kind"]] = name
    return found


def _go_name(name: str) -> str:
    return name.removeprefix("io.k8s.").replace(".", "_").replace("-", "_")


def _compact(value: Any) -> Any:
    if isinstance(value, list):
        return [_compact(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    schema = cast("dict[str, Any]", value)
    if "$ref" in schema:
        return {"$ref": str(schema["$ref"]).removeprefix(_REFERENCE)}
    whole = sequence(schema.get("allOf"))
    if len(whole) == 1 and "$ref" in whole[0]:
        # written so because a reference cannot have a description beside it
        return _compact(whole[0])
    kept: dict[str, Any] = {}
    for key, each in schema.items():
        if key == "properties":
            kept[key] = {name: _compact(part) for name, part in each.items()}
        elif key not in _DROPPED and not key.startswith(_DROPPED_PREFIXES):
            kept[key] = _compact(each)
    return kept


def allowed_values(lines: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Allowed values from the Go source that the API server makes its documents of.

    Returns:
        Type (``api_core_v1_Container``) → field (``imagePullPolicy``; ``verbs[]`` for the items
        of a list) → values.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for kind, field, values in _enums(lines):
        found.setdefault(kind, {})[field] = values
    return found


def _enums(lines: Iterable[str]) -> Iterator[tuple[str, str, list[str]]]:
    kind = field = ""
    for line in lines:
        if line.startswith("func "):
            match = _TYPE.match(line)
            kind = match[1] if match else ""
        elif kind:
            match = _PROPERTY.match(line)
            if match:
                field = match[1]
                continue
            match = _ENUM.match(line)
            if match:
                inside = "" if len(match[1]) == _OF_PROPERTY else "[]"
                yield kind, f"{field}{inside}", json.loads(f"[{match[2]}]")
