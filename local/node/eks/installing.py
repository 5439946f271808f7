"""Puts into the cluster what EKS has there: add-ons, and the webhook of Pod Identity."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from local.cluster.pki import LOOPBACK
from local.node.eks import addons
from local.node.eks.kube import Document
from local.node.eks.pod_identity import WEBHOOK_PATH
from local.node.eks.settings import WEBHOOK
from local.providers.kubernetes.api import Api

if TYPE_CHECKING:
    from local.cluster.commands import CloudPlan

MANAGER = "eks"
"""Field manager of what EKS itself makes."""
WEBHOOK_NAME = "pod-identity-webhook"
WEBHOOK_SECONDS = 10
_PLURALS: Mapping[str, str] = {
    "APIService": "apiservices",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "ConfigMap": "configmaps",
    "Deployment": "deployments",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "RoleBinding": "rolebindings",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
}


def install(api: Api, plan: "CloudPlan", *, domain: str = "") -> None:
    """Apply everything, the webhook first: it is to see every pod.

    Args:
        api: The API server, as an administrator.
        plan: The live cloud.
        domain: Domain of the models' host names; they lead to the first load balancer.

    Raises:
        ProviderError: The API server refuses or cannot be reached.
        ValueError: The cloud has no node.
    """
    if plan.node is None:
        raise ValueError("the cloud has no node")
    authority = base64.b64encode(plan.pki.ca.read_bytes()).decode()
    hook = webhook(plan.node.ports[WEBHOOK], authority)
    for each in [hook, *addons.coredns(domain), *addons.metrics_server()]:
        api.apply(path_of(each), each, MANAGER, force=True, dry_run=False)


def webhook(port: int, authority: str) -> Document:
    """The configuration of Pod Identity's webhook.

    EKS lets a pod pass when its webhook fails, and the pod then runs without credentials. Here
    the pod is refused, and whoever makes it tries again.

    Args:
        port: Where it listens on loopback, beside the API server, as on EKS.
        authority: The cluster's authority in PEM, in base64.
    """
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
        "scope": "Namespaced",
    }
    hook: dict[str, Any] = {
        "name": "iam-for-pods.amazonaws.com",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {
            "url": f"https://{LOOPBACK}:{port}{WEBHOOK_PATH}",
            "caBundle": authority,
        },
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "reinvocationPolicy": "IfNeeded",
        "rules": [rule],
        "sideEffects": "None",
        "timeoutSeconds": WEBHOOK_SECONDS,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK_NAME},
        "webhooks": [hook],
    }


def path_of(each: Document) -> str:
    """Path of an object."""
    version, metadata = each["apiVersion"], each["metadata"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = metadata.get("namespace")
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{inside}/{_PLURALS[each['kind']]}/{metadata['name']}"
