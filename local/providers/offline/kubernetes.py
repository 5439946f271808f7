"""The `kubernetes` stand-in without an API server."""

from local.providers.kubernetes.package import KubernetesPackage, KubernetesSession
from local.providers.model import Properties
from local.providers.offline.planning import PlanSession


class OfflineKubernetesSession(PlanSession, KubernetesSession):
    """Plans without an API server."""


class OfflineKubernetesPackage(KubernetesPackage):
    """`kubernetes`, planned without an API server, also where the kubeconfig is known."""

    def configure(self, config: Properties) -> OfflineKubernetesSession:
        """A session that plans."""
        return OfflineKubernetesSession(None, str(config.get("namespace") or "default"))
