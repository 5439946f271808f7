"""The `kubernetes` package: provider configuration, and which handler answers."""

import json
from typing import Any

from local.providers.diff import Rule, diff_inputs
from local.providers.kubernetes import manifests, releases
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api, UnreachableError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import Discovery
from local.providers.kubernetes.manifests import Manifests
from local.providers.kubernetes.releases import Releases
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
    """Every built-in kind, custom resources, and Helm releases (recorded)."""

    name = "kubernetes"
    version = "4.34.2"

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
        """Another cluster replaces the provider; a changed kubeconfig alone need not be one."""
        named = "clusterIdentifier" in new
        return diff_inputs(
            old,
            new,
            lambda path: Rule(
                replace=path == ("clusterIdentifier",) or (path == ("kubeconfig",) and not named)
            ),
        )

    def configure(self, config: Properties) -> Session:
        """A session with the cluster; without one while the kubeconfig is not known yet."""
        kubeconfig = config.get("kubeconfig")
        namespace = str(config.get("namespace") or "default")
        if kubeconfig is UNKNOWN:
            return KubernetesSession(None, namespace)
        if not isinstance(kubeconfig, str):
            if not isinstance(kubeconfig, dict):
                raise ProviderError(
                    "no kubeconfig is given; the local stand-in does not look for one elsewhere"
                )
            kubeconfig = json.dumps(kubeconfig)
        api = Api(read_kubeconfig(kubeconfig, config.get("context")))
        cluster = Cluster(api, Discovery(api), _is_true(config, "enablePatchForce"), namespace)
        return KubernetesSession(
            cluster,
            namespace,
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
        delete_unreachable: bool = False,
        skip_unreachable: bool = False,
    ) -> None:
        self._known = cluster
        self._namespace = namespace
        self._delete_unreachable = delete_unreachable
        self._skip_unreachable = skip_unreachable

    def check(self, request: CheckRequest) -> Checked:
        """See the handlers."""
        if not KubernetesPackage().handles(request.type):
            raise ProviderError(f"type {request.type} is not handled by the local stand-in")
        handler: Any = releases if request.type == releases.TYPE else manifests
        return handler.check(request, self._namespace)

    def diff(self, request: DiffRequest) -> Diff:
        """See the handlers."""
        return releases.diff(request) if request.type == releases.TYPE else manifests.diff(request)

    def create(self, request: CreateRequest) -> State:
        """See the handlers; without a cluster a preview answers with the inputs."""
        if self._known is None and request.preview:
            return State("", dict(request.inputs))
        return self._handler(request.type).create(request)

    def update(self, request: UpdateRequest) -> State:
        """See the handlers; without a cluster a preview answers with the inputs."""
        if self._known is None and request.preview:
            return State(request.id, {**request.old_outputs, **request.inputs})
        return self._handler(request.type).update(request)

    def read(self, request: ReadRequest) -> State | None:
        """See the handlers."""
        try:
            return self._handler(request.type).read(request)
        except UnreachableError:
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

    def _handler(self, token: str) -> Manifests | Releases:
        if self._known is None:
            raise ProviderError("the kubeconfig of the provider is not known")
        return Releases(self._known) if token == releases.TYPE else Manifests(self._known)


def _is_true(config: Properties, name: str) -> bool:
    """Provider inputs that are no strings travel as JSON text."""
    return config.get(name) in (True, "true")
