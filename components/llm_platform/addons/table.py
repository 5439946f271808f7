"""The one table of the platform's add-ons: which chart, which version, where, after what. Pure.

Versions were read on 2026-11-24 in the charts' own repositories, whose newest commits were of
June to August 2026. Where a chart could be had, its values here were checked against it; see
docs/add-ons.md.
"""

from collections.abc import Mapping
from types import MappingProxyType

from llm_platform.addons.kinds import CrdSource, Layer, Profile
from llm_platform.addons.model import Addon, AddonIdentity, AddonSecret
from llm_platform.addons.permissions import load_balancers, nodes, stores
from llm_platform.addons.values.metrics import (
    GRAFANA_PASSWORD_KEY,
    GRAFANA_SECRET,
    GRAFANA_USER_KEY,
)
from llm_platform.kubernetes.kinds import PodSecurity

SYSTEM = "kube-system"
MONITORS = "prometheus-operator-crds"
"""Brings the kinds by which Prometheus finds what to scrape. Several charts leave their
monitors out without a word when these are not there yet."""

PROMETHEUS_CHARTS = "oci://ghcr.io/prometheus-community/charts"
GRAFANA_COMMUNITY_CHARTS = "oci://ghcr.io/grafana-community/helm-charts"
GRAFANA_CHARTS = "https://grafana.github.io/helm-charts"
JAEGER_CHARTS = "https://jaegertracing.github.io/helm-charts"
OPENTELEMETRY_CHARTS = "https://open-telemetry.github.io/opentelemetry-helm-charts"
ARGO_CHARTS = "https://argoproj.github.io/argo-helm"
JETSTACK_CHARTS = "oci://quay.io/jetstack/charts"
ENVOY_CHARTS = "oci://docker.io/envoyproxy"
KSERVE_CHARTS = "oci://ghcr.io/kserve/charts"
KARPENTER_CHARTS = "oci://public.ecr.aws/karpenter"
KEDA_CHARTS = "https://kedacore.github.io/charts"
EKS_CHARTS = "https://aws.github.io/eks-charts"
EXTERNAL_SECRETS_CHARTS = "https://charts.external-secrets.io"
AUTOSCALER_CHARTS = "https://kubernetes.github.io/autoscaler"
NVIDIA_CHARTS = "https://helm.ngc.nvidia.com/nvidia"
NVIDIA_PLUGIN_CHARTS = "https://nvidia.github.io/k8s-device-plugin"
COMMUNITY_CHARTS = "https://community-charts.github.io/helm-charts"
OPENCOST_CHARTS = "https://opencost.github.io/opencost-helm-chart"
LWS_CHARTS = "oci://registry.k8s.io/lws/charts"
KUEUE_CHARTS = "oci://registry.k8s.io/kueue/charts"

_DEFINITIONS = (
    Addon(
        name=MONITORS,
        chart="prometheus-operator-crds",
        repository=PROMETHEUS_CHARTS,
        version="31.0.1",
        app_version="v0.93.1",
        namespace=SYSTEM,
        own_namespace=False,
        layer=Layer.CRDS,
        purpose="Kinds of monitors, rules and alert routes",
        crds=CrdSource.TEMPLATES,
    ),
    Addon(
        name="kserve-crd",
        chart="kserve-crd",
        repository=KSERVE_CHARTS,
        version="v0.20.0",
        app_version="v0.20.0",
        namespace=SYSTEM,
        own_namespace=False,
        layer=Layer.CRDS,
        purpose="Kinds of served models and their runtimes",
        crds=CrdSource.TEMPLATES,
    ),
    Addon(
        name="karpenter-crd",
        chart="karpenter-crd",
        repository=KARPENTER_CHARTS,
        version="1.14.1",
        app_version="1.14.1",
        namespace=SYSTEM,
        own_namespace=False,
        layer=Layer.CRDS,
        purpose="Kinds of node pools",
        crds=CrdSource.TEMPLATES,
        profile=Profile.ON_REQUEST,
    ),
)

