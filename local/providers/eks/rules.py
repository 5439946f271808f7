"""The security group rules that `eks.Cluster` makes between control plane and nodes."""

from dataclasses import dataclass

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        suffix: What follows the component's name in the rule's name.
        description: As the real component words it.
        direction: ``ingress`` or ``egress``.
        ports: First and last port; ``(0, 0)`` with protocol -1 means all.
        on_nodes: Whether it belongs to the nodes' group, else to the control plane's.
        peer: ``self``, ``everywhere``, or ``other`` for the other of the two groups.
    """

    suffix: str
    description: str
    direction: str
    protocol: str
    ports: tuple[int, int]
    on_nodes: bool
    peer: str


CLUSTER_EGRESS = Rule(
    suffix="eksClusterInternetEgressRule",
    description="Allow internet access.",
    direction="egress",
    protocol="-1",
    ports=(0, 0),
    on_nodes=False,
    peer="everywhere",
)

CLUSTER_INGRESS = Rule(
    suffix="eksClusterIngressRule",
    description="Allow pods to communicate with the cluster API Server",
    direction="ingress",
    protocol="tcp",
    ports=(443, 443),
    on_nodes=False,
    peer="other",
)

NODE_RULES = (
    Rule(
        suffix="eksNodeIngressRule",
        description="Allow nodes to communicate with each other",
        direction="ingress",
        protocol="-1",
        ports=(0, 0),
        on_nodes=True,
        peer="self",
    ),
    Rule(
        suffix="eksNodeClusterIngressRule",
        description="Allow worker Kubelets and pods to receive communication from the cluster "
        "control plane",
        direction="ingress",
        protocol="tcp",
        ports=(1025, 65535),
        on_nodes=True,
        peer="other",
    ),
    Rule(
        suffix="eksExtApiServerClusterIngressRule",
        description="Allow pods running extension API servers on port 443 to receive "
        "communication from cluster control plane",
        direction="ingress",
        protocol="tcp",
        ports=(443, 443),
        on_nodes=True,
        peer="other",
    ),
    Rule(
        suffix="eksNodeInternetEgressRule",
        description="Allow internet access.",
        direction="egress",
        protocol="-1",
        ports=(0, 0),
        on_nodes=True,
        peer="everywhere",
    ),
    CLUSTER_INGRESS,
)
