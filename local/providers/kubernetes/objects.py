"""Objects and their names: pure functions over manifests."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from local.providers.kubernetes.trees import mapping, sequence
from local.providers.values import UNKNOWN, Secret

Manifest = dict[str, Any]

FORCE = "pulumi.com/patchForce"
SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
TIMEOUT = "pulumi.com/timeoutSeconds"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"
AUTONAMED = "pulumi.com/autonamed"

SERVER_FIELDS = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)
"""Metadata that the API server fills in."""


@dataclass(frozen=True)
class TypeToken:
    """What a Pulumi type token says: ``kubernetes:apps/v1:Deployment``."""

    api_version: str
    kind: str


def parse_token(token: str) -> TypeToken:
    """API version and kind of a type token."""
    _, version, kind = token.split(":", 2)
    group, _, name = version.rpartition("/")
    # the SDK writes `core/v1` for what the API calls `v1`
    return TypeToken(name if group in {"", "core"} else version, kind)


def metadata(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata of an object; empty when it has none or it is not known yet."""
    found = manifest.get("metadata")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def annotations(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The annotations of an object."""
    found = metadata(manifest).get("annotations")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def labels(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The labels of an object."""
    found = metadata(manifest).get("labels")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def is_annotated(manifest: Mapping[str, Any], name: str) -> bool:
    """Whether an annotation is set to true."""
    return str(annotations(manifest).get(name, "")).lower() == "true"


def object_id(namespace: str | None, name: str) -> str:
    """ID of an object, as the official provider writes it and `import` takes it."""
    return f"{namespace}/{name}" if namespace else name


def split_id(identifier: str) -> tuple[str | None, str]:
    """Namespace and name of an ID."""
    namespace, _, name = identifier.rpartition("/")
    return namespace or None, name


def field_manager(urn: str) -> str:
    """Owner of the fields that one resource of one stack sets."""
    digest = hashlib.sha256(urn.encode()).hexdigest()[:8]
    return f"pulumi-kubernetes-{digest}"


def autonamed(manifest: Manifest, name: str, seed: bytes, old: Mapping[str, Any]) -> Manifest:
    """`manifest` with a name: the one it has, the one of the last run, or a new one."""
    given = dict(metadata(manifest))
    if given.get("name") is not None or given.get("generateName") is not None:
        return manifest
    kept = metadata(old).get("name")
    suffix = hashlib.sha256(seed or name.encode()).hexdigest()[:8]
    given["name"] = kept or f"{name.lower()}-{suffix}"
    given["annotations"] = {**annotations(manifest), AUTONAMED: "true"}
    return {**manifest, "metadata": given}


def as_output(live: Mapping[str, Any], manager: str) -> Manifest:
    """An object as it goes into the state: without bookkeeping, secrets marked."""
    kept = {key: value for key, value in metadata(live).items() if key != "managedFields"}
    output: Manifest = {**live, "metadata": kept, "__fieldManager": manager}
    if live.get("kind") == "Secret" and live.get("apiVersion") == "v1":
        for field in ("data", "stringData"):
            if output.get(field):
                output[field] = Secret(output[field])
    return output


def as_inputs(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Manifest:
    """The inputs that would make the object what it is.

    Args:
        live: The object as the API server has it.
        wanted: The inputs of the last run; only what they set is reported, since the rest is
            the API server's or somebody else's. Empty for an import: then everything is.
    """
    if not wanted:
        kept = {key: value for key, value in metadata(live).items() if key not in SERVER_FIELDS}
        return {**{k: v for k, v in live.items() if k != "status"}, "metadata": kept}
    shown = dict(live)
    if live.get("kind") == "Secret" and "stringData" in wanted:
        shown["stringData"] = _decoded(live.get("data") or {})
    return cast("Manifest", _project(shown, wanted))


def _decoded(data: Mapping[str, str]) -> dict[str, str]:
    decoded: dict[str, str] = {}
    for key, value in data.items():
        try:
            decoded[key] = base64.b64decode(value).decode()
        except (binascii.Error, UnicodeDecodeError):
            decoded[key] = value
    return decoded


def _project(live: Any, wanted: Any) -> Any:
    """What `live` has at the places that `wanted` sets."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        have = mapping(live)
        projected: dict[str, Any] = {}
        for key, value in mapping(wanted).items():
            if key in have:
                projected[key] = _project(have[key], value)
            elif is_empty(value):
                # the API server leaves out what is empty
                projected[key] = value
        return projected
    if isinstance(wanted, list) and isinstance(live, list):
        return _project_list(sequence(live), sequence(wanted))
    return cast("Any", wanted) if same_value(live, wanted) else live


def _project_list(live: list[Any], wanted: list[Any]) -> list[Any]:
    have, want = _by_name(live), _by_name(wanted)
    if have is not None and want is not None:
        mine = [_project(have[name], item) for name, item in want.items() if name in have]
        return mine + [item for name, item in have.items() if name not in want]
    return [
        _project(item, wanted[index]) if index < len(wanted) else item
        for index, item in enumerate(live)
    ]


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    """Items of a list that the API merges by name, such as containers; None for others."""
    named: dict[str, Any] = {}
    for item in items:
        name = mapping(item).get("name")
        if not isinstance(name, str) or name in named:
            return None
        named[name] = item
    return named


def is_empty(value: Any) -> bool:
    """Whether the API server treats the value like an absent one."""
    return value is None or value in ("", [], {}) or value is False or value == 0


_QUANTITY = re.compile(r"^([+-]?\d+(?:\.\d+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|)$")
_FACTORS = {
    "": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def same_value(one: Any, other: Any) -> bool:
    """Whether two values mean the same: the API server rewrites quantities."""
    if one is UNKNOWN or other is UNKNOWN:
        return False
    if type(one) is type(other) and one == other:
        return True
    quantities = _quantity(one), _quantity(other)
    return None not in quantities and quantities[0] == quantities[1]


def _quantity(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    match = _QUANTITY.match(str(value))
    return float(match[1]) * _FACTORS[match[2]] if match else None
