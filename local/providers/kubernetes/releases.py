"""``helm.sh/v3:Release``: recorded as Helm itself records it, not rendered."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from local import patience
from local.cluster.crds import crds_for
from local.errors import LocalCloudError
from local.providers.diff import Path, Rule, diff_inputs
from local.providers.kubernetes import helm_storage
from local.providers.kubernetes.api import ApiError, UnreachableError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import ResourceKind
from local.providers.kubernetes.helm_storage import Release
from local.providers.kubernetes.objects import labels, object_id, split_id
from local.providers.kubernetes.release_properties import (
    chart_of,
    other_inputs,
    recorded_inputs,
    recorded_outputs,
)
from local.providers.kubernetes.trees import mappings
from local.providers.model import (
    Checked,
    CheckFailure,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    PartialError,
    ProviderError,
    ReadRequest,
    State,
    UpdateRequest,
)

TYPE = "kubernetes:helm.sh/v3:Release"
MANAGER = "helm"
CRD_MANAGER = "llm-platform-crds"
OWNER_LABEL = "llm-platform.dev/crds-of"
LONGEST_NAME = 53
KEPT_REVISIONS = 10
CRD_SECONDS = 120.0
AT_ONCE = 4
"""CRDs that are installed or removed at the same time, whatever releases they are of: the API
server is busy with each, and many at once take it longer than one after the other."""

_TURNS = threading.BoundedSemaphore(AT_ONCE)

KNOWN = frozenset(
    {
        "allowNullValues", "atomic", "chart", "cleanupOnFail", "compat", "createNamespace",
        "dependencyUpdate", "description", "disableCRDHooks", "disableOpenapiValidation",
        "disableWebhooks", "forceUpdate", "lint", "maxHistory", "name", "namespace",
        "recreatePods", "renderSubchartNotes", "replace", "repositoryOpts", "resetValues",
        "resourceNames", "reuseValues", "skipAwait", "skipCrds", "takeOwnership", "timeout",
        "values", "verify", "version", "waitForJobs",
    }
)  # fmt: skip
FIXED = {("name",), ("namespace",)}
SECRETS = ResourceKind("v1", "Secret", "secrets", namespaced=True)
NAMESPACES = ResourceKind("v1", "Namespace", "namespaces", namespaced=False)
DEFINITIONS = ResourceKind(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
)


def check(request: CheckRequest, default_namespace: str) -> Checked:
    """Fill in name and namespace; refuse what would not be obeyed."""
    inputs = dict(request.inputs)
    inputs.setdefault("namespace", default_namespace)
    if inputs.get("name") is None:
        suffix = request.random_seed.hex()[:8]
        inputs["name"] = request.old_inputs.get("name") or f"{request.name.lower()}-{suffix}"
    failures = [
        CheckFailure(key, f"input {key!r} is not handled by the local stand-in")
        for key in sorted(set(inputs) - KNOWN)
        if not key.startswith("__")
    ]
    name, version = inputs["name"], inputs.get("version")
    if isinstance(name, str) and len(name) > LONGEST_NAME:
        reason = f"{name!r} has {len(name)} characters; Helm allows {LONGEST_NAME}"
        failures.append(CheckFailure("name", reason))
    if version is None:
        failures.append(CheckFailure("version", "is missing; a chart is pinned here"))
    return Checked(inputs, failures)


def diff(request: DiffRequest) -> Diff:
    """A release is updated in place, unless it moves."""

    def rule(path: Path) -> Rule:
        return Rule(replace=path in FIXED)

    return diff_inputs(
        request.old_inputs, request.inputs, rule, request.ignore_changes, delete_before_replace=True
    )


@dataclass(frozen=True)
class Releases:
    """The operations, on one cluster."""

    cluster: Cluster

    def create(self, request: CreateRequest) -> State:
        """Record the first revision and install the CRDs at hand."""
        inputs = request.inputs
        if request.preview:
            return State("", dict(inputs))
        now = _now()
        release = Release(
            name=inputs["name"],
            namespace=inputs["namespace"],
            revision=1,
            chart=chart_of(inputs),
            version=str(inputs["version"]),
            values=inputs.get("values") or {},
            inputs=other_inputs(inputs),
            crds=(),
            first=now,
            last=now,
        )
        if inputs.get("createNamespace"):
            self.make_namespace(release.namespace)
        self._record(release)
        return self._with_crds(release, inputs)

    def update(self, request: UpdateRequest) -> State:
        """Record the next revision."""
        inputs = request.inputs
        if request.preview:
            return State(request.id, {**request.old_outputs, **inputs})
        old = self._newest(*split_id(request.id))
        if old is None:
            raise ProviderError(f"release {request.id} is gone; refresh the stack")
        release = replace(
            old,
            revision=old.revision + 1,
            chart=chart_of(inputs),
            version=str(inputs["version"]),
            values=inputs.get("values") or {},
            inputs=other_inputs(inputs),
            last=_now(),
        )
        self._record(release)
        self._forget_old(release)
        return self._with_crds(release, inputs)

    def read(self, request: ReadRequest) -> State | None:
        """The newest revision, as Helm's record has it."""
        release = self._newest(*split_id(request.id))
        if release is None:
            return None
        inputs = recorded_inputs(release)
        if "values" in request.inputs:
            inputs.setdefault("values", {})
        return State(request.id, {**inputs, **recorded_outputs(release)}, inputs)

    def delete(self, request: DeleteRequest) -> None:
        """Forget every revision and remove the CRDs that were installed for it."""
        namespace, name = split_id(request.id)
        release = self._newest(namespace, name)
        if release is None:
            return
        with ThreadPoolExecutor(AT_ONCE) as pool:
            left = [
                pool.submit(copy_context().run, self._remove_crd, name, release, request.timeout)
                for name in release.crds
            ]
        for each in left:
            each.result()
        for record in self._records(namespace, name):
            self._forget(record)

    def _remove_crd(self, name: str, release: Release, timeout: float) -> None:
        """Remove a CRD, unless another release has taken it over since."""
        with _TURNS:
            live = self.cluster.api.find_metadata(DEFINITIONS.path(None, name))
            if live is not None and labels(live).get(OWNER_LABEL) == owner_of(
                release.namespace, release.name
            ):
                self.cluster.delete(DEFINITIONS, None, name, {}, timeout)

    def make_namespace(self, name: str) -> None:
        """Make a namespace, unless it is there."""
        if self.cluster.api.find(NAMESPACES.path(None, name)) is None:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            try:
                self.cluster.api.request("POST", "/api/v1/namespaces", body=body)
            except (ApiError, UnreachableError) as error:
                taken = isinstance(error, ApiError) and error.status == HTTPStatus.CONFLICT
                if not taken and not (error.lost and self._stands(NAMESPACES.path(None, name))):
                    raise

    def _record(self, release: Release) -> None:
        path = f"/api/v1/namespaces/{release.namespace}/secrets"
        query = {"fieldManager": MANAGER}
        secret = helm_storage.to_secret(release)
        try:
            self.cluster.api.request("POST", path, query=query, body=secret)
        except (ApiError, UnreachableError) as error:
            if error.lost and self._is_recorded(release, secret, error):
                return
            if not isinstance(error, ApiError) or error.status != HTTPStatus.CONFLICT:
                raise
            raise ProviderError(
                f"release {release.namespace}/{release.name} stands already (revision "
                f"{release.revision}); import it or choose another name"
            ) from None

    def _is_recorded(
        self, release: Release, secret: Mapping[str, Any], failure: ProviderError
    ) -> bool:
        """Whether a record was made although the answer was lost; its times are its own."""
        try:
            found = self._stands(SECRETS.path(release.namespace, secret["metadata"]["name"]))
        except ProviderError as error:
            reason = f"{failure}; it may have been recorded, and looking for it failed: {error}"
            state = State(object_id(release.namespace, release.name), recorded_inputs(release))
            raise PartialError(state, [reason]) from None
        return found is not None and found.get("data") == secret["data"]

    def _stands(self, path: str) -> Mapping[str, Any] | None:
        with patience.last_look():
            return self.cluster.api.find(path)

    def _forget_old(self, release: Release) -> None:
        most = int(release.inputs.get("maxHistory", KEPT_REVISIONS))
        for record in self._records(release.namespace, release.name):
            if most and record.revision <= release.revision - most:
                self._forget(record)

    def _forget(self, record: Release) -> None:
        name = helm_storage.secret_name(record.name, record.revision)
        self.cluster.delete(SECRETS, record.namespace, name, {}, 0)

    def _records(self, namespace: str | None, name: str) -> list[Release]:
        path = f"/api/v1/namespaces/{namespace}/secrets"
        found = self.cluster.api.get(path, labelSelector=f"owner=helm,name={name}")
        try:
            return [helm_storage.from_secret(each) for each in mappings(found.get("items"))]
        except ValueError as error:
            raise ProviderError(f"release {object_id(namespace, name)}: {error}") from None

    def _newest(self, namespace: str | None, name: str) -> Release | None:
        records = self._records(namespace, name)
        return max(records, key=lambda each: each.revision, default=None)

    def _with_crds(self, release: Release, inputs: Mapping[str, Any]) -> State:
        state = State(
            object_id(release.namespace, release.name), {**inputs, **recorded_outputs(release)}
        )
        if inputs.get("skipCrds"):
            return state
        try:
            names = self._install_crds(release)
            if set(names) != set(release.crds):
                self._note_crds(release, names)
        except (LocalCloudError, ProviderError, patience.StoppedError) as error:
            raise PartialError(state, [f"its CRDs could not be installed: {error}"]) from None
        return state

    def _note_crds(self, release: Release, names: list[str]) -> None:
        noted = helm_storage.to_secret(replace(release, crds=tuple(names)))
        path = SECRETS.path(release.namespace, noted["metadata"]["name"])
        self.cluster.api.apply(path, noted, MANAGER, force=True, dry_run=False)

    def _install_crds(self, release: Release) -> list[str]:
        crds = crds_for(release.chart, release.version).manifests
        with ThreadPoolExecutor(AT_ONCE) as pool:
            coming = [
                pool.submit(
                    copy_context().run,
                    self.install_crd,
                    crd,
                    owner_of(release.namespace, release.name),
                )
                for crd in crds
            ]
        return [each.result() for each in coming]

    def install_crd(self, crd: Mapping[str, Any], owner: str) -> str:
        """Install a CRD for `owner`, see `owner_of`, and wait for its kind; returns its name.

        Raises:
            ProviderError: The API server refuses it, or its kind does not come about.
        """
        owned = {**labels(crd), OWNER_LABEL: owner}
        manifest = {**crd, "metadata": {**crd["metadata"], "labels": owned}}
        with _TURNS:
            live = self.cluster.apply(DEFINITIONS, manifest, CRD_MANAGER)
            _, lacks = self.cluster.wait_ready(DEFINITIONS, live, CRD_SECONDS)
        name = str(crd["metadata"]["name"])
        if lacks:
            raise ProviderError(f"CRD {name}: {lacks}")
        return name


def owner_of(namespace: str, name: str) -> str:
    """Value of `OWNER_LABEL` for a release."""
    return f"{namespace}.{name}"


def _now() -> str:
    return datetime.now(UTC).isoformat()
