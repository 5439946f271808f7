"""Values of the trace store and of the collector in front of it. Pure."""

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values.common import (
    JAEGER_OTLP,
    LOKI_URL,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Values,
    over_zones,
    resources,
)

JAEGER_FOLDER = "/badger"
JAEGER_USER = 10001
JAEGER_CLAIM = "jaeger-traces"


def jaeger(context: AddonContext) -> Values:
    """Jaeger in one process, traces in Badger on a volume that the release brings along."""
    days = 7 if context.large else 2
    storage = {
        "badger": {
            "directories": {
                "keys": f"{JAEGER_FOLDER}/keys",
                "values": f"{JAEGER_FOLDER}/values",
            },
            "ephemeral": False,
            "ttl": {"spans": f"{days * 24}h"},
        }
    }
    return {
        "userconfig": {
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query", "healthcheckv2"],
                "pipelines": {
                    "traces": {
                        "receivers": ["otlp"],
                        "processors": ["batch"],
                        "exporters": ["jaeger_storage_exporter"],
                    }
                },
            },
            "extensions": {
                "healthcheckv2": {"use_v2": True, "http": {"endpoint": "0.0.0.0:13133"}},
                "jaeger_query": {"storage": {"traces": "main"}},
                "jaeger_storage": {"backends": {"main": storage}},
            },
            "receivers": {
                "otlp": {
                    "protocols": {
                        "grpc": {"endpoint": "0.0.0.0:4317"},
                        "http": {"endpoint": "0.0.0.0:4318"},
                    }
                }
            },
            "processors": {"batch": {}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "main"}},
        },
        "jaeger": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "resources": resources("100m", "512Mi", "2Gi"),
            "podSecurityContext": {
                **RESTRICTED_POD,
                "runAsUser": JAEGER_USER,
                "runAsGroup": JAEGER_USER,
                "fsGroup": JAEGER_USER,
            },
            "securityContext": RESTRICTED_CONTAINER,
            "extraVolumes": [
                {"name": "traces", "persistentVolumeClaim": {"claimName": JAEGER_CLAIM}}
            ],
            "extraVolumeMounts": [{"name": "traces", "mountPath": JAEGER_FOLDER}],
        },
        "extraObjects": [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": JAEGER_CLAIM},
                "spec": {
                    "storageClassName": context.storage_class,
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "50Gi" if context.large else "10Gi"}},
                },
            }
        ],
    }


def opentelemetry_collector(context: AddonContext) -> Values:
    """One address for traces and logs of every service: enriched, sampled, sent on.

    Of traces a share is kept; metrics of request rates, errors and durations are made of all
    of them first.
    """
    replicas = context.pick(1, 3)
    unused = ("jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")
    ports: Values = {port: {"enabled": False} for port in unused}
    ports["metrics"] = {"enabled": True}
    ports["spanmetrics"] = {
        "enabled": True,
        "containerPort": 8889,
        "servicePort": 8889,
        "protocol": "TCP",
    }
    return {
        "mode": "deployment",
        "image": {"repository": "otel/opentelemetry-collector-contrib"},
        "replicaCount": replicas,
        "presets": {"kubernetesAttributes": {"enabled": True}},
        "config": _pipelines(25 if context.large else 100),
        "ports": ports,
        "resources": resources("200m", "512Mi", "1Gi"),
        "podSecurityContext": {**RESTRICTED_POD, "runAsUser": 10001, "runAsGroup": 10001},
        "securityContext": RESTRICTED_CONTAINER,
        "podDisruptionBudget": {"enabled": context.large, "minAvailable": 1},
        "topologySpreadConstraints": over_zones(
            {"app.kubernetes.io/name": "opentelemetry-collector"}
        ),
        "serviceMonitor": {
            "enabled": True,
            "metricsEndpoints": [{"port": "metrics"}, {"port": "spanmetrics"}],
        },
    }


def _pipelines(kept_percent: int) -> Values:
    """The collector's configuration, over the chart's.

    The chart's own receivers for Jaeger, Zipkin and Prometheus stay defined, since a value
    cannot be taken away; no pipeline names them, so none of them is started.
    """
    return {
        "processors": {"probabilistic_sampler": {"sampling_percentage": kept_percent}},
        "connectors": {
            "forward/sampled": {},
            "spanmetrics": {
                "histogram": {"explicit": {"buckets": ["50ms", "100ms", "500ms", "1s", "5s"]}},
                "dimensions": [{"name": "k8s.namespace.name"}, {"name": "gen_ai.request.model"}],
            },
        },
        "exporters": {
            "otlp/jaeger": {"endpoint": JAEGER_OTLP, "tls": {"insecure": True}},
            "otlphttp/loki": {"endpoint": f"{LOKI_URL}/otlp"},
            "prometheus": {"endpoint": "${env:MY_POD_IP}:8889"},
        },
        "service": {
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "batch"],
                    "exporters": ["spanmetrics", "forward/sampled"],
                },
                "traces/sampled": {
                    "receivers": ["forward/sampled"],
                    "processors": ["probabilistic_sampler"],
                    "exporters": ["otlp/jaeger"],
                },
                "metrics": {
                    "receivers": ["spanmetrics"],
                    "processors": ["memory_limiter", "batch"],
                    "exporters": ["prometheus"],
                },
                "logs": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "batch"],
                    "exporters": ["otlphttp/loki"],
                },
            }
        },
    }