_OPERATORS = (
    Addon(
        name="cert-manager",
        chart="cert-manager",
        repository=JETSTACK_CHARTS,
        version="v1.21.1",
        app_version="v1.21.1",
        namespace="cert-manager",
        layer=Layer.OPERATORS,
        purpose="Certificates of webhooks and gateways",
        requires=(MONITORS, "gateway-helm"),
        crds=CrdSource.TEMPLATES,
        note="Its definitions stay when the release goes. It starts after those of the Gateway API.",
    ),
    Addon(
        name="aws-load-balancer-controller",
        chart="aws-load-balancer-controller",
        repository=EKS_CHARTS,
        version="3.5.0",
        app_version="v3.5.0",
        namespace="aws-load-balancer-controller",
        layer=Layer.OPERATORS,
        purpose="Network load balancers of gateways",
        requires=(MONITORS, "cert-manager"),
        crds=CrdSource.FOLDER,
        identity=AddonIdentity("aws-load-balancer-controller", load_balancers.controller),
        note="Whatever has a load balancer must be deleted before it.",
    ),
    Addon(
        name="external-secrets",
        chart="external-secrets",
        repository=EXTERNAL_SECRETS_CHARTS,
        version="2.9.0",
        app_version="v2.9.0",
        namespace="external-secrets",
        layer=Layer.OPERATORS,
        purpose="Secrets from AWS Secrets Manager, and generated passwords",
        requires=(MONITORS,),
        crds=CrdSource.TEMPLATES,
        identity=AddonIdentity("external-secrets", stores.secrets_reader),
    ),
    Addon(
        name="cluster-autoscaler",
        chart="cluster-autoscaler",
        repository=AUTOSCALER_CHARTS,
        version="9.59.0",
        app_version="1.35.0",
        namespace="cluster-autoscaler",
        layer=Layer.OPERATORS,
        purpose="Sizes of managed node groups",
        requires=(MONITORS,),
        profile=Profile.ON_REQUEST,
        identity=AddonIdentity("cluster-autoscaler", nodes.cluster_autoscaler),
        note="Wanted as soon as a pool names it as its autoscaler.",
    ),
    Addon(
        name="karpenter",
        chart="karpenter",
        repository=KARPENTER_CHARTS,
        version="1.14.1",
        app_version="1.14.1",
        namespace=SYSTEM,
        own_namespace=False,
        layer=Layer.OPERATORS,
        purpose="Nodes on demand",
        requires=(MONITORS, "karpenter-crd"),
        crds=CrdSource.ELSEWHERE,
        profile=Profile.ON_REQUEST,
        identity=AddonIdentity("karpenter", nodes.karpenter),
        note="Needs a queue of interruption notices and a role of nodes.",
    ),
    Addon(
        name="keda",
        chart="keda",
        repository=KEDA_CHARTS,
        version="2.20.2",
        app_version="2.20.2",
        namespace="keda",
        layer=Layer.OPERATORS,
        purpose="Replicas by queue length and tokens",
        requires=(MONITORS,),
        crds=CrdSource.TEMPLATES,
    ),
    Addon(
        name="vertical-pod-autoscaler",
        chart="vertical-pod-autoscaler",
        repository=AUTOSCALER_CHARTS,
        version="0.11.0",
        app_version="1.7.1",
        namespace="vertical-pod-autoscaler",
        layer=Layer.OPERATORS,
        purpose="Requests of services that run on CPUs",
        requires=("cert-manager",),
        crds=CrdSource.FOLDER,
    ),
    Addon(
        name="gpu-operator",
        chart="gpu-operator",
        repository=NVIDIA_CHARTS,
        version="v26.7.0",
        app_version="v26.7.0",
        namespace="gpu-operator",
        layer=Layer.OPERATORS,
        purpose="GPUs as a resource, and their metrics",
        requires=(MONITORS,),
        pod_security=PodSecurity.PRIVILEGED,
        crds=CrdSource.FOLDER,
        timeout_minutes=15,
        note="A job upgrades the definitions.",
    ),
    Addon(
        name="nvidia-device-plugin",
        chart="nvidia-device-plugin",
        repository=NVIDIA_PLUGIN_CHARTS,
        version="0.20.0",
        app_version="0.20.0",
        namespace=SYSTEM,
        own_namespace=False,
        layer=Layer.OPERATORS,
        purpose="GPUs as a resource, without the operator",
        conflicts=(("gpu-operator", "a GPU would be given to two pods"),),
        profile=Profile.ON_REQUEST,
    ),
    Addon(
        name="aws-efa-k8s-device-plugin",
        chart="aws-efa-k8s-device-plugin",
        repository=EKS_CHARTS,
        version="v0.5.30",
        app_version="v0.5.20",
        namespace=SYSTEM,
        own_namespace=False,
        layer=Layer.OPERATORS,
        purpose="EFA interfaces as a resource",
        profile=Profile.ON_REQUEST,
    ),
    Addon(
        name="gateway-helm",
        chart="gateway-helm",
        repository=ENVOY_CHARTS,
        version="v1.9.0",
        app_version="v1.9.0",
        namespace="envoy-gateway-system",
        layer=Layer.OPERATORS,
        purpose="Gateways: TLS, tokens and limits in front of models",
        crds=CrdSource.FOLDER,
        note="Brings the kinds of the Gateway API (experimental channel, v1.6.1) too: "
        "gateway-crds-helm, which would make them a release of their own, is larger than the "
        "Secret in which Helm keeps a release. Envoy's own pods run in the same namespace.",
    ),
    Addon(
        name="kserve-resources",
        chart="kserve-resources",
        repository=KSERVE_CHARTS,
        version="v0.20.0",
        app_version="v0.20.0",
        namespace="kserve",
        layer=Layer.OPERATORS,
        purpose="Served models as objects of Kubernetes",
        requires=("kserve-crd", "cert-manager", "gateway-helm"),
        crds=CrdSource.ELSEWHERE,
        note="Served models must be deleted before it, for its webhooks guard them.",
    ),
    Addon(
        name="lws",
        chart="lws",
        repository=LWS_CHARTS,
        version="0.10.0",
        app_version="v0.10.0",
        namespace="lws-system",
        layer=Layer.OPERATORS,
        purpose="Models served by several nodes together",
        requires=("cert-manager",),
        crds=CrdSource.FOLDER,
        profile=Profile.ON_REQUEST,
    ),
    Addon(
        name="kueue",
        chart="kueue",
        repository=KUEUE_CHARTS,
        version="0.19.2",
        app_version="v0.19.2",
        namespace="kueue-system",
        layer=Layer.OPERATORS,
        purpose="Queues of batch jobs for GPUs",
        requires=("cert-manager",),
        crds=CrdSource.TEMPLATES,
        profile=Profile.ON_REQUEST,
    ),
    Addon(
        name="kube-prometheus-stack",
        chart="kube-prometheus-stack",
        repository=PROMETHEUS_CHARTS,
        version="88.5.3",
        app_version="v0.93.1",
        namespace="monitoring",
        layer=Layer.OPERATORS,
        purpose="Metrics, alerts and dashboards",
        requires=(MONITORS, "cert-manager", "external-secrets"),
        pod_security=PodSecurity.PRIVILEGED,
        crds=CrdSource.ELSEWHERE,
        secrets=(AddonSecret(GRAFANA_SECRET, GRAFANA_USER_KEY, "admin", GRAFANA_PASSWORD_KEY),),
        timeout_minutes=15,
        note="Privileged because of the node exporter, which reads the host.",
    ),
)

