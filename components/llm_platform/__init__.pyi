# Types of the lazy exports of `__init__.py`; a test compares the two.

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

EXPORTS: dict[str, str]

__all__ = [
    "EXPORTS",
    "AccessPolicy",
    "AwsEndpoint",
    "CapacityType",
    "Cluster",
    "ClusterAccess",
    "ClusterAccessPolicy",
    "ClusterArgs",
    "CostBudget",
    "CostBudgetArgs",
    "GpuAdvertiser",
    "GpuAmiFamily",
    "GpuEfa",
    "GpuNodePool",
    "GpuNodePoolArgs",
    "GpuNodeVolume",
    "IdentityMode",
    "ModelStore",
    "ModelStoreArgs",
    "NatMode",
    "Network",
    "NetworkArgs",
    "NodeAutoscaler",
    "PolicyStatement",
    "SystemNodes",
    "WorkloadIdentity",
    "WorkloadIdentityArgs",
    "read_model_repository",
]
