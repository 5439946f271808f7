"""Programs that the tests of the stand-in for `kubernetes` run."""

import base64
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import ResourceOptions

from local.providers.kubernetes.objects import SKIP_AWAIT

SECRET = "correct-horse-battery"
ENCODED = base64.b64encode(SECRET.encode()).decode()
sdk: Any = kubernetes
"""Untyped: objects are written as dictionaries here, as people write them."""

core = sdk.core.v1
custom = sdk.apiextensions.CustomResource


def children(parent: pulumi.Resource, opts: ResourceOptions) -> ResourceOptions:
    return ResourceOptions.merge(opts, ResourceOptions(depends_on=[parent]))


def config_map(name: str, room: str, opts: ResourceOptions, **metadata: Any) -> Any:
    meta: Any = {"name": name, "namespace": room, **metadata}
    return core.ConfigMap(name, metadata=meta, data={"a": "one"}, opts=opts)


def deployment(
    room: pulumi.Input[str],
    opts: ResourceOptions,
    label: str = "web",
    logical: str = "web",
    **spec: Any,
) -> Any:
    annotations = {SKIP_AWAIT: "true"}
    container = {
        "name": "web",
        "image": "web:1",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "A", "value": ""}, {"name": "B", "value": "1000m"}],
        "resources": {"limits": {"cpu": "1500m", "memory": "2048Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "runAsNonRoot": True},
    }
    pod: Any = {"automountServiceAccountToken": False, "hostNetwork": False}
    return sdk.apps.v1.Deployment(
        logical,
        metadata={"name": "web", "namespace": room, "annotations": annotations},
        spec={
            "selector": {"matchLabels": {"app": label}},
            "template": {
                "metadata": {"labels": {"app": label}},
                "spec": {
                    **pod,
                    "containers": [container],
                    "volumes": [{"name": "v", "emptyDir": {}}],
                },
            },
            **spec,
        },
        opts=opts,
    )


def platform(opts: ResourceOptions) -> None:
    """A wide choice of kinds, written as people write them."""
    room = core.Namespace("room", metadata={"labels": {"team": "a"}}, opts=opts)
    inside = children(room, opts)
    name = room.metadata["name"]
    core.ConfigMap(
        "config", metadata={"namespace": name}, data={"q": "1000m", "e": ""}, opts=inside
    )
    core.Secret("secret", metadata={"namespace": name}, string_data={"p": SECRET}, opts=inside)
    core.Secret("encoded", metadata={"namespace": name}, data={"p": ENCODED}, opts=inside)
    account = core.ServiceAccount(
        "account", metadata={"namespace": name}, automount_service_account_token=False, opts=inside
    )
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    rbac = sdk.rbac.v1
    role = rbac.Role("role", metadata={"namespace": name}, rules=rules, opts=inside)
    rbac.RoleBinding(
        "binding",
        metadata={"namespace": name},
        role_ref={
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": role.metadata["name"],
        },
        subjects=[{"kind": "ServiceAccount", "name": account.metadata["name"], "namespace": name}],
        opts=inside,
    )
    hard = {"requests.cpu": "3000m", "requests.memory": "2048Mi", "pods": "1e1", "limits.cpu": "4"}
    core.ResourceQuota("quota", metadata={"namespace": name}, spec={"hard": hard}, opts=inside)
    limit = {"type": "Container", "defaultRequest": {"cpu": "0.1"}, "max": {"memory": "1024Mi"}}
    core.LimitRange("limits", metadata={"namespace": name}, spec={"limits": [limit]}, opts=inside)
    sdk.networking.v1.NetworkPolicy(
        "deny",
        metadata={"namespace": name},
        spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": []},
        opts=inside,
    )
    sdk.networking.v1.NetworkPolicy(
        "dns",
        metadata={"namespace": name},
        spec={
            "podSelector": {},
            "egress": [
                {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}
            ],
        },
        opts=inside,
    )
    sdk.policy.v1.PodDisruptionBudget(
        "pdb",
        metadata={"namespace": name},
        spec={"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}},
        opts=inside,
    )
    deployment(name, inside, replicas=0)
    sdk.scheduling.v1.PriorityClass(
        "priority", value=1000, global_default=False, description="", opts=opts
    )
    sdk.storage.v1.StorageClass(
        "fast", provisioner="ebs.csi.aws.com", parameters={"type": "gp3"}, opts=opts
    )
    release = sdk.helm.v3.Release(
        "karpenter",
        chart="karpenter",
        version="1.8.2",
        namespace=name,
        values={"replicas": 0, "cpu": "1000m", "on": False, "empty": {}},
        opts=inside,
    )
    core.Service(
        "service",
        metadata={"namespace": name, "annotations": {SKIP_AWAIT: "true"}},
        spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
        opts=inside,
    )
    node_pool(children(release, opts))


def node_pool(opts: ResourceOptions, **extra: Any) -> None:
    requirement = {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}
    reference = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "x"}
    template = {"spec": {"nodeClassRef": reference, "requirements": [requirement], **extra}}
    spec: Any = {"template": template, "limits": {"cpu": "1000m"}}
    custom("pool", api_version="karpenter.sh/v1", kind="NodePool", spec=spec, opts=opts)


def widget_definition() -> dict[str, Any]:
    integer = {"type": "integer"}
    spec = {"type": "object", "properties": {"size": integer}}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    version: dict[str, Any] = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.dev"},
        "spec": {
            "group": "example.dev", "scope": "Namespaced", "names": names, "versions": [version],
        },
    }  # fmt: skip


def widget(
    room: str, opts: ResourceOptions, spec: Any, logical: str = "widget", **annotations: str
) -> None:
    meta: Any = {"name": "widget", "namespace": room, "annotations": annotations}
    custom(
        logical,
        api_version="example.dev/v1",
        kind="Widget",
        metadata=meta,
        spec=spec,
        opts=opts,
    )
