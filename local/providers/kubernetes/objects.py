"""Objects and their names: pure functions over manifests."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from local.providers.values import UNKNOWN, Secret

Manifest = dict[str, Any]

FIELD_MANAGER = "pulumi.com/patchFieldManager"
FORCE = "pulumi.com/patchForce"
SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
TIMEOUT = "pulumi.com/timeoutSeconds"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"
AUTONAMED = "pulumi.com/autonamed"

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Where `kubectl apply` notes the whole object, also the data of a Secret."""

SECRET_FIELDS = ("data", "stringData")


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


def is_secret(manifest: Mapping[str, Any]) -> bool:
    """Whether it is a Secret of Kubernetes."""
    return manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1"


def autonamed(manifest: Manifest, name: str, seed: bytes, old: Mapping[str, Any]) -> Manifest:
    """`manifest` with a name: the one it has, the one of the last run, or a new one."""
    if manifest.get("metadata") is UNKNOWN:
        return manifest
    given = dict(metadata(manifest))
    if given.get("name") is not None:
        return manifest
    kept = metadata(old).get("name")
    suffix = hashlib.sha256(seed or name.encode()).hexdigest()[:8]
    given["name"] = kept or f"{name.lower()}-{suffix}"
    if given.get("annotations") is not UNKNOWN:
        given["annotations"] = {**annotations(manifest), AUTONAMED: "true"}
    return {**manifest, "metadata": given}


def with_secrets(manifest: Mapping[str, Any]) -> Manifest:
    """`manifest` with the data of a Secret marked, so that the engine hides it everywhere."""
    marked = dict(manifest)
    if not is_secret(marked):
        return marked
    for field in SECRET_FIELDS:
        if marked.get(field):
            marked[field] = Secret(marked[field])
    noted = annotations(marked)
    if LAST_APPLIED in noted:
        kept = {key: value for key, value in noted.items() if key != LAST_APPLIED}
        marked["metadata"] = {**metadata(marked), "annotations": kept}
    return marked


def as_output(live: Mapping[str, Any], manager: str) -> Manifest:
    """An object as it goes into the state: without bookkeeping, secrets marked."""
    kept = {key: value for key, value in metadata(live).items() if key != "managedFields"}
    return with_secrets({**live, "metadata": kept, "__fieldManager": manager})
