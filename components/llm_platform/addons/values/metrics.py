"""Values of Prometheus, Alertmanager, Grafana and their agents, and of cost accounting. Pure."""

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values.common import (
    EVERY_NODE,
    JAEGER_QUERY_URL,
    LOKI_URL,
    MONITORING,
    PROMETHEUS_SERVICE,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Values,
    claim,
    resources,
)

GRAFANA_SECRET = "grafana-admin"  # noqa: S105 - the name of a Secret
GRAFANA_USER_KEY = "admin-user"
GRAFANA_PASSWORD_KEY = "admin-password"  # noqa: S105 - the name of a key

COST_LABELS = ("team", "owner", "cost-center", "environment")
NOT_OURS = ("kubeEtcd", "kubeControllerManager", "kubeScheduler", "kubeProxy")
"""Parts of the control plane that EKS runs and does not let be scraped."""


def kube_prometheus_stack(context: AddonContext) -> Values:
    """Metrics, alerts and dashboards. Selectors are open: any namespace may bring monitors."""
    off = {"enabled": False}
    rules = (
        "etcd",
        "kubeControllerManager",
        "kubeProxy",
        "kubeSchedulerAlerting",
        "kubeSchedulerRecording",
    )
    return {
        "crds": off,
        **dict.fromkeys(NOT_OURS, off),
        "defaultRules": {"create": True, "rules": dict.fromkeys(rules, False)},
        "prometheusOperator": {
            "resources": resources(context.amount("10m", "50m"), "128Mi", "256Mi"),
            "admissionWebhooks": {"certManager": {"enabled": True}},
            "prometheusConfigReloader": {"resources": resources("10m", "50Mi", "100Mi")},
        },
        "prometheus": _prometheus(context),
        "alertmanager": _alertmanager(context),
        "grafana": _grafana(context) if context.passwords else off,
        "kube-state-metrics": {
            "resources": resources("20m", "128Mi", "512Mi"),
            "metricLabelsAllowlist": [
                f"pods=[{','.join(COST_LABELS)}]",
                f"namespaces=[{','.join(COST_LABELS)}]",
                "nodes=[llm-platform.dev/pool,llm-platform.dev/accelerator]",
            ],
        },
        "prometheus-node-exporter": {
            "tolerations": EVERY_NODE,
            "resources": resources("20m", "32Mi", "128Mi"),
        },
    }


def _prometheus(context: AddonContext) -> Values:
    open_selectors = (
        "ruleSelectorNilUsesHelmValues",
        "serviceMonitorSelectorNilUsesHelmValues",
        "podMonitorSelectorNilUsesHelmValues",
        "probeSelectorNilUsesHelmValues",
        "scrapeConfigSelectorNilUsesHelmValues",
    )
    storage = claim(context, "100Gi" if context.large else "20Gi")
    return {
        "podDisruptionBudget": {"enabled": context.large, "minAvailable": 1},
        "prometheusSpec": {
            **dict.fromkeys(open_selectors, False),
            "replicas": context.pick(1, 2),
            "podAntiAffinity": "soft",
            "retention": "15d" if context.large else "3d",
            "retentionSize": "90GB" if context.large else "17GB",
            "enableAdminAPI": False,
            "externalLabels": {"cluster": context.cluster_name},
            "resources": resources("500m", "4Gi", "8Gi")
            if context.large
            else resources("100m", "512Mi", "2Gi"),
            "storageSpec": {"volumeClaimTemplate": storage},
        },
    }


def _alertmanager(context: AddonContext) -> Values:
    """One route that groups; who is told is added by AlertmanagerConfig objects."""
    return {
        "podDisruptionBudget": {"enabled": context.large, "minAvailable": 1},
        "config": {
            "route": {
                "receiver": "platform",
                "group_by": ["namespace", "alertname"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "4h",
            },
            "receivers": [{"name": "platform"}],
            "inhibit_rules": [
                {
                    "source_matchers": ["severity = critical"],
                    "target_matchers": ["severity =~ warning|info"],
                    "equal": ["namespace", "alertname"],
                }
            ],
        },
        "alertmanagerSpec": {
            "replicas": context.pick(1, 3),
            "podAntiAffinity": "soft",
            "retention": "120h",
            "resources": resources("20m", "64Mi", "256Mi"),
            "alertmanagerConfigMatcherStrategy": {"type": "None"},
            "storage": {"volumeClaimTemplate": claim(context, "5Gi")},
        },
    }


def _grafana(context: AddonContext) -> Values:
    """Dashboards from ConfigMaps of every namespace; the administrator's password from a Secret."""
    sidecar = resources("10m", "96Mi", "256Mi")
    return {
        "admin": {
            "existingSecret": GRAFANA_SECRET,
            "userKey": GRAFANA_USER_KEY,
            "passwordKey": GRAFANA_PASSWORD_KEY,
        },
        "deploymentStrategy": {"type": "Recreate"},
        "initChownData": {"enabled": False},
        "resources": resources("100m", "256Mi", "512Mi"),
        "persistence": {
            "enabled": True,
            "size": "10Gi",
            "storageClassName": context.storage_class,
        },
        "sidecar": {
            "resources": sidecar,
            "dashboards": {
                "enabled": True,
                "label": "grafana_dashboard",
                "labelValue": "1",
                "searchNamespace": "ALL",
                "folderAnnotation": "grafana_folder",
                "provider": {"foldersFromFilesStructure": True},
            },
            "datasources": {"enabled": True, "defaultDatasourceEnabled": True},
        },
        "additionalDataSources": [
            {"name": "Loki", "uid": "loki", "type": "loki", "access": "proxy", "url": LOKI_URL},
            {
                "name": "Jaeger",
                "uid": "jaeger",
                "type": "jaeger",
                "access": "proxy",
                "url": JAEGER_QUERY_URL,
            },
        ],
        "grafana.ini": {
            "auth.anonymous": {"enabled": False},
            "users": {"allow_sign_up": False},
            "security": {"cookie_secure": True, "disable_gravatar": True},
            "analytics": {"reporting_enabled": False, "check_for_updates": False},
        },
        "serviceMonitor": {"enabled": True},
    }


def opencost(context: AddonContext) -> Values:
    """What each team's pods cost, by the labels of `cost_labels`, at AWS's list prices."""
    return {
        "podSecurityContext": {**RESTRICTED_POD, "runAsUser": 1001, "fsGroup": 1001},
        "opencost": {
            "exporter": {
                "defaultClusterId": context.cluster_name,
                "replicas": 1,
                "resources": resources("50m", "256Mi", "1Gi"),
                "securityContext": RESTRICTED_CONTAINER,
            },
            "mcp": {"enabled": False},
            "prometheus": {
                "internal": {
                    "enabled": True,
                    "serviceName": PROMETHEUS_SERVICE,
                    "namespaceName": MONITORING,
                    "port": 9090,
                }
            },
            "metrics": {"serviceMonitor": {"enabled": True}},
            "cloudCost": {"enabled": False},
            "ui": {"enabled": False},
        },
    }
