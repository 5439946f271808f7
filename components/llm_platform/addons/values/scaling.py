"""Values of what changes sizes: of node groups, of workloads, of single pods. Pure."""

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values.common import (
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Values,
    over_zones,
    required,
    resources,
)


def karpenter_crds(_context: AddonContext) -> Values:
    """The chart is nothing but definitions."""
    return {}


def karpenter(context: AddonContext) -> Values:
    """Nodes on demand; it runs on the system nodes, never on nodes of its own."""
    queue = required(context.interruption_queue, "the queue of interruption notices", "karpenter")
    return {
        "settings": {
            "clusterName": context.cluster_name,
            "interruptionQueue": queue,
            "featureGates": {"spotToSpotConsolidation": True, "nodeRepair": True},
        },
        "serviceAccount": {"create": True, "name": "karpenter"},
        "replicas": context.pick(1, 2),
        "controller": {"resources": resources("500m", "1Gi")},
        "serviceMonitor": {"enabled": True},
    }


def cluster_autoscaler(context: AddonContext) -> Values:
    """Sizes of managed node groups, found by the tags that EKS gives them."""
    return {
        "cloudProvider": "aws",
        "awsRegion": context.region,
        "autoDiscovery": {"clusterName": context.cluster_name},
        "rbac": {"serviceAccount": {"create": True, "name": "cluster-autoscaler"}},
        "replicaCount": context.pick(1, 2),
        "resources": resources("100m", "512Mi", "1Gi"),
        "securityContext": {**RESTRICTED_POD, "runAsUser": 65534, "runAsGroup": 65534},
        "containerSecurityContext": RESTRICTED_CONTAINER,
        "extraArgs": {
            "expander": "least-waste",
            "balance-similar-node-groups": True,
            "skip-nodes-with-local-storage": False,
            "skip-nodes-with-system-pods": False,
            "scale-down-unneeded-time": "10m",
            "max-node-provision-time": "20m",
        },
        "serviceMonitor": {
            "enabled": True,
            "namespace": "cluster-autoscaler",
            "interval": "30s",
            "selector": {},
        },
    }


def keda(context: AddonContext) -> Values:
    """Replicas by what waits in queues, not by CPU."""
    monitored = {"enabled": True, "serviceMonitor": {"enabled": True}}
    budget = {"maxUnavailable": 1} if context.large else {}
    replicas = context.pick(1, 2)
    labels = {"app.kubernetes.io/name": "keda-operator"}
    return {
        "clusterName": context.cluster_name,
        "crds": {"install": True},
        "image": {"pullPolicy": "IfNotPresent"},
        "operator": {"replicaCount": replicas},
        "metricsServer": {"replicaCount": replicas},
        "webhooks": {"replicaCount": replicas},
        "podDisruptionBudget": {"operator": budget, "metricServer": budget, "webhooks": budget},
        "resources": {
            "operator": resources(context.amount("20m", "100m"), "256Mi", "1Gi"),
            "metricServer": resources(context.amount("10m", "100m"), "256Mi", "1Gi"),
            "webhooks": resources(context.amount("10m", "50m"), "64Mi", "256Mi"),
        },
        "topologySpreadConstraints": {"operator": over_zones(labels)},
        "prometheus": {"operator": monitored, "metricServer": monitored, "webhooks": monitored},
    }


def vertical_pod_autoscaler(context: AddonContext) -> Values:
    """Requests of services that run on CPUs; it recommends, and acts where an object asks it to.

    The webhook's certificate is cert-manager's, so that no job has to make one.
    """
    replicas = context.pick(1, 2)
    budget = {"enabled": context.large, "minAvailable": 1}
    return {
        "podSecurityContext": {**RESTRICTED_POD, "runAsUser": 65534},
        "containerSecurityContext": RESTRICTED_CONTAINER,
        "admissionController": {
            "replicas": replicas,
            "podDisruptionBudget": budget,
            "resources": resources(context.amount("10m", "50m"), "128Mi", "256Mi"),
            "certGen": {"enabled": False},
            "certManager": {"enabled": True, "createSelfSignedIssuer": {"enabled": True}},
        },
        "recommender": {
            "replicas": replicas,
            "podDisruptionBudget": budget,
            "resources": resources(context.amount("10m", "50m"), "256Mi", "512Mi"),
        },
        "updater": {
            "replicas": replicas,
            "podDisruptionBudget": budget,
            "resources": resources(context.amount("10m", "50m"), "256Mi", "512Mi"),
        },
    }
