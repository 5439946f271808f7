"""Every kind of object but Helm releases, handled alike."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from local.patience import last_look
from local.providers.kubernetes.api import ApiError, UnreachableError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.differences import manifest_diff, with_room
from local.providers.kubernetes.discovery import (
    NEW_KIND_SECONDS,
    ResourceKind,
    UnknownKindError,
)
from local.providers.kubernetes.ignored import left_alone
from local.providers.kubernetes.objects import (
    FIELD_MANAGER,
    Manifest,
    annotations,
    as_output,
    autonamed,
    field_manager,
    metadata,
    object_id,
    parse_token,
    split_id,
    with_secrets,
)
from local.providers.kubernetes.ownership import is_applied_by
from local.providers.kubernetes.projection import as_inputs
from local.providers.kubernetes.readiness import unhealthy
from local.providers.kubernetes.waiting import wrong_annotations
from local.providers.model import (
    Checked,
    CheckFailure,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    PartialError,
    Properties,
    ProviderError,
    ReadRequest,
    Request,
    State,
    UpdateRequest,
)
from local.providers.values import UNKNOWN, has_unknown

TRIAL_ROOM = "default"
"""Where an object is tried at preview whose namespace is still to be made."""

WRONG = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
SCHEMA = "field not declared in schema"


def check(request: CheckRequest) -> Checked:
    """Name the object, and see that it is what its type says."""
    token = parse_token(request.type)
    manifest = autonamed(request.inputs, request.name, request.random_seed, request.old_inputs)
    manifest = {"apiVersion": token.api_version, "kind": token.kind, **manifest}
    failures = wrong_annotations(manifest)
    if manifest["kind"] is not UNKNOWN and manifest["kind"] != token.kind:
        reason = f"is {manifest['kind']!r}, but the resource's type says {token.kind!r}"
        failures.append(CheckFailure("kind", reason))
    if "generateName" in metadata(manifest):
        reason = "is not handled by the local stand-in; give a name, or neither of the two"
        failures.append(CheckFailure("metadata.generateName", reason))
    return Checked(with_secrets(manifest), failures)


def diff(request: DiffRequest, default_namespace: str) -> Diff:
    """What would change."""
    room, _ = split_id(request.id)
    old = with_room(request.old_inputs, room)
    new = with_room(request.inputs, default_namespace if room else None)
    return manifest_diff(parse_token(request.type), old, new, request.ignore_changes)


@dataclass(frozen=True)
class Manifests:
    """The operations, on one cluster."""

    cluster: Cluster

    def create(self, request: CreateRequest) -> State:
        """Apply the object and wait until it is ready; at preview let the server try it.

        Raises:
            ProviderError: An object of that name stands already; it may be somebody else's.
        """
        manager = _manager(request.inputs, request, {})
        if request.preview:
            return State("", self._tried(request.inputs, manager, is_new=True))
        kind = self._kind(request.inputs, wait=NEW_KIND_SECONDS)
        self._refuse_existing(kind, request.inputs)
        live = self._made(kind, request.inputs, manager)
        return self._ready(kind, live, manager, request.timeout)

    def update(self, request: UpdateRequest) -> State:
        """Apply the new manifest by the same owner, so that dropped fields go."""
        before = _manager(request.old_inputs, request, request.old_outputs)
        manager = _manager(request.inputs, request, request.old_outputs)
        manifest = request.inputs
        if not has_unknown(manifest):
            kind = self._kind(manifest)
            live = self.cluster.find(kind, manifest)
            if live is not None and not request.preview:
                live = self.cluster.take_over(kind, live, manager)
            if live is not None:
                manifest = left_alone(manifest, live, request.ignore_changes, manager)
        if request.preview:
            return State(request.id, self._tried(manifest, manager, is_new=False))
        kind = self._kind(manifest)
        live = self.cluster.apply(kind, manifest, manager)
        if before != manager:
            live = self.cluster.give_up(kind, live, before)
        return self._ready(kind, live, manager, request.timeout)

    def read(self, request: ReadRequest) -> State | None:
        """The object as the API server has it.

        Raises:
            PartialError: It is there, and no longer works; the engine warns of it, and the next
                update waits for it.
        """
        found = self._placed(request, request.id, request.inputs)
        if found is None:
            # with its kind every object of it is gone
            return None
        kind, namespace, name = found
        live = self.cluster.api.find(kind.path(namespace, name))
        if live is None:
            return None
        manager = _manager(request.inputs, request, request.outputs)
        inputs = with_secrets(as_inputs(live, request.inputs, manager))
        state = State(object_id(namespace, name), as_output(live, manager), inputs)
        lack = unhealthy(live, self.cluster.api.find) if request.inputs else None
        if lack is not None:
            raise PartialError(state, [f"{kind.kind} {state.id} is not ready: {lack.text}"])
        return state

    def delete(self, request: DeleteRequest) -> None:
        """Delete the object and wait until it is gone."""
        found = self._placed(request, request.id, request.old_inputs)
        if found is not None:
            self.cluster.delete(*found, request.old_inputs, request.timeout)

    def _placed(
        self, request: Request, identifier: str, inputs: Properties
    ) -> tuple[ResourceKind, str | None, str] | None:
        """Kind, namespace and name; None when the API server does not know the kind."""
        token = parse_token(request.type)
        version = str(inputs.get("apiVersion") or token.api_version)
        try:
            kind = self.cluster.discovery.find(version, token.kind)
        except UnknownKindError:
            return None
        namespace, name = split_id(identifier)
        if not kind.namespaced:
            return kind, None, name
        return kind, namespace or self.cluster.default_namespace, name

    def _kind(self, manifest: Mapping[str, Any], *, wait: float = 0.0) -> ResourceKind:
        return self.cluster.discovery.find(
            str(manifest["apiVersion"]), str(manifest["kind"]), wait=wait
        )

    def _refuse_existing(self, kind: ResourceKind, manifest: Manifest) -> None:
        if not self.cluster.upsert and self.cluster.find(kind, manifest) is not None:
            raise _stands_already(kind, *self.cluster.place(kind, manifest))

    def _made(self, kind: ResourceKind, manifest: Manifest, manager: str) -> Manifest:
        """Apply a new object; one that stands although the answer was lost is this resource's.

        Raises:
            PartialError: It may stand, and looking for it failed as well. Its name says which it
                would be, so the engine keeps it: it is read, updated or deleted by that.
        """
        try:
            return self.cluster.apply(kind, manifest, manager)
        except (ApiError, UnreachableError) as error:
            if not error.lost:
                raise
            failure = error
        try:
            with last_look():
                live = self.cluster.find(kind, manifest)
        except ProviderError as error:
            reason = f"{failure}; it may have been made, and looking for it failed: {error}"
            state = State(object_id(*self.cluster.place(kind, manifest)), with_secrets(manifest))
            raise PartialError(state, [reason]) from None
        if live is None or not is_applied_by(live, manager):
            raise failure
        return live

    def _tried(self, manifest: Manifest, manager: str, *, is_new: bool) -> Manifest:
        """What the API server would make of it; the manifest itself where it cannot tell yet."""
        if has_unknown(manifest):
            return with_secrets(manifest)
        try:
            kind = self._kind(manifest)
        except UnknownKindError:
            return with_secrets(manifest)
        tried = manifest
        if is_new and not self.cluster.upsert:
            standing = self.cluster.find(kind, manifest)
            if standing is not None and not is_applied_by(standing, manager):
                raise _stands_already(kind, *self.cluster.place(kind, manifest))
            if standing is not None:
                # it will have been deleted when this one is made
                tried = _renamed(manifest, kind)
        try:
            live = self._try(kind, tried, manifest, manager)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            self._try_elsewhere(kind, manifest, manager)
            return with_secrets(manifest)
        return _as_planned(as_output(live, manager), metadata(manifest)["name"])

    def _try(
        self, kind: ResourceKind, tried: Manifest, manifest: Manifest, manager: str
    ) -> Manifest:
        """A dry run of `tried`; its errors speak of `manifest`, for which it stands."""
        try:
            return self.cluster.apply(kind, tried, manager, dry_run=True)
        except ApiError as error:
            raise error.about(metadata(tried)["name"], metadata(manifest)["name"]) from None

    def _try_elsewhere(self, kind: ResourceKind, manifest: Manifest, manager: str) -> None:
        """Have the schema checked although the namespace is still to be made."""
        if not kind.namespaced:
            return
        there = {**manifest, "metadata": {**metadata(manifest), "namespace": TRIAL_ROOM}}
        try:
            self._try(kind, _renamed(there, kind), manifest, manager)
        except ApiError as error:
            # anything else may be due to the other namespace
            if error.status in WRONG or SCHEMA in str(error):
                raise

    def _ready(self, kind: ResourceKind, live: Manifest, manager: str, timeout: float) -> State:
        try:
            live, lacks = self.cluster.wait_ready(kind, live, timeout)
        except (ApiError, UnreachableError) as error:
            lacks = f"whether it is could not be read: {error}"
        namespace, name = self.cluster.place(kind, live)
        state = State(object_id(namespace, name), as_output(live, manager))
        if lacks:
            raise PartialError(state, [f"{kind.kind} {state.id} is not ready: {lacks}"])
        return state


def _manager(inputs: Properties, request: Request, outputs: Properties) -> str:
    """The manager that the program names, or the one of the last run, or the resource's own."""
    named = annotations(inputs).get(FIELD_MANAGER)
    known = outputs.get("__fieldManager") or field_manager(request.urn)
    return str(known if named is None or named is UNKNOWN else named)


def _stands_already(kind: ResourceKind, namespace: str | None, name: str) -> ProviderError:
    identifier = object_id(namespace, name)
    return ProviderError(
        f"{kind.kind} {identifier} stands already and is not this resource's. Import it with the "
        f"id {identifier!r}, choose another name, or let the provider take it over with "
        "upsertExistingObjects"
    )


def _renamed(manifest: Manifest, kind: ResourceKind) -> Manifest:
    """The same under a name that nothing has; kinds whose name says what they are keep theirs."""
    if kind.kind in {"CustomResourceDefinition", "APIService"}:
        return manifest
    name = str(metadata(manifest)["name"])
    other = f"preview-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return {**manifest, "metadata": {**metadata(manifest), "name": other}}


def _as_planned(tried: Manifest, name: str) -> Manifest:
    """The answer to a dry run without what it invents: the object that is made gets others."""
    given = {k: v for k, v in metadata(tried).items() if k not in {"uid", "creationTimestamp"}}
    return {**tried, "metadata": {**given, "name": name}}
