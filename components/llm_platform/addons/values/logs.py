"""Values of the log store and of the agent that fills it. Pure."""

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values.common import (
    EVERY_NODE,
    LOKI_URL,
    RESTRICTED_CONTAINER,
    Values,
    required,
    resources,
)

ALLOY_FOLDER = "/var/lib/alloy"
SCHEMA_FROM = "2026-01-01"
"""First day of the index schema; it must never move, or older logs cannot be read."""


def loki(context: AddonContext) -> Values:
    """One process that does everything, several of them in a large platform; logs in S3.

    The bucket's own default key encrypts. Without caches of its own: a memcached of 8 GiB, as
    the chart would have it, is more than the logs are worth.
    """
    bucket = required(context.log_bucket, "a bucket for logs", "loki")
    replicas = context.pick(1, 3)
    off = {"enabled": False}
    return {
        "deploymentMode": "Monolithic",
        "loki": {
            "auth_enabled": False,
            "commonConfig": {"replication_factor": replicas},
            "analytics": {"reporting_enabled": False},
            "storage": {
                "type": "s3",
                "bucketNames": {"chunks": bucket, "ruler": bucket},
                "s3": {"region": context.region, "s3ForcePathStyle": False, "insecure": False},
            },
            "schemaConfig": {
                "configs": [
                    {
                        "from": SCHEMA_FROM,
                        "store": "tsdb",
                        "object_store": "s3",
                        "schema": "v13",
                        "index": {"prefix": "index_", "period": "24h"},
                    }
                ]
            },
            "limits_config": {
                "retention_period": "720h" if context.large else "168h",
                "ingestion_rate_mb": 20,
                "ingestion_burst_size_mb": 40,
                "max_global_streams_per_user": 20000,
                "allow_structured_metadata": True,
                "volume_enabled": True,
            },
            "compactor": {"retention_enabled": True, "delete_request_store": "s3"},
        },
        "serviceAccount": {"create": True, "name": "loki"},
        "singleBinary": {
            "replicas": replicas,
            "resources": resources("200m", "1Gi", "2Gi"),
            "persistence": {
                "enabled": True,
                "size": "50Gi" if context.large else "10Gi",
                "storageClass": context.storage_class,
            },
        },
        "read": {"replicas": 0},
        "write": {"replicas": 0},
        "backend": {"replicas": 0},
        "gateway": {
            "enabled": True,
            "replicas": context.pick(1, 2),
            "resources": resources("20m", "64Mi", "128Mi"),
            "metrics": {"resources": resources("10m", "32Mi", "64Mi")},
        },
        "chunksCache": off,
        "resultsCache": off,
        "lokiCanary": off,
        "test": off,
        "minio": off,
        "sidecar": {"resources": resources("10m", "64Mi", "128Mi")},
        "monitoring": {"serviceMonitor": {"enabled": True}},
    }


def alloy(context: AddonContext) -> Values:
    """Reads the pods' log files on every node, as root and read-only, and sends them to Loki."""
    return {
        "crds": {"create": False},
        "controller": {
            "type": "daemonset",
            "tolerations": EVERY_NODE,
            "priorityClassName": "system-node-critical",
            "volumes": {
                "extra": [
                    {
                        "name": "positions",
                        "hostPath": {"path": ALLOY_FOLDER, "type": "DirectoryOrCreate"},
                    }
                ]
            },
        },
        "alloy": {
            "configMap": {"content": collect_logs(context.cluster_name)},
            "storagePath": ALLOY_FOLDER,
            "enableReporting": False,
            "resources": resources("50m", "128Mi", "512Mi"),
            "securityContext": {**RESTRICTED_CONTAINER, "runAsUser": 0},
            "mounts": {
                "varlog": True,
                "extra": [{"name": "positions", "mountPath": ALLOY_FOLDER}],
            },
        },
        "configReloader": {"resources": resources("10m", "50Mi", "100Mi")},
        "serviceMonitor": {"enabled": True},
    }


def collect_logs(cluster_name: str) -> str:
    """Alloy's configuration: the files of this node's pods, labelled, to Loki."""
    labels = {
        "namespace": "__meta_kubernetes_namespace",
        "pod": "__meta_kubernetes_pod_name",
        "container": "__meta_kubernetes_pod_container_name",
        "node": "__meta_kubernetes_pod_node_name",
        "app": "__meta_kubernetes_pod_label_app_kubernetes_io_name",
        "team": "__meta_kubernetes_pod_label_team",
    }
    rules = "\n".join(
        f'  rule {{\n    source_labels = ["{source}"]\n    target_label  = "{target}"\n  }}'
        for target, source in labels.items()
    )
    return f"""\
discovery.kubernetes "pods" {{
  role = "pod"
  selectors {{
    role  = "pod"
    field = "spec.nodeName=" + sys.env("HOSTNAME")
  }}
}}

discovery.relabel "pods" {{
  targets = discovery.kubernetes.pods.targets
{rules}
  rule {{
    source_labels = ["__meta_kubernetes_pod_uid", "__meta_kubernetes_pod_container_name"]
    separator     = "/"
    replacement   = "/var/log/pods/*$1/*.log"
    target_label  = "__path__"
  }}
}}

local.file_match "pods" {{
  path_targets = discovery.relabel.pods.output
}}

loki.source.file "pods" {{
  targets    = local.file_match.pods.targets
  forward_to = [loki.process.pods.receiver]
}}

loki.process "pods" {{
  stage.cri {{}}
  forward_to = [loki.write.store.receiver]
}}

loki.write "store" {{
  endpoint {{
    url = "{LOKI_URL}/loki/api/v1/push"
  }}
  external_labels = {{ cluster = "{cluster_name}" }}
}}
"""
