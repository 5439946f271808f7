"""Pulumi components for an LLM platform on AWS EKS.

Components, their inputs and their closed sets are attributes of this package and are loaded
when first used::

    from llm_platform import Cluster, GpuNodePool, Network

Importing a pure module, such as ``llm_platform.gpu.catalogue`` or a check, loads no provider
SDK.
"""

from importlib import import_module
from typing import Any

EXPORTS: dict[str, str] = {
    "ADDONS": "addons.table",
    "AccessPolicy": "aws.kinds",
    "AddonContext": "addons.context",
    "AwsEndpoint": "aws.kinds",
    "CapacityType": "gpu.kinds",
    "Cluster": "aws.cluster",
    "ClusterAccess": "aws.cluster",
    "ClusterAccessPolicy": "aws.cluster",
    "ClusterArgs": "aws.cluster",
    "ClusterDefaults": "kubernetes.cluster_defaults",
    "ClusterDefaultsArgs": "kubernetes.cluster_defaults",
    "CostBudget": "aws.budget",
    "CostBudgetArgs": "aws.budget",
    "GeneratedSecret": "kubernetes.generated_secret",
    "GpuAdvertiser": "gpu.kinds",
    "GpuAmiFamily": "gpu.kinds",
    "GpuEfa": "gpu.node_pool",
    "GpuNodePool": "gpu.node_pool",
    "GpuNodePoolArgs": "gpu.node_pool",
    "GpuNodeVolume": "gpu.node_pool",
    "HelmAddon": "addons.helm_addon",
    "HelmAddonArgs": "addons.helm_addon",
    "IdentityMode": "aws.kinds",
    "Layer": "addons.kinds",
    "LlmAdapter": "serving.llm_service_inputs",
    "LlmCache": "serving.llm_service_inputs",
    "LlmCandidate": "serving.llm_service_inputs",
    "LlmCustomServer": "serving.llm_service_inputs",
    "LlmFootprint": "serving.llm_service_inputs",
    "LlmGateway": "serving.llm_service_inputs",
    "LlmJwt": "serving.llm_service_inputs",
    "LlmRecommendations": "serving.llm_service_inputs",
    "LlmRollout": "serving.rollout",
    "LlmRolloutArgs": "serving.rollout",
    "LlmRoute": "serving.llm_service_inputs",
    "LlmScaling": "serving.llm_service_inputs",
    "LlmService": "serving.llm_service",
    "LlmServiceArgs": "serving.llm_service",
    "ModelServer": "serving.kinds",
    "ModelStore": "aws.model_store",
    "ModelStoreArgs": "aws.model_store",
    "NamespacePeer": "kubernetes.tenant_namespace",
    "NatMode": "aws.kinds",
    "Network": "aws.network",
    "NetworkArgs": "aws.network",
    "NodeAutoscaler": "aws.kinds",
    "PlatformSize": "addons.kinds",
    "PodSecurity": "kubernetes.kinds",
    "PolicyStatement": "aws.workload_identity",
    "Precision": "serving.kinds",
    "PrivateBucket": "aws.private_bucket",
    "PrivateBucketArgs": "aws.private_bucket",
    "PostgresDatabase": "addons.context",
    "RolloutQuality": "serving.rollout",
    "RolloutStrategy": "serving.kinds",
    "ServingForm": "serving.kinds",
    "ServingGateway": "serving.gateway",
    "ServingGatewayArgs": "serving.gateway",
    "ServingPlatform": "serving.platform",
    "ServingPlatformArgs": "serving.platform",
    "SystemNodes": "aws.cluster",
    "TenantNamespace": "kubernetes.tenant_namespace",
    "TenantNamespaceArgs": "kubernetes.tenant_namespace",
    "TritonRuntime": "serving.triton_runtime",
    "TritonRuntimeArgs": "serving.triton_runtime",
    "TritonVariant": "serving.kinds",
    "VllmRuntime": "serving.vllm_runtime",
    "VllmRuntimeArgs": "serving.vllm_runtime",
    "WireProtocol": "serving.kinds",
    "WorkloadIdentity": "aws.workload_identity",
    "WorkloadIdentityArgs": "aws.workload_identity",
    "addon_args": "addons.arguments",
    "addon_order": "addons.order",
    "check_addons": "addons.order",
    "check_context": "addons.arguments",
    "default_addons": "addons.order",
    "identity_args": "addons.arguments",
    "read_model_repository": "aws.model_files",
}
"""Module of every public name, below this package."""


def __getattr__(name: str) -> Any:
    """Load the module of a public name when the name is first used."""
    module = EXPORTS.get(name)
    if module is None:
        message = f"module '{__name__}' has no attribute '{name}'"
        raise AttributeError(message)
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Everything that can be imported from here."""
    return sorted({*globals(), *EXPORTS})
