"""The platform, layer by layer. Read it as a table of contents.

What stands here in order is made in order, and deleted the other way round. The order is
carried by outputs: a component's name or namespace is known once the component works, so
whatever uses it comes after.
"""

import pulumi
import pulumi_kubernetes as kubernetes

from infra import arguments, service_arguments
from infra.addons import AddonLayers
from infra.settings import GpuPool, Settings, Tenant
from infra.settings_services import Service
from llm_platform import (
    Cluster,
    ClusterDefaults,
    CostBudget,
    GpuNodePool,
    LlmRollout,
    LlmService,
    ModelStore,
    Network,
    PrivateBucket,
    ServingGateway,
    ServingPlatform,
    TenantNamespace,
    TritonRuntime,
    VllmRuntime,
    read_model_repository,
)
from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import Layer
from llm_platform.addons.repositories import MONITORS
from llm_platform.aws.account import current_account
from llm_platform.aws.workload_identity import PolicyStatement
from llm_platform.serving.kinds import ModelServer
from local.paths import model_repository


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

        # in the cluster: what models are served by, then the other operators
        self.defaults = ClusterDefaults("defaults", {"tags": {**self._tags}}, self._in_cluster)
        self.platform = self._serving_platform()
        self.addons = self._addons()
        definitions = self.addons.install(Layer.CRDS)
        operators = self.addons.install(Layer.OPERATORS, [*definitions, self.defaults])

        # our own objects of those kinds
        self.gateway = self._gateway()
        self.runtimes = self._runtimes()

        # workloads: observability and pipelines, tenants, served models
        self.addons.install(Layer.WORKLOADS, [self.platform, *operators])
        self.tenants = {each.name: self._tenant(each) for each in settings.tenants}
        self.services = [self._service(each) for each in settings.services]
        if arguments.WORKFLOWS in self.addons.installed:
            self.rollouts = [
                self._rollout(each, made)
                for each, made in zip(settings.services, self.services, strict=True)
            ]

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
                **arguments.model_store_args(self._settings),
                "files": read_model_repository(model_repository()),
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
            passwords=arguments.PASSWORDS in arguments.selected_addons(settings),
        )
        return AddonLayers(
            arguments.selected_addons(settings),
            context,
            self.cluster.cluster_name,
            arguments.cost_tags(settings),
            self._in_cluster,
            self.platform.addons,
        )

    def _serving_platform(self) -> ServingPlatform:
        return ServingPlatform(
            "platform", arguments.platform_args(self._settings), self._after(self.defaults)
        )

    def _gateway(self) -> ServingGateway:
        # its load balancer is made, and must be taken away, by this controller
        balancer = self.addons.installed["aws-load-balancer-controller"]
        return ServingGateway(
            "gateway",
            {
                "domain": self._settings.serving.domain,
                "namespace": self.platform.namespace,
                "controller_namespace": self.platform.controller_namespace,
                "tags": {**self._tags},
            },
            self._after(balancer),
        )

    def _runtimes(self) -> dict[ModelServer, pulumi.Output[str]]:
        """Names of the runtimes that services of this stack are of."""
        options = self._after(self.platform)
        triton = TritonRuntime("triton", service_arguments.triton_args(self._settings), options)
        made = {ModelServer.TRITON: triton.runtime_name}
        if ModelServer.VLLM in service_arguments.runtimes(self._settings):
            vllm = VllmRuntime("vllm", service_arguments.vllm_args(self._settings), options)
            made[ModelServer.VLLM] = vllm.runtime_name
        return made

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
        # its autoscalers and monitors are of kinds that these define
        installed = self.addons.installed
        kinds = [installed[name] for name in (MONITORS,) if name in installed]
        return LlmService(
            service.name,
            {
                **service_arguments.service_args(self._settings, service),
                "tenant": self.tenants[service.tenant].namespace,
                "repository_uri": self.models.uri,
                "runtime": self.runtimes[service.runtime],
                "cluster_name": self.cluster.cluster_name,
                "model_access": self._model_access(service),
                "route": {
                    "domain": self._settings.serving.domain,
                    "gateway": self.gateway.gateway,
                },
            },
            self._after(self.platform, *kinds),
        )

    def _rollout(self, service: Service, made: LlmService) -> LlmRollout:
        return LlmRollout(
            f"{service.name}-rollout",
            {
                **service_arguments.rollout_args(self._settings, service),
                "tenant": made.namespace,
                "workflows": self.addons.namespace(arguments.WORKFLOWS),
            },
            self._after(made),
        )

    def _model_access(self, service: Service) -> list[PolicyStatement]:
        """Reading the folders of a service's models."""
        models = dict.fromkeys((service.model, service.candidate_model))
        found: dict[str, PolicyStatement] = {}
        for index, model in enumerate(models):
            for each in self.models.read_statements(f"model_repo/{model}"):
                sid = each["sid"] if index == 0 else f"{each['sid']}{index}"
                found[sid] = {**each, "sid": sid}
        return list(found.values())
