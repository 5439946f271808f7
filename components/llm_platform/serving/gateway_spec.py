"""What the gateway is made of, as Gateway API, Envoy Gateway and cert-manager take it. Pure."""

from collections.abc import Mapping
from typing import Any

from llm_platform.addons.values.serving import (
    GATEWAY_CLASS,
    GATEWAY_CONTROLLER,
    GATEWAY_NAME,
    GATEWAY_NAMESPACE,
)
from llm_platform.kubernetes.labels import TENANT_LABEL

__all__ = ["GATEWAY_CLASS", "GATEWAY_NAME", "GATEWAY_NAMESPACE"]

CONTROLLER_NAMESPACE = "envoy-gateway-system"
ROOT_ISSUER = "serving-root"
AUTHORITY = "serving-authority"
CERTIFICATE = "serving-gateway-tls"

DRAIN_SECONDS = 120
MAX_FACTOR = 4

_LOAD_BALANCER = "service.beta.kubernetes.io/aws-load-balancer"
LOAD_BALANCER_CLASS = "service.k8s.aws/nlb"
"""Class by which the AWS Load Balancer Controller knows that a Service is its own."""

Spec = dict[str, Any]


def gateway_class(controller_namespace: Any) -> Spec:
    """The class of gateways that Envoy Gateway runs, all of one shape."""
    return {
        "controllerName": GATEWAY_CONTROLLER,
        "parametersRef": {
            "group": "gateway.envoyproxy.io",
            "kind": "EnvoyProxy",
            "name": GATEWAY_NAME,
            "namespace": controller_namespace,
        },
    }


def gateway(domain: str) -> Spec:
    """One HTTPS listener for every host below the domain, for routes of tenants."""
    return {
        "gatewayClassName": GATEWAY_CLASS,
        "listeners": [
            {
                "name": "https",
                "protocol": "HTTPS",
                "port": 443,
                "hostname": f"*.{domain}",
                "tls": {
                    "mode": "Terminate",
                    "certificateRefs": [{"kind": "Secret", "name": CERTIFICATE}],
                },
                "allowedRoutes": {
                    "namespaces": {
                        "from": "Selector",
                        "selector": {"matchLabels": {TENANT_LABEL: "true"}},
                    }
                },
            }
        ],
    }


def certificate(domain: str, issuer: Mapping[str, str]) -> Spec:
    """The gateway's certificate, for every host below the domain."""
    return {
        "secretName": CERTIFICATE,
        # hosts of gRPC lie one label deeper, which a wildcard does not cover
        "dnsNames": [f"*.{domain}", f"*.grpc.{domain}", f"*.triton.{domain}"],
        "duration": "2160h",
        "renewBefore": "720h",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["digital signature", "server auth"],
        "issuerRef": {"group": "cert-manager.io", **issuer},
    }


def authority() -> Spec:
    """A certificate authority of the cluster's own."""
    return {
        "isCA": True,
        "commonName": "llm-platform serving",
        "secretName": AUTHORITY,
        "duration": "43800h",
        "renewBefore": "4380h",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": ROOT_ISSUER},
    }


def proxy(replicas: int, tags: Any, *, internal: bool) -> Spec:
    """Envoy's pods and the Service in front of them.

    Args:
        replicas: Pods at the least.
        tags: Tags of the load balancer, as `load_balancer_tags` writes them.
        internal: Whether the load balancer has private addresses only.
    """
    annotations: Spec = {
        f"{_LOAD_BALANCER}-scheme": "internal" if internal else "internet-facing",
        f"{_LOAD_BALANCER}-nlb-target-type": "ip",
        f"{_LOAD_BALANCER}-target-group-attributes": "deregistration_delay.timeout_seconds="
        f"{DRAIN_SECONDS}",
    }
    if tags:
        annotations[f"{_LOAD_BALANCER}-additional-resource-tags"] = tags
    deployment: Spec = {
        "pod": {
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {
                        "matchLabels": {"gateway.envoyproxy.io/owning-gateway-name": GATEWAY_NAME}
                    },
                }
            ]
        },
        "container": {
            "resources": {
                "requests": {"cpu": "100m" if replicas == 1 else "200m", "memory": "256Mi"},
                "limits": {"memory": "1Gi"},
            }
        },
    }
    return {
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyDeployment": deployment,
                "envoyHpa": {
                    "minReplicas": replicas,
                    "maxReplicas": replicas * MAX_FACTOR,
                    "metrics": [
                        {
                            "type": "Resource",
                            "resource": {
                                "name": "cpu",
                                "target": {"type": "Utilization", "averageUtilization": 70},
                            },
                        }
                    ],
                },
                "envoyPDB": {"maxUnavailable": 1},
                "envoyService": {
                    "type": "LoadBalancer",
                    "loadBalancerClass": LOAD_BALANCER_CLASS,
                    "externalTrafficPolicy": "Cluster",
                    "annotations": annotations,
                },
            },
        },
        "shutdown": {"drainTimeout": f"{DRAIN_SECONDS}s"},
        "logging": {"level": {"default": "warn"}},
    }


def load_balancer_tags(tags: Mapping[str, str]) -> str:
    """Tags in the form that the load balancer controller reads from an annotation."""
    return ",".join(f"{key}={tags[key]}" for key in sorted(tags))
