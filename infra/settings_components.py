"""Settings held against the library's own checks, before anything is started.

The same checks run again in the constructors; here every problem of every component comes in
one error, told in the words of the stack file: where it stands there, by the names it has there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from infra import arguments, service_arguments
from infra.settings import Cloud, Environment, GpuPool, Settings, Tenant
from infra.settings_base import partly
from infra.settings_rules import judged, known
from infra.settings_services import Service
from llm_platform.aws.budget_check import check_cost_budget
from llm_platform.aws.cluster_check import check_cluster
from llm_platform.aws.model_store_check import check_model_store
from llm_platform.aws.network_check import check_network
from llm_platform.environments import EnvironmentName
from llm_platform.gpu.node_pool_check import check_gpu_node_pool
from llm_platform.kubernetes.tenant_namespace_check import check_tenant_namespace
from llm_platform.problems import Problem
from llm_platform.serving.gateway_check import check_serving_gateway
from llm_platform.serving.llm_service_check import check_llm_service
from llm_platform.serving.rollout_check import check_llm_rollout

TAGS = {
    "tags.owner": "environment.owner",
    "tags.environment": "environment.name",
    "tags.team": "environment.team",
    "tags.cost-center": "environment.costCenter",
}
"""Where the values of tags come from."""


@dataclass(frozen=True)
class Component:
    """How a component's inputs are called in a stack file.

    Attributes:
        name: Its class.
        paths: Path of an input to path in the stack file; what stands deeper follows. Paths
            that begin with a dot are those of the item that the component is made of.
        words: Further names that its problems use.
    """

    name: str
    paths: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict[str, str])

    def told(self, problems: Iterable[Problem], item: str = "") -> Iterator[Problem]:
        """Problems in the words of the stack file.

        Args:
            problems: What the component's check found.
            item: Path of the item, for a component that is made of one.
        """
        for each in problems:
            yield Problem(
                self._path(each.path, item),
                self._reworded(each.problem),
                self._reworded(each.allowed),
            )

    def _path(self, path: str, item: str) -> str:
        for source in sorted(self.paths, key=len, reverse=True):
            rest = path.removeprefix(source)
            if path.startswith(source) and (not rest or rest[0] in ".["):
                target = self.paths[source]
                return f"{item if target.startswith('.') else ''}{target}{_camel(rest)}"
        return f"{item or 'stack file'} ({self.name}.{path})"

    def _reworded(self, text: str) -> str:
        names = {
            _last(source): _last(target) for source, target in self.paths.items() if "_" in source
        }
        names |= self.words
        return re.sub(r"\b\w+\b", lambda found: names.get(found[0], found[0]), text)


NETWORK = Component(
    "Network",
    {
        "cidr": "network.cidr",
        "zones": "network.zones",
        "nat": "network.natGateways",
        "endpoints": "network.endpoints",
        "flow_log_retention_days": "network.flowLogRetentionDays",
        "max_nodes": "network.cidr",
        "max_pods": "network.cidr",
        "cluster_name": "environment.name",
        **TAGS,
    },
    {"max_pods": "cluster.systemNodes.maximum", "max_nodes": "gpuPools' maximum"},
)
CLUSTER = Component(
    "Cluster",
    {
        "kubernetes_version": "cluster.kubernetesVersion",
        "public_access_cidrs": "cluster.publicAccessCidrs",
        "access": "cluster.administrators",
        "creator_admin": "cluster.creatorIsAdministrator",
        "deletion_protection": "cluster.deletionProtection",
        "log_retention_days": "cluster.logRetentionDays",
        "system_nodes.instance_types": "cluster.systemNodes.instanceTypes",
        "system_nodes.min_size": "cluster.systemNodes.minimum",
        "system_nodes.max_size": "cluster.systemNodes.maximum",
        **TAGS,
    },
    {"access": "administrators"},
)
GPU_POOL = Component(
    "GpuNodePool",
    {
        "pool_name": ".name",
        "instance_types": ".instanceTypes",
        "ami_family": ".amiFamily",
        "capacity": ".capacity",
        "autoscaler": ".autoscaler",
        "reservation_id": ".reservationId",
        "subnet_ids": ".zones",
        "min_size": ".minimum",
        "max_size": ".maximum",
        "volume.size_gib": ".rootVolumeGib",
        **TAGS,
    },
    {"subnet": "zone", "subnets": "zones"},
)
TENANT = Component(
    "TenantNamespace",
    {
        "namespace_name": ".name",
        "gpus": ".gpus",
        "cpus": ".cpus",
        "memory_gib": ".memoryGib",
        **TAGS,
        "tags.team": ".name",
    },
)
SERVICE = Component(
    "LlmService",
    {
        "service_name": ".name",
        "namespace": ".tenant",
        "model": ".model",
        "pool": ".pool",
        "gpus": ".gpus",
        "cpus": ".cpus",
        "memory_gib": ".memoryGib",
        "min_replicas": ".replicas",
        "max_replicas": ".maximumReplicas",
        "server": ".runtime",
        "runtime": ".runtime",
        "custom": ".runtime",
        "route.domain": "serving.domain",
        "gateway": ".gateway",
        "gateway.image": "serving.registry",
        "gateway.min_replicas": ".gateway.replicas",
        "gateway.max_replicas": ".gateway.maximumReplicas",
        "image": "serving.registry",
        "form": ".form",
        "cache": ".cache",
        "scaling": ".scaling",
        "footprint": ".footprint",
        "candidate": ".candidate",
        "candidate.min_replicas": ".candidate.replicas",
        "candidate.max_replicas": ".candidate.maximumReplicas",
        **TAGS,
        "tags.team": ".tenant",
    },
    {
        "pool_name": "name",
        "GpuNodePool": "GPU pool",
        "keys_secret": "keysSecret",
        "to_zero": "toZero",
    },
)
ROLLOUT = Component(
    "LlmRollout",
    {
        "service": ".name",
        "namespace": ".tenant",
        "image": "serving.registry",
        "strategy": ".rollout.strategy",
        "weights": ".rollout.weights",
        "step_seconds": ".rollout.stepSeconds",
        "step_limit_seconds": ".rollout.stepLimitSeconds",
        "min_samples": ".rollout.minSamples",
        "max_error_ratio": ".rollout.maxErrorRatio",
        "max_refusal_ratio": ".rollout.maxRefusalRatio",
        "max_duration_seconds": ".rollout.maxDurationSeconds",
        "max_first_token_seconds": ".rollout.maxFirstTokenSeconds",
        **TAGS,
        "tags.team": ".tenant",
    },
)
GATEWAY = Component("ServingGateway", {"domain": "serving.domain", **TAGS})
MODEL_STORE = Component(
    "ModelStore",
    {
        "noncurrent_days": "models.noncurrentVersionDays",
        "delete_with_contents": "models.deleteWithContents",
        **TAGS,
    },
)
BUDGET = Component(
    "CostBudget",
    {"monthly_usd": "cost.monthlyBudgetUsd", "emails[0]": "cost.alertEmail", **TAGS},
)


_ENVIRONMENT: Mapping[str, Any] = {
    "name": EnvironmentName.DEV,
    "cloud": Cloud.AWS,
    "owner": "owner",
    "team": "team",
    "cost_center": "none",
}
"""Stands for what an environment lacks, so that components can be judged all the same."""


def component_problems(settings: Settings) -> list[Problem]:
    """What the library's components would refuse of settings, each as far as it can be judged."""
    settings = _of_some_environment(settings)
    problems: list[Problem] = []
    for check in (_network, _cluster, _gateway, _model_store, _budget):
        problems += judged(check(settings))
    for index, pool in enumerate(known(lambda: settings.gpu_pools)):
        problems += judged(_gpu_pool(settings, pool, f"gpuPools[{index}]"))
    for index, tenant in enumerate(known(lambda: settings.tenants)):
        problems += judged(_tenant(settings, tenant, f"tenants[{index}]"))
    for index, service in enumerate(known(lambda: settings.services)):
        problems += judged(_service(settings, service, f"services[{index}]"))
    return problems


