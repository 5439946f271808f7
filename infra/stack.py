"""The platform, layer by layer. Read it as a table of contents.

Order of creation, and the other way round of destruction: network, cluster (control plane,
CNI, Pod Identity, system nodes, add-ons that need nodes), GPU pools, custom resource
definitions, operators, our custom resources, workloads.
"""

import pulumi
import pulumi_kubernetes as kubernetes
from llm_platform import (
    Cluster,
    CostBudget,
    GpuNodePool,
    ModelStore,
    Network,
    read_model_repository,
)

from infra import arguments
from infra.settings import Settings
from local.paths import REPOSITORY


class Platform:
    """One environment, as its settings say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tags = {**arguments.cost_tags(settings)}
        # network
        self.network = Network("network", arguments.network_args(settings))
        # cluster, with what must be there before and after its first nodes
        self.cluster = self._cluster()
        # GPU pools
        self.gpu_pools = {pool.name: self._gpu_pool(pool.name) for pool in settings.gpu_pools}
        # models
        self.models = self._model_store()
        # cost
        budget = arguments.budget_args(settings)
        self.budget = CostBudget("budget", budget) if budget else None
        self.kubernetes = kubernetes.Provider(
            "kubernetes",
            kubeconfig=self.cluster.kubeconfig,
            cluster_identifier=arguments.cluster_name(settings),
        )

    def outputs(self) -> dict[str, pulumi.Output[str]]:
        """What another stack or a person needs to reach this environment."""
        return {
            "clusterName": self.cluster.cluster_name,
            "clusterEndpoint": self.cluster.endpoint,
            "kubeconfig": self.cluster.kubeconfig,
            "modelRepository": self.models.uri,
            "modelRepositoryDigest": self.models.repository_digest,
        }

    def _cluster(self) -> Cluster:
        return Cluster(
            "cluster",
            {
                **arguments.cluster_args(self._settings),
                "vpc_id": self.network.vpc_id,
                "subnet_ids": self.network.private_subnet_ids,
            },
        )

    def _gpu_pool(self, name: str) -> GpuNodePool:
        pool = next(each for each in self._settings.gpu_pools if each.name == name)
        return GpuNodePool(
            f"gpu-{name}",
            {
                **arguments.gpu_pool_args(self._settings, pool),
                "cluster_name": self.cluster.cluster_name,
                "subnet_ids": self.network.private_subnet_ids,
                "kubernetes_version": self.cluster.version,
            },
        )

    def _model_store(self) -> ModelStore:
        return ModelStore(
            "models",
            {
                "files": read_model_repository(REPOSITORY / "model_repo"),
                "noncurrent_days": self._settings.models.noncurrent_version_days,
                "tags": {**self._tags},
            },
        )
