"""Where the chart of each add-on is found when its registry cannot be reached. Data only."""

from collections.abc import Mapping
from types import MappingProxyType

from llm_platform.addons.table import ADDONS
from local.charts import vertical_pod_autoscaler
from local.charts.assembled import (
    argo_workflows,
    keda,
    kube_prometheus_stack,
    load_balancer_controller,
)
from local.charts.model import Recipe, Shipped, Source

_KSERVE = "github.com/kserve/kserve"
_KSERVE_VERSION = "v0.20.0"
_ENVOY_GATEWAY_VERSION = ADDONS["gateway-helm"].app_version

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "argo-workflows": Recipe(
            argo_workflows.MODULE,
            argo_workflows.VERSION,
            argo_workflows.VERSION,
            argo_workflows.KNOWN,
            argo_workflows.assemble,
            images=(argo_workflows.EXECUTOR_IMAGE,),
        ),
        "aws-load-balancer-controller": Recipe(
            "",
            "",
            "",
            load_balancer_controller.KNOWN,
            load_balancer_controller.assemble,
        ),
        "cert-manager": Shipped(
            "github.com/cert-manager/cert-manager",
            "v1.21.1",
            "deploy/charts/cert-manager",
            stamp=True,
        ),
        "external-secrets": Shipped(
            "github.com/external-secrets/external-secrets",
            "v0.20.4",
            "deploy/charts/external-secrets",
            added={"config/crds/bases": "templates/crds"},
            newer=("readinessProbe",),
        ),
        "gateway-helm": Shipped(
            "github.com/envoyproxy/gateway",
            _ENVOY_GATEWAY_VERSION,
            "charts/gateway-helm",
            stamp=True,
            values={
                "GatewayImage": f"docker.io/envoyproxy/gateway:{_ENVOY_GATEWAY_VERSION}",
                "GatewayImagePullPolicy": "IfNotPresent",
            },
            images=("docker.io/envoyproxy/envoy:distroless-v1.39.0",),
        ),
        "keda": Recipe(keda.MODULE, keda.VERSION, keda.APPLICATION, keda.KNOWN, keda.assemble),
        "kserve-crd": Shipped(_KSERVE, _KSERVE_VERSION, "charts/kserve-crd"),
        "kserve-resources": Shipped(_KSERVE, _KSERVE_VERSION, "charts/kserve-resources"),
        "kube-prometheus-stack": Recipe(
            kube_prometheus_stack.MODULE,
            kube_prometheus_stack.VERSION,
            kube_prometheus_stack.VERSION,
            kube_prometheus_stack.KNOWN,
            kube_prometheus_stack.assemble,
        ),
        "kueue": Shipped("sigs.k8s.io/kueue", "v0.15.0", "charts/kueue"),
        "lws": Shipped("sigs.k8s.io/lws", "v0.7.0", "charts/lws"),
        "prometheus-operator-crds": Recipe(
            kube_prometheus_stack.MODULE,
            kube_prometheus_stack.VERSION,
            kube_prometheus_stack.VERSION,
            {},
            kube_prometheus_stack.crds_only,
        ),
        "vertical-pod-autoscaler": Shipped(
            "k8s.io/autoscaler/vertical-pod-autoscaler",
            "v1.7.2",
            "charts/vertical-pod-autoscaler",
            application="1.7.1",
            extra={"webhook-certificate.yaml": vertical_pod_autoscaler.CERTIFICATE},
            newer=vertical_pod_autoscaler.NEWER,
            instead=vertical_pod_autoscaler.INSTEAD,
        ),
    }
)
"""By name of the chart."""