_WORKLOADS = (
    Addon(
        name="loki",
        chart="loki",
        repository=GRAFANA_COMMUNITY_CHARTS,
        version="18.11.0",
        app_version="3.7.6",
        namespace="loki",
        layer=Layer.WORKLOADS,
        purpose="Log store",
        requires=(MONITORS,),
        identity=AddonIdentity("loki", stores.logs_writer),
        note="Needs a bucket.",
    ),
    Addon(
        name="alloy",
        chart="alloy",
        repository=GRAFANA_CHARTS,
        version="1.11.1",
        app_version="v1.18.1",
        namespace="logging",
        layer=Layer.WORKLOADS,
        purpose="Collects the logs of every pod",
        requires=(MONITORS, "loki"),
        pod_security=PodSecurity.PRIVILEGED,
        note="Privileged because it reads the nodes' log files.",
    ),
    Addon(
        name="jaeger",
        chart="jaeger",
        repository=JAEGER_CHARTS,
        version="4.11.1",
        app_version="2.19.0",
        namespace="jaeger",
        layer=Layer.WORKLOADS,
        purpose="Trace store",
    ),
    Addon(
        name="opentelemetry-collector",
        chart="opentelemetry-collector",
        repository=OPENTELEMETRY_CHARTS,
        version="0.170.0",
        app_version="0.158.0",
        namespace="opentelemetry",
        layer=Layer.WORKLOADS,
        purpose="One address for traces and logs of services",
        requires=(MONITORS, "jaeger", "loki"),
    ),
    Addon(
        name="argo-workflows",
        chart="argo-workflows",
        repository=ARGO_CHARTS,
        version="1.0.18",
        app_version="v4.0.6",
        namespace="argo-workflows",
        layer=Layer.WORKLOADS,
        purpose="Retraining and rollouts",
        requires=(MONITORS,),
        crds=CrdSource.TEMPLATES,
        identity=AddonIdentity("argo-workflow", stores.workflow_artifacts),
    ),
    Addon(
        name="argo-events",
        chart="argo-events",
        repository=ARGO_CHARTS,
        version="2.4.22",
        app_version="v1.9.10",
        namespace="argo-events",
        layer=Layer.WORKLOADS,
        purpose="What starts a workflow: alerts, data, time",
        requires=(MONITORS, "argo-workflows"),
        crds=CrdSource.TEMPLATES,
    ),
    Addon(
        name="mlflow",
        chart="mlflow",
        repository=COMMUNITY_CHARTS,
        version="1.11.5",
        app_version="3.15.1",
        namespace="mlflow",
        layer=Layer.WORKLOADS,
        purpose="Experiments and model registry",
        requires=(MONITORS, "external-secrets"),
        profile=Profile.ON_REQUEST,
        identity=AddonIdentity("mlflow", stores.registry_artifacts),
        note="Needs a PostgreSQL database and a bucket.",
    ),
    Addon(
        name="opencost",
        chart="opencost",
        repository=OPENCOST_CHARTS,
        version="2.5.17",
        app_version="1.120.1",
        namespace="opencost",
        layer=Layer.WORKLOADS,
        purpose="What each team's pods cost",
        requires=(MONITORS, "kube-prometheus-stack"),
        identity=AddonIdentity("opencost", stores.prices_reader),
    ),
)

ADDONS: Mapping[str, Addon] = MappingProxyType(
    {addon.name: addon for addon in (*_DEFINITIONS, *_OPERATORS, *_WORKLOADS)}
)
"""Every add-on by its name."""
