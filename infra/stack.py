"""The platform, layer by layer. Read it as a table of contents.

What stands here in order is made in order, and deleted the other way round. The order is
carried by outputs: a component's name or namespace is known once the component works, so
whatever uses it comes after.
"""

import pulumi
import pulumi_kubernetes as kubernetes

from infra import arguments
from infra.addons import AddonLayers
from infra.settings import GpuPool, Service, Settings, Tenant
from llm_platform import (
    Cluster,
    ClusterDefaults,
    CostBudget,
    GpuNodePool,
    LlmService,
    ModelStore,
    Network,
    PrivateBucket,
    ServingGateway,
    TenantNamespace,
    TritonRuntime,
    read_model_repository,
)
from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import Layer
from llm_platform.aws.account import current_account
from local.paths import REPOSITORY


class Platform:
    """One environment, as its settings say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tags = {**arguments.cost_tags(settings)}

        # network
        self.network = Network("network", arguments.network_args(settings))

        # cluster: control plane, CNI, Pod Identity, system nodes, add-ons that need nodes
        self.cluster = self._cluster()
        self._in_cluster = pulumi.ResourceOptions(provider=self._kubernetes())

        # GPU pools
        self.gpu_pools = [self._gpu_pool(pool) for pool in settings.gpu_pools]

        # stores: models, logs, artefacts
        self.models = self._model_store()
        self.logs = PrivateBucket("logs", {"purpose": "Logs", "tags": {**self._tags}})
        self.artifacts = PrivateBucket(
            "artifacts", {"purpose": "Artefacts", "tags": {**self._tags}}
        )

        # in the cluster: definitions, then operators
        self.defaults = ClusterDefaults("defaults", {"tags": {**self._tags}}, self._in_cluster)
        self.addons = self._addons()
        definitions = self.addons.install(Layer.CRDS)
        operators = self.addons.install(Layer.OPERATORS, [*definitions, self.defaults])

        # our own objects of those kinds
        self.gateway = self._gateway()
        self.runtime = self._runtime()

        # workloads: observability and pipelines, tenants, served models
        self.addons.install(Layer.WORKLOADS, operators)
        self.tenants = {each.name: self._tenant(each) for each in settings.tenants}
        self.services = [self._service(each) for each in settings.services]

        # money
        budget = arguments.budget_args(settings)
        self.budget = CostBudget("budget", budget) if budget else None

    def outputs(self) -> dict[str, pulumi.Output[str]]:
        """What another stack or a person needs to reach this environment."""
        return {
            "clusterName": self.cluster.cluster_name,
            "clusterEndpoint": self.cluster.endpoint,
            "kubeconfig": self.cluster.kubeconfig,
            "modelRepository": self.models.uri,
            "modelRepositoryDigest": self.models.repository_digest,
            **{f"address-{name}": each.address for name, each in self._named_services()},
        }

    def _named_services(self) -> list[tuple[str, LlmService]]:
        names = [each.name for each in self._settings.services]
        return list(zip(names, self.services, strict=True))

    def _cluster(self) -> Cluster:
        return Cluster(
            "cluster",
            {
                **arguments.cluster_args(self._settings),
                "vpc_id": self.network.vpc_id,
                "subnet_ids": self.network.private_subnet_ids,
            },
        )

    def _kubernetes(self) -> kubernetes.Provider:
        # Objects of the platform are the platform's: fields changed by hand are taken back.
        # Fields that an autoscaler or a rollout owns are in no manifest of ours.
        return kubernetes.Provider(
            "kubernetes",
            kubeconfig=self.cluster.kubeconfig,
            cluster_identifier=arguments.cluster_name(self._settings),
            enable_patch_force=True,
        )

    def _gpu_pool(self, pool: GpuPool) -> GpuNodePool:
        return GpuNodePool(
            f"gpu-{pool.name}",
            {
                **arguments.gpu_pool_args(self._settings, pool),
                "cluster_name": self.cluster.cluster_name,
                "subnet_ids": self._subnets(pool),
                "kubernetes_version": self.cluster.version,
            },
        )

    def _subnets(self, pool: GpuPool) -> pulumi.Output[list[str]]:
        """Private subnets of the pool's zones."""
        zones = arguments.pool_zones(self._settings, pool)

        def of_zones(subnets: dict[str, str]) -> list[str]:
            return [subnets[zone] for zone in zones]

        return self.network.private_subnet_ids_by_zone.apply(of_zones)

    def _model_store(self) -> ModelStore:
        return ModelStore(
            "models",
            {
                "files": read_model_repository(REPOSITORY / "model_repo"),
                "noncurrent_days": self._settings.models.noncurrent_version_days,
                "tags": {**self._tags},
            },
        )

    def _bucket(self, holds: str) -> PrivateBucket:
        return PrivateBucket(holds, {"purpose": holds.capitalize(), "tags": {**self._tags}})

    def _addons(self) -> AddonLayers:
        settings = self._settings
        context = AddonContext(
            cluster_name=arguments.cluster_name(settings),
            region=settings.region,
            account_id=current_account(self.cluster).apply(lambda account: account.account_id),
            vpc_id=self.network.vpc_id,
            domain=settings.serving.domain,
            size=settings.addons.size,
            gpu_pools=arguments.advertised_pools(settings),
            log_bucket=self.logs.bucket_name,
            artifact_bucket=self.artifacts.bucket_name,
            bucket_key_arn=self.logs.key_arn,
            artifact_key_arn=self.artifacts.key_arn,
        )
        return AddonLayers(
            arguments.selected_addons(settings),
            context,
            self.cluster.cluster_name,
            arguments.cost_tags(settings),
            self._in_cluster,
        )

    def _gateway(self) -> ServingGateway:
        # its load balancer is made, and must be taken away, by this controller
        balancer = self.addons.installed["aws-load-balancer-controller"]
        return ServingGateway(
            "gateway",
            {
                "domain": self._settings.serving.domain,
                "namespace": self.addons.namespace("kserve-resources"),
                "controller_namespace": self.addons.namespace("gateway-helm"),
                "tags": {**self._tags},
            },
            self._after(balancer),
        )

    def _runtime(self) -> TritonRuntime:
        return TritonRuntime(
            "triton",
            {"runtime_name": arguments.RUNTIME, "tags": {**self._tags}},
            self._after(self.addons.installed["kserve-resources"]),
        )

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of what is in the cluster and must come after, and go before, `resources`."""
        order = pulumi.ResourceOptions(depends_on=list(resources))
        return pulumi.ResourceOptions.merge(self._in_cluster, order)

    def _tenant(self, tenant: Tenant) -> TenantNamespace:
        return TenantNamespace(
            f"tenant-{tenant.name}",
            arguments.tenant_args(self._settings, tenant),
            self._in_cluster,
        )

    def _service(self, service: Service) -> LlmService:
        return LlmService(
            service.name,
            {
                **arguments.service_args(self._settings, service),
                "tenant": self.tenants[service.tenant].namespace,
                "repository_uri": self.models.uri,
                "runtime": self.runtime.runtime_name,
                "cluster_name": self.cluster.cluster_name,
                "model_access": self.models.read_statements(f"model_repo/{service.model}"),
            },
            self._in_cluster,
        )
