"""The one table of the platform's add-ons: which chart, which version, where, after what. Pure.

Versions were read on 2026-11-24 in the charts' own repositories, whose newest commits were of
June to August 2026. All values were checked against those charts; docs/addons.md says how.
"""

from collections.abc import Mapping
from types import MappingProxyType

from llm_platform.addons import repositories as at
from llm_platform.addons.kinds import CrdSource, Layer, Profile
from llm_platform.addons.model import Addon, AddonIdentity
from llm_platform.addons.operators import OPERATORS
from llm_platform.addons.permissions import stores
from llm_platform.addons.repositories import MONITORS, SYSTEM
from llm_platform.kubernetes.kinds import PodSecurity

_DEFINITIONS = (
    Addon(
        name=MONITORS,
        chart="prometheus-operator-crds",
        repository=at.PROMETHEUS_CHARTS,
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
        repository=at.KSERVE_CHARTS,
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
        repository=at.KARPENTER_CHARTS,
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

_WORKLOADS = (
    Addon(
        name="loki",
        chart="loki",
        repository=at.GRAFANA_COMMUNITY_CHARTS,
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
        repository=at.GRAFANA_CHARTS,
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
        repository=at.JAEGER_CHARTS,
        version="4.11.1",
        app_version="2.19.0",
        namespace="jaeger",
        layer=Layer.WORKLOADS,
        purpose="Trace store",
    ),
    Addon(
        name="opentelemetry-collector",
        chart="opentelemetry-collector",
        repository=at.OPENTELEMETRY_CHARTS,
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
        repository=at.ARGO_CHARTS,
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
        repository=at.ARGO_CHARTS,
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
        repository=at.COMMUNITY_CHARTS,
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
        repository=at.OPENCOST_CHARTS,
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
    {addon.name: addon for addon in (*_DEFINITIONS, *OPERATORS, *_WORKLOADS)}
)
"""Every add-on by its name."""