def _of_some_environment(settings: Settings) -> Settings:
    """Settings whose environment is whole: it only names and tags what the components make."""
    given: dict[str, Any] = dict(vars(settings))
    environment: dict[str, Any] = {}
    if "environment" in given:
        environment |= cast("dict[str, Any]", vars(given["environment"]))
    whole = partly(Environment, {**_ENVIRONMENT, **environment})
    return partly(Settings, {**given, "environment": whole})


def _network(settings: Settings) -> Iterator[Problem]:
    yield from NETWORK.told(check_network(arguments.network_args(settings)))


def _cluster(settings: Settings) -> Iterator[Problem]:
    entries: dict[str, str] = {}
    for index, each in enumerate(settings.cluster.administrators):
        entries[f"access.{each.name}"] = f"cluster.administrators[{index}]"
    component = Component(CLUSTER.name, {**CLUSTER.paths, **entries}, CLUSTER.words)
    yield from component.told(check_cluster(arguments.cluster_args(settings)))


def _gpu_pool(settings: Settings, pool: GpuPool, item: str) -> Iterator[Problem]:
    yield from GPU_POOL.told(check_gpu_node_pool(arguments.gpu_pool_args(settings, pool)), item)


def _tenant(settings: Settings, tenant: Tenant, item: str) -> Iterator[Problem]:
    yield from TENANT.told(check_tenant_namespace(arguments.tenant_args(settings, tenant)), item)


def _service(settings: Settings, service: Service, item: str) -> Iterator[Problem]:
    args = service_arguments.service_args(settings, service)
    yield from SERVICE.told(check_llm_service(args), item)
    rollout = check_llm_rollout(service_arguments.rollout_args(settings, service))
    # name, tenant and tags are those of the service, which has told of them
    own = [each for each in rollout if ROLLOUT.paths.get(each.path, "").startswith(".rollout")]
    yield from ROLLOUT.told(own, item)


def _gateway(settings: Settings) -> Iterator[Problem]:
    yield from GATEWAY.told(check_serving_gateway(arguments.gateway_args(settings)))


def _model_store(settings: Settings) -> Iterator[Problem]:
    yield from MODEL_STORE.told(check_model_store(arguments.model_store_args(settings)))


def _budget(settings: Settings) -> Iterator[Problem]:
    budget = arguments.budget_args(settings)
    if budget is not None:
        yield from BUDGET.told(check_cost_budget(budget))


def _camel(text: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), text)


def _last(path: str) -> str:
    return path.rpartition(".")[2]
