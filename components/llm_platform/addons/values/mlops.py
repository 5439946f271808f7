"""Values of workflows, events and the model registry. Pure."""

from llm_platform.addons.context import AddonContext
from llm_platform.addons.values.common import (
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Values,
    required,
    resources,
)

WORKFLOW_ACCOUNT = "argo-workflow"
WORKFLOW_NAMESPACE = "argo-workflows"
NATS_VERSION = "2.10.10"


def argo_workflows(context: AddonContext) -> Values:
    """Retraining and rollouts as workflows. Only templates that were put there can be run.

    The definitions are rendered by the chart: the full ones would be downloaded by a job.
    """
    values: Values = {
        "crds": {"install": True, "keep": True, "full": False},
        "images": {"pullPolicy": "IfNotPresent"},
        "useStaticCredentials": False,
        "workflow": {
            "serviceAccount": {"create": True, "name": WORKFLOW_ACCOUNT},
            "rbac": {"create": True},
        },
        "controller": {
            "replicas": context.pick(1, 2),
            "pdb": {"enabled": context.large, "minAvailable": 1},
            "resources": resources(context.amount("20m", "100m"), "256Mi", "1Gi"),
            "podSecurityContext": RESTRICTED_POD,
            "workflowNamespaces": [WORKFLOW_NAMESPACE],
            "parallelism": 50,
            "namespaceParallelism": 20,
            "workflowRestrictions": {"templateReferencing": "Secure"},
            "workflowDefaults": {
                "spec": _workflow_defaults(logs=context.artifact_bucket is not None)
            },
            "metricsConfig": {"enabled": True},
            "serviceMonitor": {"enabled": True},
        },
        "mainContainer": {
            "resources": resources(context.amount("20m", "100m"), "256Mi", "1Gi"),
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        },
        "executor": {
            "resources": resources("10m", "64Mi", "256Mi"),
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        },
        "server": {
            "enabled": True,
            "replicas": context.pick(1, 2),
            "pdb": {"enabled": context.large, "minAvailable": 1},
            "authModes": ["client"],
            "secure": True,
            "resources": resources("50m", "128Mi", "512Mi"),
            "podSecurityContext": RESTRICTED_POD,
            "securityContext": {**RESTRICTED_CONTAINER, "runAsNonRoot": True},
        },
    }
    if context.artifact_bucket is not None:
        values["artifactRepository"] = {
            "s3": {
                "bucket": context.artifact_bucket,
                "endpoint": "s3.amazonaws.com",
                "region": context.region,
                "insecure": False,
                "useSDKCreds": True,
                "keyFormat": "workflows/{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}",
            },
        }
    return values


def _workflow_defaults(*, logs: bool) -> Values:
    """What a workflow is given that says nothing: an end, an account, and tidying up.

    Args:
        logs: Whether its logs are kept with the artifacts. Said here and not with the repository of
            artifacts, where no workflow could decline: one whose account may not write there would
            fail at its first step.
    """
    return {
        "archiveLogs": logs,
        "serviceAccountName": WORKFLOW_ACCOUNT,
        "activeDeadlineSeconds": 6 * 3600,
        "ttlStrategy": {
            "secondsAfterSuccess": 24 * 3600,
            "secondsAfterFailure": 7 * 24 * 3600,
        },
        "podGC": {"strategy": "OnPodSuccess"},
        "securityContext": {**RESTRICTED_POD, "runAsUser": 8737},
    }


def argo_events(context: AddonContext) -> Values:
    """Alerts, new data and schedules as triggers of workflows.

    Only pinned versions of NATS may be asked for: the chart's list has moving tags in it.
    """
    return {
        "crds": {"install": True, "keep": True},
        "configs": {
            "nats": {"versions": []},
            "jetstream": {
                "versions": [
                    {
                        "version": NATS_VERSION,
                        "natsImage": f"nats:{NATS_VERSION}",
                        "metricsExporterImage": "natsio/prometheus-nats-exporter:0.14.0",
                        "configReloaderImage": "natsio/nats-server-config-reloader:0.14.0",
                        "startCommand": "/nats-server",
                    }
                ]
            },
        },
        "global": {"securityContext": {**RESTRICTED_POD, "runAsUser": 9731}},
        "controller": {
            "replicas": context.pick(1, 2),
            "pdb": {"enabled": context.large, "minAvailable": 1},
            "resources": resources("50m", "128Mi", "512Mi"),
            "containerSecurityContext": RESTRICTED_CONTAINER,
            "metrics": {"enabled": True, "serviceMonitor": {"enabled": True}},
        },
        "webhook": {
            "enabled": True,
            "replicas": context.pick(1, 2),
            "resources": resources("20m", "64Mi", "128Mi"),
            "containerSecurityContext": RESTRICTED_CONTAINER,
        },
    }


def mlflow(context: AddonContext) -> Values:
    """Experiments and the model registry: records in PostgreSQL, artefacts in S3."""
    database = required(context.mlflow_database, "a PostgreSQL database", "mlflow")
    bucket = required(context.artifact_bucket, "a bucket for artefacts", "mlflow")
    return {
        "replicaCount": context.pick(1, 2),
        "backendStore": {
            "databaseMigration": True,
            "databaseConnectionCheck": False,
            "postgres": {
                "enabled": True,
                "host": database.host,
                "port": 5432,
                "database": database.database,
                "driver": "psycopg2",
            },
            "existingDatabaseSecret": {
                "name": database.secret,
                "usernameKey": "username",
                "passwordKey": "password",
            },
        },
        "artifactRoot": {
            "proxiedArtifactStorage": True,
            "s3": {"enabled": True, "bucket": bucket, "path": "mlflow"},
        },
        "serviceAccount": {"create": True, "name": "mlflow"},
        "podSecurityContext": {
            "fsGroup": 1001,
            "fsGroupChangePolicy": "OnRootMismatch",
            **RESTRICTED_POD,
        },
        "resources": resources("200m", "1Gi", "2Gi"),
        "telemetry": {"enabled": False},
        "serviceMonitor": {"enabled": True, "namespace": "mlflow"},
    }
