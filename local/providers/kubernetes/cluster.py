"""One API server as the handlers use it: apply, wait, delete."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from local import patience
from local.providers.kubernetes import removal
from local.providers.kubernetes.api import Api, ApiError
from local.providers.kubernetes.discovery import Discovery, ResourceKind
from local.providers.kubernetes.objects import FORCE, Manifest, is_annotated, metadata
from local.providers.kubernetes.ownership import after_takeover
from local.providers.kubernetes.readiness import Lack, missing
from local.providers.kubernetes.waiting import seconds
from local.providers.model import ProviderError

DEFAULT_WAIT_SECONDS = 600.0
FIRST_POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 2.0
TAKEOVER_ATTEMPTS = 3
JSON_PATCH = "application/json-patch+json"

REMEDIES = (
    "Remove the field from the program, take it over with the annotation "
    f"{FORCE}: 'true' (or the provider's enablePatchForce), or leave it to the other with "
    "ignoreChanges."
)


@dataclass(frozen=True)
class Cluster:
    """An API server with its kinds.

    Attributes:
        force: Whether fields that others own are taken over everywhere.
        default_namespace: Where namespaced objects go that name no namespace.
        upsert: Whether creating an object that stands already takes it over.
    """

    api: Api
    discovery: Discovery
    force: bool
    default_namespace: str
    upsert: bool = False

    def place(self, kind: ResourceKind, manifest: Mapping[str, Any]) -> tuple[str | None, str]:
        """Namespace and name of an object."""
        given = metadata(manifest)
        name = given.get("name")
        if not isinstance(name, str):
            raise ProviderError("metadata.name is missing")
        if not kind.namespaced:
            return None, name
        return str(given.get("namespace") or self.default_namespace), name

    def find(self, kind: ResourceKind, manifest: Mapping[str, Any]) -> Manifest | None:
        """The object as it stands now, if it does."""
        return self.api.find(kind.path(*self.place(kind, manifest)))

    def apply(
        self, kind: ResourceKind, manifest: Manifest, manager: str, *, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply.

        Raises:
            ProviderError: Refused; a conflict names field, owner and what can be done.
        """
        namespace, name = self.place(kind, manifest)
        body = manifest
        if namespace is not None:
            body = {**manifest, "metadata": {**metadata(manifest), "namespace": namespace}}
        force = self.force or is_annotated(manifest, FORCE)
        try:
            return self.api.apply(
                kind.path(namespace, name), body, manager, force=force, dry_run=dry_run
            )
        except ApiError as error:
            if error.status != HTTPStatus.CONFLICT or not error.causes:
                raise
            taken = "; ".join(f"{field}: {message}" for field, message in error.causes)
            raise ProviderError(f"fields belong to another manager: {taken}. {REMEDIES}") from None

    def take_over(self, kind: ResourceKind, live: Manifest, manager: str) -> Manifest:
        """Make `manager` the owner of what people set with kubectl, as the official provider does.

        What they set and the program does not set goes with the next apply.
        """
        path = kind.path(*self.place(kind, live))
        for _ in range(TAKEOVER_ATTEMPTS):
            entries = after_takeover(live, manager)
            if entries is None:
                return live
            version = metadata(live).get("resourceVersion")
            patch = [
                {"op": "test", "path": "/metadata/resourceVersion", "value": version},
                {"op": "replace", "path": "/metadata/managedFields", "value": entries},
            ]
            try:
                return self.api.request("PATCH", path, body=patch, content_type=JSON_PATCH)
            except ApiError as error:
                # somebody else wrote the object meanwhile
                if error.status not in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}:
                    raise
            found = self.api.find(path)
            if found is None:
                return live
            live = found
        return live

    def give_up(self, kind: ResourceKind, live: Manifest, manager: str) -> Manifest:
        """Have `manager` own nothing of the object any more."""
        names = {key: metadata(live)[key] for key in ("name", "namespace") if key in metadata(live)}
        body = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": names}
        path = kind.path(*self.place(kind, live))
        return self.api.apply(path, body, manager, force=False, dry_run=False)

    def wait_ready(
        self, kind: ResourceKind, live: Manifest, timeout: float
    ) -> tuple[Manifest, str]:
        """Wait until an object is ready.

        Returns:
            The object as it is then, and what it still lacks when the time is up, when waiting
            will not help, or when the request was told to end.
        """
        namespace, name = self.place(kind, live)
        deadline = time.monotonic() + seconds(live, timeout, DEFAULT_WAIT_SECONDS)
        pause = FIRST_POLL_SECONDS
        while True:
            lack = missing(live, self.api.find)
            if lack is None:
                return live, ""
            left = deadline - time.monotonic()
            if lack.is_final or left <= 0:
                return live, _told(lack, live)
            try:
                patience.pause(min(pause, left))
            except patience.StoppedError as error:
                return live, f"{_told(lack, live)}; {error}"
            pause = min(pause * 2, LONGEST_POLL_SECONDS)
            found = self.api.find(kind.path(namespace, name))
            if found is None:
                return live, "it was deleted while it was waited for"
            live = found

    def delete(
        self, kind: ResourceKind, namespace: str | None, name: str, given: Mapping[str, Any],
        timeout: float,
    ) -> None:  # fmt: skip
        """Delete an object and wait until it is gone; see :func:`removal.remove`."""
        removal.remove(self.api, kind, kind.path(namespace, name), given, timeout)


def _told(lack: Lack, live: Manifest) -> str:
    held = metadata(live).get("deletionTimestamp")
    return f"{lack.text}; somebody is deleting it" if held else lack.text
