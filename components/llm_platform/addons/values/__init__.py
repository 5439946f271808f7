"""Values of every add-on, by its name. Pure: the same context gives the same values."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values import (
    foundations,
    gpus,
    logs,
    metrics,
    mlops,
    scaling,
    serving,
    traces,
)
from llm_platform.addons.values.common import Values

VALUES: Mapping[str, Callable[[AddonContext], Values]] = MappingProxyType(
    {
        "alloy": logs.alloy,
        "argo-events": mlops.argo_events,
        "argo-workflows": mlops.argo_workflows,
        "aws-efa-k8s-device-plugin": gpus.efa_device_plugin,
        "aws-load-balancer-controller": foundations.load_balancer_controller,
        "cert-manager": foundations.cert_manager,
        "cluster-autoscaler": scaling.cluster_autoscaler,
        "external-secrets": foundations.external_secrets,
        "gateway-helm": serving.envoy_gateway,
        "gpu-operator": gpus.gpu_operator,
        "jaeger": traces.jaeger,
        "karpenter": scaling.karpenter,
        "karpenter-crd": scaling.karpenter_crds,
        "keda": scaling.keda,
        "kserve-crd": serving.kserve_crds,
        "kserve-resources": serving.kserve,
        "kube-prometheus-stack": metrics.kube_prometheus_stack,
        "kueue": serving.kueue,
        "loki": logs.loki,
        "lws": serving.lws,
        "mlflow": mlops.mlflow,
        "nvidia-device-plugin": gpus.nvidia_device_plugin,
        "opencost": metrics.opencost,
        "opentelemetry-collector": traces.opentelemetry_collector,
        "prometheus-operator-crds": foundations.prometheus_operator_crds,
        "vertical-pod-autoscaler": scaling.vertical_pod_autoscaler,
    }
)
"""Function that gives an add-on's values."""


def addon_values(name: str, context: AddonContext) -> Values:
    """The values of the add-on `name`.

    Raises:
        KeyError: There is no such add-on.
        ValueError: The context lacks what it needs, as `check_context` would have told.
    """
    return VALUES[name](context)
