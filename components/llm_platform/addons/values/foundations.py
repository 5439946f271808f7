"""Values of what everything else stands on: certificates, load balancers, secrets. Pure."""

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values.common import (
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Values,
    disruption_budget,
    over_zones,
    resources,
)


def prometheus_operator_crds(_context: AddonContext) -> Values:
    """The chart is nothing but definitions."""
    return {}


def cert_manager(context: AddonContext) -> Values:
    """Certificates; definitions are kept when the release goes, lest all certificates go too."""
    budget = disruption_budget(context)
    return {
        "crds": {"enabled": True, "keep": True},
        "global": {"leaderElection": {"namespace": "cert-manager"}},
        "config": {
            "apiVersion": "controller.config.cert-manager.io/v1alpha1",
            "kind": "ControllerConfiguration",
            "enableGatewayAPI": True,
        },
        "replicaCount": context.pick(1, 2),
        "podDisruptionBudget": budget,
        "resources": resources(
            context.amount("10m", "50m"), context.amount("64Mi", "128Mi"), "512Mi"
        ),
        "webhook": {
            "replicaCount": context.pick(1, 3),
            "podDisruptionBudget": budget,
            "resources": resources(context.amount("10m", "20m"), "64Mi", "128Mi"),
        },
        "cainjector": {
            "replicaCount": context.pick(1, 2),
            "podDisruptionBudget": budget,
            "resources": resources(context.amount("10m", "50m"), "128Mi", "512Mi"),
        },
        "startupapicheck": {"resources": resources("10m", "32Mi", "64Mi")},
        "prometheus": {"enabled": True, "servicemonitor": {"enabled": True}},
    }


def load_balancer_controller(context: AddonContext) -> Values:
    """Network load balancers, internal unless a Service says otherwise.

    The webhook that changes Services is off: every Service asks for its load balancer itself,
    and while the controller starts nobody else's Service is refused. Its own Gateway API
    controllers are off, since Envoy Gateway owns the gateways.
    """
    return {
        "clusterName": context.cluster_name,
        "region": context.region,
        "vpcId": context.vpc_id,
        "replicaCount": context.pick(1, 2),
        "serviceAccount": {"create": True, "name": "aws-load-balancer-controller"},
        "podDisruptionBudget": {"maxUnavailable": 1},
        "resources": resources("100m", "128Mi", "512Mi"),
        "podSecurityContext": {"fsGroup": 65534, **RESTRICTED_POD},
        "securityContext": RESTRICTED_CONTAINER,
        "enableCertManager": True,
        "enableServiceMutatorWebhook": False,
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "defaultTargetType": "ip",
        "defaultLoadBalancerScheme": "internal",
        "defaultTags": dict(context.tags),
        "controllerConfig": {"featureGates": {"ALBGatewayAPI": False, "NLBGatewayAPI": False}},
        "serviceMonitor": {"enabled": True},
    }


def external_secrets(context: AddonContext) -> Values:
    """Secrets from AWS Secrets Manager, and passwords generated in the cluster."""
    budget = disruption_budget(context)
    probes = {"livenessProbe": {"enabled": True}, "readinessProbe": {"enabled": True}}
    return {
        "installCRDs": True,
        "replicaCount": context.pick(1, 2),
        "leaderElect": context.large,
        "podDisruptionBudget": budget,
        "resources": resources("50m", "128Mi", "512Mi"),
        "serviceAccount": {"create": True, "name": "external-secrets"},
        "serviceMonitor": {"enabled": True, "renderMode": "alwaysRender"},
        "grafanaDashboard": {"enabled": True},
        **probes,
        "webhook": {
            "replicaCount": context.pick(1, 2),
            "podDisruptionBudget": budget,
            "resources": resources("20m", "64Mi", "128Mi"),
        },
        "certController": {
            "replicaCount": 1,
            "resources": resources("20m", "128Mi", "256Mi"),
        },
        "topologySpreadConstraints": over_zones({"app.kubernetes.io/name": "external-secrets"}),
    }
