"""Settings held against the library's own checks, before anything is started.

The same checks run again in the constructors; here every problem of every component comes in
one error, named by where it stands in the stack file.
"""

from collections.abc import Iterable

from infra import arguments
from infra.settings import Settings
from llm_platform.aws.budget_check import check_cost_budget
from llm_platform.aws.cluster_check import check_cluster
from llm_platform.aws.network_check import check_network
from llm_platform.gpu.node_pool_check import check_gpu_node_pool
from llm_platform.kubernetes.tenant_namespace_check import check_tenant_namespace
from llm_platform.problems import Problem
from llm_platform.serving.llm_service_check import check_llm_service


def component_problems(settings: Settings) -> list[Problem]:
    """What the library's components would refuse of well-formed settings."""
    problems = [
        *_at("network", "Network", check_network(arguments.network_args(settings))),
        *_at("cluster", "Cluster", check_cluster(arguments.cluster_args(settings))),
    ]
    for index, pool in enumerate(settings.gpu_pools):
        found = check_gpu_node_pool(arguments.gpu_pool_args(settings, pool))
        problems += _at(f"gpuPools[{index}]", "GpuNodePool", found)
    for index, tenant in enumerate(settings.tenants):
        found = check_tenant_namespace(arguments.tenant_args(settings, tenant))
        problems += _at(f"tenants[{index}]", "TenantNamespace", found)
    for index, service in enumerate(settings.services):
        found = check_llm_service(arguments.service_args(settings, service))
        problems += _at(f"services[{index}]", "LlmService", found)
    budget = arguments.budget_args(settings)
    if budget is not None:
        problems += _at("cost", "CostBudget", check_cost_budget(budget))
    return problems


def _at(room: str, component: str, problems: Iterable[Problem]) -> list[Problem]:
    return [
        Problem(f"{room} ({component}.{each.path})", each.problem, each.allowed)
        for each in problems
    ]
