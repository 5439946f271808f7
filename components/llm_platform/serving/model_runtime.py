"""The object in which KServe finds how a server is run."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.component import PlatformComponent, after
from llm_platform.kubernetes.objects import metadata

API_VERSION = "serving.kserve.io/v1alpha1"


def make_runtime(
    component: PlatformComponent, name: str, runtime_name: str, spec: Any
) -> pulumi.Output[str]:
    """Make the ClusterServingRuntime of a component.

    Args:
        component: Parent of the object.
        name: Logical name of the component.
        runtime_name: Name by which models choose it.
        spec: How the server is run.

    Returns:
        `runtime_name`, known once the object is there.
    """
    runtime = kubernetes.apiextensions.CustomResource(
        f"{name}-runtime",
        api_version=API_VERSION,
        kind="ClusterServingRuntime",
        metadata=metadata(component, f"{name}-runtime", runtime_name),
        spec=spec,
        opts=component.child(),
    )
    return after(runtime_name, [runtime])
