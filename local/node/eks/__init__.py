"""What EKS itself provides in a cluster, for the node of a live cloud.

CoreDNS and metrics-server, addresses for load balancers, Pod Identity, volumes, network policies,
and simulated nodes for GPU node groups.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local.node.eks.settings import PORTS

if TYPE_CHECKING:
    from local.cluster.commands import CloudPlan
    from local.cluster.processes import ProcessSpec
    from local.providers.kubernetes.api import Api

__all__ = ["PORTS", "images", "install", "processes"]


def processes(plan: "CloudPlan") -> Sequence["ProcessSpec"]:
    """The processes of EKS's side for the keeper's table; they need API server and AWS.

    Each answers ``/healthz`` on the loopback port of `plan.node.ports` that has its name; the
    names are `PORTS`.
    """
    from local.node.eks.table import specs  # noqa: PLC0415 it knows CloudPlan

    return specs(plan)


def install(api: "Api", plan: "CloudPlan", *, domain: str = "") -> None:
    """Have the add-ons and webhooks of EKS in the cluster; may be repeated.

    Args:
        api: The API server, as an administrator.
        plan: A live cloud.
        domain: Domain of the models' host names, which then lead to the first load balancer for
            pods, as Route 53 would tell; empty for none.

    The images of `images` have to be in the node's store for the pods to start.

    Raises:
        ProviderError: The API server refuses or cannot be reached.
    """
    from local.node.eks.installing import install as apply  # noqa: PLC0415 it imports the SDKs

    apply(api, plan, domain=domain)


def images() -> tuple[str, ...]:
    """Names of the images that the add-ons' pods run."""
    from local.node.eks.addons import IMAGES  # noqa: PLC0415 only `llmp live` needs it

    return IMAGES
