"""The `kubernetes` package: provider configuration, and which handler answers."""

import json
from pathlib import Path

from local.providers import diff
from local.providers.diff import Rule, diff_inputs
from local.providers.kubernetes import manifests, releases
from local.providers.kubernetes.access import Access, read_kubeconfig
from local.providers.kubernetes.api import Api, UnreachableError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import Discovery
from local.providers.kubernetes.live import LiveCluster, live_cluster
from local.providers.kubernetes.manifests import Manifests
from local.providers.kubernetes.releases import Releases
from local.providers.kubernetes.releases_live import LiveReleases
from local.providers.model import (
    Checked,
    CheckFailure,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    Package,
    Properties,
    ProviderError,
    ReadRequest,
    Session,
    State,
    UpdateRequest,
)
from local.providers.values import UNKNOWN

HANDLED = frozenset(
    {
        "clusterIdentifier",
        "context",
        "deleteUnreachable",
        "enableConfigMapMutable",
        "enablePatchForce",
        "enableSecretMutable",
        "enableServerSideApply",
        "kubeconfig",
        "namespace",
        "skipUpdateUnreachable",
        "suppressDeprecationWarnings",
        "suppressHelmHookWarnings",
        "upsertExistingObjects",
        "version",
        "pluginDownloadURL",
    }
)
REFUSED = ("kubernetes:helm.sh/v4:", "kubernetes:yaml", "kubernetes:kustomize")


class KubernetesPackage(Package):
    """Every built-in kind, custom resources, and Helm releases.

    Releases are recorded; on a cloud with a node they are installed.

    Args:
        folder: Folder of the cloud; None when there is none.
    """

    name = "kubernetes"
    version = "4.34.2"

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def handled_types(self) -> frozenset[str]:
        """Helm's type; every kind of object is handled besides, see `handles`."""
        return frozenset({releases.TYPE})

    def handles(self, token: str) -> bool:
        """Whether a type is handled."""
        kind = token.rpartition(":")[2]
        return not token.startswith(REFUSED) and not kind.endswith(("Patch", "List"))

    def check_config(self, config: Properties) -> list[CheckFailure]:
        """Refuse what would silently not be obeyed."""
        failures = [
            CheckFailure(key, f"provider input {key!r} is not handled by the local stand-in")
            for key in sorted(set(config) - HANDLED)
            if not key.startswith("__")
        ]
        if config.get("enableServerSideApply") in (False, "false"):
            reason = "client-side apply is not handled by the local stand-in"
            failures.append(CheckFailure("enableServerSideApply", reason))
        return failures

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """Another cluster replaces the provider, and with it every object.

        With a `clusterIdentifier` only another one of these is another cluster. Without, it is
        one with another address or authority; a changed user or one that is not known yet is
        none, as the official provider has it.
        """
        moves = "clusterIdentifier" not in new and _is_elsewhere(old, new)

        def rule(path: diff.Path) -> Rule:
            return Rule(
                replace=path == ("clusterIdentifier",)
                or (moves and path in {("kubeconfig",), ("context",)})
            )

        return diff_inputs(old, new, rule)

    def configure(self, config: Properties) -> Session:
        """A session with the cluster; without one while the kubeconfig is not known yet."""
        namespace = str(config.get("namespace") or "default")
        if config.get("kubeconfig") is UNKNOWN:
            return KubernetesSession(None, namespace)
        access = _access(config)
        api = Api(access)
        cluster = Cluster(
            api,
            Discovery(api),
            force=_is_true(config, "enablePatchForce"),
            default_namespace=namespace,
            upsert=_is_true(config, "upsertExistingObjects"),
        )
        return KubernetesSession(
            cluster,
            namespace,
            live=live_cluster(self._folder, access, cluster),
            delete_unreachable=_is_true(config, "deleteUnreachable"),
            skip_unreachable=_is_true(config, "skipUpdateUnreachable"),
        )


class KubernetesSession(Session):
    """One cluster, or the wait for one."""

    def __init__(
        self,
        cluster: Cluster | None,
        namespace: str,
        *,
        live: LiveCluster | None = None,
        delete_unreachable: bool = False,
        skip_unreachable: bool = False,
    ) -> None:
        self._known = cluster
        self._namespace = namespace
        self._live = live
        self._delete_unreachable = delete_unreachable
        self._skip_unreachable = skip_unreachable

    def check(self, request: CheckRequest) -> Checked:
        """See the handlers."""
        if not KubernetesPackage().handles(request.type):
            raise ProviderError(f"type {request.type} is not handled by the local stand-in")
        if request.type == releases.TYPE:
            return releases.check(request, self._namespace)
        return manifests.check(request)

    def diff(self, request: DiffRequest) -> Diff:
        """See the handlers."""
        if request.type == releases.TYPE:
            return releases.diff(request)
        return manifests.diff(request, self._namespace)

    def create(self, request: CreateRequest) -> State:
        """See the handlers; without a cluster a preview answers with the inputs."""
        if self._known is None and request.preview:
            return State("", dict(request.inputs))
        return self._handler(request.type).create(request)

    def update(self, request: UpdateRequest) -> State:
        """See the handlers; without a cluster a preview answers with the inputs."""
        if self._known is None and request.preview:
            return State(request.id, {**request.old_outputs, **request.inputs})
        try:
            return self._handler(request.type).update(request)
        except UnreachableError:
            if not self._skip_unreachable:
                raise
            return State(request.id, request.old_outputs)

    def read(self, request: ReadRequest) -> State | None:
        """See the handlers; with deleteUnreachable what cannot be reached counts as gone."""
        try:
            return self._handler(request.type).read(request)
        except UnreachableError:
            if self._delete_unreachable:
                return None
            if not self._skip_unreachable:
                raise
            return State(request.id, request.outputs, request.inputs)

    def delete(self, request: DeleteRequest) -> None:
        """See the handlers."""
        try:
            self._handler(request.type).delete(request)
        except UnreachableError as error:
            if not self._delete_unreachable:
                raise ProviderError(
                    f"{error}; if the cluster is gone for good, set the provider's "
                    "deleteUnreachable"
                ) from None

    def _handler(self, token: str) -> Manifests | Releases | LiveReleases:
        if self._known is None:
            raise ProviderError("the kubeconfig of the provider is not known")
        if token != releases.TYPE:
            return Manifests(self._known)
        return LiveReleases(self._live) if self._live else Releases(self._known)


def _access(config: Properties) -> Access:
    """Access by the kubeconfig that is given: its text, an object, or the path of a file."""
    given = config.get("kubeconfig")
    if isinstance(given, dict):
        given = json.dumps(given)
    if not isinstance(given, str) or not given.strip():
        raise ProviderError(
            "no kubeconfig is given; the local stand-in does not look for one elsewhere"
        )
    if "\n" not in given and "{" not in given:
        try:
            given = Path(given).expanduser().read_text()
        except OSError as error:
            raise ProviderError(f"the kubeconfig cannot be read: {error}") from None
    context = config.get("context")
    return read_kubeconfig(given, str(context) if context else None)


def _is_elsewhere(old: Properties, new: Properties) -> bool:
    if UNKNOWN in (old.get("kubeconfig"), new.get("kubeconfig")):
        return False
    try:
        before, after = _access(old), _access(new)
    except ProviderError:
        # what cannot be read cannot be the same; the error comes with the next use
        return True
    return (before.server, before.authority) != (after.server, after.authority)


def _is_true(config: Properties, name: str) -> bool:
    """Provider inputs that are no strings travel as JSON text."""
    return config.get(name) in (True, "true")
