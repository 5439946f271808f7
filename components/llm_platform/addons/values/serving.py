"""Values of what serves models: gateway, KServe, groups of pods, queues of jobs. Pure."""

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values.common import RESTRICTED_POD, Values, over_zones, resources

GATEWAY_CLASS = "envoy"
GATEWAY_CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
GATEWAY_NAMESPACE = "kserve"
GATEWAY_NAME = "kserve-ingress-gateway"


def envoy_gateway(context: AddonContext) -> Values:
    """The controller of gateways, with the kinds that it and the Gateway API define.

    Patches to Envoy's own configuration stay off: whoever may write one could send anybody's
    requests anywhere.
    """
    return {
        "crds": {"enabled": True},
        "deployment": {
            "replicas": context.pick(1, 2),
            "envoyGateway": {"resources": resources(context.amount("20m", "100m"), "256Mi", "1Gi")},
            "pod": {
                "topologySpreadConstraints": over_zones({"control-plane": "envoy-gateway"}),
            },
        },
        "podDisruptionBudget": {"minAvailable": context.pick(0, 1)},
        "certgen": {"job": {"resources": resources("10m", "64Mi", "128Mi")}},
        "config": {
            "envoyGateway": {
                "gateway": {"controllerName": GATEWAY_CONTROLLER},
                "provider": {"type": "Kubernetes"},
                "logging": {"level": {"default": "info"}},
                "extensionApis": {"enableEnvoyPatchPolicy": False, "enableBackend": False},
            }
        },
    }


def kserve_crds(_context: AddonContext) -> Values:
    """The chart is nothing but definitions."""
    return {}


def kserve(context: AddonContext) -> Values:
    """KServe in Standard mode: Deployments and HTTPRoutes, without Knative and Istio.

    Runtimes are the library's own, since the chart's are years old.
    """
    return {
        "kserve": {
            "createSharedResources": True,
            "controller": {
                "deploymentMode": "Standard",
                "imagePullPolicy": "IfNotPresent",
                "resources": resources(context.amount("20m", "100m"), "300Mi", "1Gi"),
                "rbacProxy": {"resources": resources("10m", "32Mi", "128Mi")},
                "gateway": {
                    "domain": context.domain,
                    "urlScheme": "https",
                    "disableIstioVirtualHost": True,
                    "disableIngressCreation": False,
                    "ingressGateway": {
                        "enableGatewayApi": True,
                        "createGateway": False,
                        "kserveGateway": f"{GATEWAY_NAMESPACE}/{GATEWAY_NAME}",
                        "className": GATEWAY_CLASS,
                    },
                },
            },
            "storage": {
                "resources": resources(context.amount("20m", "100m"), "256Mi", "4Gi"),
                "s3": {"region": context.region},
            },
            "metricsaggregator": {
                "enableMetricAggregation": "false",
                "enablePrometheusScraping": "true",
            },
            "security": {"autoMountServiceAccountToken": False},
            "localmodel": {"enabled": False},
        }
    }


def lws(context: AddonContext) -> Values:
    """Groups of pods that serve one model together over several nodes."""
    return {
        "enableCertManager": True,
        "replicaCount": context.pick(1, 2),
        "resources": resources("100m", "256Mi", "1Gi"),
        "podSecurityContext": RESTRICTED_POD,
    }


def kueue(context: AddonContext) -> Values:
    """Queues of batch jobs, so that training waits for GPUs instead of failing."""
    return {
        "enableCertManager": True,
        "controllerManager": {
            "replicas": context.pick(1, 2),
            "manager": {"resources": resources("100m", "256Mi", "1Gi")},
            "podDisruptionBudget": {"enabled": context.large, "minAvailable": 1},
        },
    }
