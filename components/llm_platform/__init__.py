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
    "AccessPolicy": "aws.kinds",
    "AwsEndpoint": "aws.kinds",
    "CapacityType": "gpu.kinds",
    "Cluster": "aws.cluster",
    "ClusterAccess": "aws.cluster",
    "ClusterAccessPolicy": "aws.cluster",
    "ClusterArgs": "aws.cluster",
    "CostBudget": "aws.budget",
    "CostBudgetArgs": "aws.budget",
    "GpuAdvertiser": "gpu.kinds",
    "GpuAmiFamily": "gpu.kinds",
    "GpuEfa": "gpu.node_pool",
    "GpuNodePool": "gpu.node_pool",
    "GpuNodePoolArgs": "gpu.node_pool",
    "GpuNodeVolume": "gpu.node_pool",
    "IdentityMode": "aws.kinds",
    "ModelStore": "aws.model_store",
    "ModelStoreArgs": "aws.model_store",
    "NatMode": "aws.kinds",
    "Network": "aws.network",
    "NetworkArgs": "aws.network",
    "NodeAutoscaler": "aws.kinds",
    "PolicyStatement": "aws.workload_identity",
    "SystemNodes": "aws.cluster",
    "WorkloadIdentity": "aws.workload_identity",
    "WorkloadIdentityArgs": "aws.workload_identity",
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
