"""A stand-in of the AWS Load Balancer Controller's chart: its kinds, without the controller.

The local cloud itself gives load balancers to Services of the controller's class, as AWS and the
controller do together.
"""

from pathlib import Path

from local.charts.model import Assembled, Place, Values
from local.cluster.crd_catalogue import LOAD_BALANCER_CONTROLLER
from local.cluster.crds import permissive

LEFT_OUT = (
    "the controller: the local cloud gives load balancers of class service.k8s.aws/nlb itself",
    "the schemas of its kinds: no module carries them",
)
KNOWN: Values = {
    key: {}
    for key in (
        "clusterName", "controllerConfig", "defaultLoadBalancerScheme", "defaultTags",
        "defaultTargetType", "enableCertManager", "enableServiceMutatorWebhook", "enableShield",
        "enableWaf", "enableWafv2", "podDisruptionBudget", "podSecurityContext", "region",
        "replicaCount", "resources", "securityContext", "serviceAccount", "serviceMonitor",
        "vpcId",
    )
}  # fmt: skip


def assemble(module: Path, values: Values, place: Place) -> Assembled:
    """The kinds alone; nothing of the module or the values is needed."""
    del module, values, place
    return Assembled([], [permissive(kind) for kind in LOAD_BALANCER_CONTROLLER], LEFT_OUT)
