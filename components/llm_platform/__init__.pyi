# Types of the lazy exports of `__init__.py`; a test compares the two.

from llm_platform.addons.arguments import (
    addon_args,
    check_context,
    identity_args,
)
from llm_platform.addons.context import (
    AddonContext,
    PostgresDatabase,
)
from llm_platform.addons.helm_addon import (
    HelmAddon,
    HelmAddonArgs,
)
from llm_platform.addons.kinds import (
    Layer,
    PlatformSize,
)
from llm_platform.addons.order import (
    addon_order,
    check_addons,
    default_addons,
)
from llm_platform.addons.table import (
    ADDONS,
)
from llm_platform.aws.budget import (
    CostBudget,
    CostBudgetArgs,
)
from llm_platform.aws.cluster import (
    Cluster,
    ClusterAccess,
    ClusterAccessPolicy,
    ClusterArgs,
    SystemNodes,
)
from llm_platform.aws.kinds import (
    AccessPolicy,
    AwsEndpoint,
    IdentityMode,
    NatMode,
    NodeAutoscaler,
)
from llm_platform.aws.model_files import (
    read_model_repository,
)
from llm_platform.aws.model_store import (
    ModelStore,
    ModelStoreArgs,
)
from llm_platform.aws.network import (
    Network,
    NetworkArgs,
)
from llm_platform.aws.private_bucket import (
    PrivateBucket,
    PrivateBucketArgs,
)
from llm_platform.aws.workload_identity import (
    PolicyStatement,
    WorkloadIdentity,
    WorkloadIdentityArgs,
)
from llm_platform.gpu.kinds import (
    CapacityType,
    GpuAdvertiser,
    GpuAmiFamily,
)
from llm_platform.gpu.node_pool import (
    GpuEfa,
    GpuNodePool,
    GpuNodePoolArgs,
    GpuNodeVolume,
)
from llm_platform.kubernetes.cluster_defaults import (
    ClusterDefaults,
    ClusterDefaultsArgs,
)
from llm_platform.kubernetes.generated_secret import (
    GeneratedSecret,
)
from llm_platform.kubernetes.kinds import (
    PodSecurity,
)
from llm_platform.kubernetes.tenant_namespace import (
    NamespacePeer,
    TenantNamespace,
    TenantNamespaceArgs,
)
from llm_platform.serving.gateway import (
    ServingGateway,
    ServingGatewayArgs,
)
from llm_platform.serving.kinds import (
    ModelServer,
    Precision,
    RolloutStrategy,
    ServingForm,
    TritonVariant,
    WireProtocol,
)
from llm_platform.serving.llm_service import (
    LlmService,
    LlmServiceArgs,
)
from llm_platform.serving.llm_service_inputs import (
    LlmAdapter,
    LlmCache,
    LlmCandidate,
    LlmCustomServer,
    LlmFootprint,
    LlmGateway,
    LlmJwt,
    LlmRecommendations,
    LlmRoute,
    LlmScaling,
)
from llm_platform.serving.platform import (
    ServingPlatform,
    ServingPlatformArgs,
)
from llm_platform.serving.rollout import (
    LlmRollout,
    LlmRolloutArgs,
    RolloutQuality,
)
from llm_platform.serving.triton_runtime import (
    TritonRuntime,
    TritonRuntimeArgs,
)
from llm_platform.serving.vllm_runtime import (
    VllmRuntime,
    VllmRuntimeArgs,
)

EXPORTS: dict[str, str]

__all__ = [
    "ADDONS",
    "EXPORTS",
    "AccessPolicy",
    "AddonContext",
    "AwsEndpoint",
    "CapacityType",
    "Cluster",
    "ClusterAccess",
    "ClusterAccessPolicy",
    "ClusterArgs",
    "ClusterDefaults",
    "ClusterDefaultsArgs",
    "CostBudget",
    "CostBudgetArgs",
    "GeneratedSecret",
    "GpuAdvertiser",
    "GpuAmiFamily",
    "GpuEfa",
    "GpuNodePool",
    "GpuNodePoolArgs",
    "GpuNodeVolume",
    "HelmAddon",
    "HelmAddonArgs",
    "IdentityMode",
    "Layer",
    "LlmAdapter",
    "LlmCache",
    "LlmCandidate",
    "LlmCustomServer",
    "LlmFootprint",
    "LlmGateway",
    "LlmJwt",
    "LlmRecommendations",
    "LlmRollout",
    "LlmRolloutArgs",
    "LlmRoute",
    "LlmScaling",
    "LlmService",
    "LlmServiceArgs",
    "ModelServer",
    "ModelStore",
    "ModelStoreArgs",
    "NamespacePeer",
    "NatMode",
    "Network",
    "NetworkArgs",
    "NodeAutoscaler",
    "PlatformSize",
    "PodSecurity",
    "PolicyStatement",
    "PostgresDatabase",
    "Precision",
    "PrivateBucket",
    "PrivateBucketArgs",
    "RolloutQuality",
    "RolloutStrategy",
    "ServingForm",
    "ServingGateway",
    "ServingGatewayArgs",
    "ServingPlatform",
    "ServingPlatformArgs",
    "SystemNodes",
    "TenantNamespace",
    "TenantNamespaceArgs",
    "TritonRuntime",
    "TritonRuntimeArgs",
    "TritonVariant",
    "VllmRuntime",
    "VllmRuntimeArgs",
    "WireProtocol",
    "WorkloadIdentity",
    "WorkloadIdentityArgs",
    "addon_args",
    "addon_order",
    "check_addons",
    "check_context",
    "default_addons",
    "identity_args",
    "read_model_repository",
]
