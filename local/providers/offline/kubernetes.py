"""The `kubernetes` stand-in without an API server."""

from local.providers.kubernetes.package import KubernetesPackage, KubernetesSession
from local.providers.model import (
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    Properties,
    ReadRequest,
    State,
    UpdateRequest,
)
from local.providers.offline.aws import refusal
from local.providers.offline.masked import aligned


class OfflineKubernetesSession(KubernetesSession):
    """Checks and compares as ever; plans creations and updates; does nothing else."""

    def diff(self, request: DiffRequest) -> Diff:
        """Compare inputs; what is masked in an exported state counts as unchanged."""
        return super().diff(aligned(request))

    def create(self, request: CreateRequest) -> State:
        """Plan a creation."""
        if not request.preview:
            raise refusal("creates")
        return super().create(request)

    def update(self, request: UpdateRequest) -> State:
        """Plan an update."""
        if not request.preview:
            raise refusal("updates")
        return super().update(aligned(request))

    def read(self, request: ReadRequest) -> State | None:
        """Refuse: there is nothing to read."""
        raise refusal("reads")

    def delete(self, request: DeleteRequest) -> None:
        """Refuse: a plan deletes nothing."""
        raise refusal("deletes")


class OfflineKubernetesPackage(KubernetesPackage):
    """`kubernetes`, planned without an API server, also where the kubeconfig is known."""

    def configure(self, config: Properties) -> OfflineKubernetesSession:
        """A session that plans."""
        return OfflineKubernetesSession(None, str(config.get("namespace") or "default"))
