"""Every kind of object but Helm releases, handled alike."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.providers.kubernetes.api import ApiError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.differences import manifest_diff
from local.providers.kubernetes.discovery import (
    NEW_KIND_SECONDS,
    ResourceKind,
    UnknownKindError,
)
from local.providers.kubernetes.objects import (
    Manifest,
    as_inputs,
    as_output,
    autonamed,
    field_manager,
    metadata,
    object_id,
    parse_token,
    split_id,
)
from local.providers.model import (
    Checked,
    CheckFailure,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    PartialError,
    ReadRequest,
    State,
    UpdateRequest,
)
from local.providers.values import UNKNOWN, has_unknown


def check(request: CheckRequest, default_namespace: str) -> Checked:
    """Name the object, and see that it is what its type says."""
    token = parse_token(request.type)
    manifest = autonamed(request.inputs, request.name, request.random_seed, request.old_inputs)
    manifest = {"apiVersion": token.api_version, "kind": token.kind, **manifest}
    failures: list[CheckFailure] = []
    if token.kind.endswith("Patch") or token.kind.endswith("List"):
        reason = f"kind {token.kind} is not handled by the local stand-in"
        failures.append(CheckFailure("kind", reason))
    if manifest["kind"] is not UNKNOWN and manifest["kind"] != token.kind:
        reason = f"is {manifest['kind']!r}, but the resource's type says {token.kind!r}"
        failures.append(CheckFailure("kind", reason))
    del default_namespace
    return Checked(manifest, failures)


def diff(request: DiffRequest) -> Diff:
    """What would change."""
    kind = parse_token(request.type).kind
    return manifest_diff(kind, request.old_inputs, request.inputs, request.ignore_changes)


class Manifests:
    """The operations, on one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def create(self, request: CreateRequest) -> State:
        """Apply the object and wait until it is ready; at preview let the server try it."""
        manager = field_manager(request.urn)
        if request.preview:
            return State("", self._tried(request.inputs, manager))
        kind = self._kind(request.inputs, wait=NEW_KIND_SECONDS)
        live = self._cluster.apply(kind, request.inputs, manager)
        return self._ready(kind, live, manager, request.timeout)

    def update(self, request: UpdateRequest) -> State:
        """Apply the new manifest by the same owner, so that dropped fields go."""
        manager = str(request.old_outputs.get("__fieldManager") or field_manager(request.urn))
        if request.preview:
            return State(request.id, self._tried(request.inputs, manager))
        kind = self._kind(request.inputs)
        live = self._cluster.apply(kind, request.inputs, manager)
        return self._ready(kind, live, manager, request.timeout)

    def read(self, request: ReadRequest) -> State | None:
        """The object as the API server has it."""
        token = parse_token(request.type)
        version = request.inputs.get("apiVersion") or token.api_version
        try:
            kind = self._cluster.discovery.find(version, token.kind)
        except UnknownKindError:
            # with its kind every object of it is gone
            return None
        namespace, name = split_id(request.id)
        live = self._cluster.api.find(kind.path(self._room(kind, namespace), name))
        if live is None:
            return None
        manager = str(request.outputs.get("__fieldManager") or field_manager(request.urn))
        return State(request.id, as_output(live, manager), as_inputs(live, request.inputs))

    def delete(self, request: DeleteRequest) -> None:
        """Delete the object and wait until it is gone."""
        token = parse_token(request.type)
        version = request.old_inputs.get("apiVersion") or token.api_version
        try:
            kind = self._cluster.discovery.find(version, token.kind)
        except UnknownKindError:
            return
        namespace, name = split_id(request.id)
        self._cluster.delete(
            kind, self._room(kind, namespace), name, request.old_inputs, request.timeout
        )

    def _room(self, kind: ResourceKind, namespace: str | None) -> str | None:
        return (namespace or self._cluster.default_namespace) if kind.namespaced else None

    def _kind(self, manifest: Mapping[str, Any], *, wait: float = 0.0) -> ResourceKind:
        return self._cluster.discovery.find(
            str(manifest["apiVersion"]), str(manifest["kind"]), wait=wait
        )

    def _tried(self, manifest: Manifest, manager: str) -> Manifest:
        """What the API server would make of it; the manifest itself where it cannot tell yet."""
        if has_unknown(manifest):
            return manifest
        try:
            live = self._cluster.apply(self._kind(manifest), manifest, manager, dry_run=True)
        except UnknownKindError:
            return manifest
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                # its namespace is still to be made
                return manifest
            raise
        tried = as_output(live, manager)
        # a dry run invents these; the object that is made gets others
        given = {k: v for k, v in metadata(tried).items() if k not in {"uid", "creationTimestamp"}}
        return {**tried, "metadata": given}

    def _ready(self, kind: ResourceKind, live: Manifest, manager: str, timeout: float) -> State:
        live, lacks = self._cluster.wait_ready(kind, live, timeout)
        namespace, name = self._cluster.place(kind, live)
        state = State(object_id(namespace, name), as_output(live, manager))
        if lacks:
            raise PartialError(state, [f"{kind.kind} {state.id} is not ready: {lacks}"])
        return state
