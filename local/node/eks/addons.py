"""CoreDNS and metrics-server as the EKS add-ons make them, sized for one small node. Pure.

Read in the modules of coredns v1.13.2 and metrics-server v0.9.0 (their manifests and plugin
order) and compared with what EKS's own add-ons name things.
"""

from local.node.eks.kube import Document
from local.node.eks.load_balancers import FIRST_ADDRESS
from local.node.plan import DNS_ADDRESS, DNS_DOMAIN

NAMESPACE = "kube-system"
COREDNS_IMAGE = "registry.k8s.io/coredns/coredns:v1.13.2"
METRICS_SERVER_IMAGE = "registry.k8s.io/metrics-server/metrics-server:v0.9.0"
IMAGES = (COREDNS_IMAGE, METRICS_SERVER_IMAGE)

PRIORITY = "system-cluster-critical"
ROOT_CA = "kube-root-ca.crt"
"""ConfigMap with the cluster's authority, which Kubernetes keeps in every namespace."""
METRICS_PORT = 10251
_COMPONENT = "eks.amazonaws.com/component"
_DNS_SELECTOR = {"k8s-app": "kube-dns", _COMPONENT: "coredns"}
_METRICS_LABELS = {
    "app.kubernetes.io/name": "metrics-server",
    "app.kubernetes.io/instance": "metrics-server",
    "k8s-app": "metrics-server",
}
_RBAC = "rbac.authorization.k8s.io"


def corefile(domain: str) -> str:
    """CoreDNS's configuration.

    There is no name server outside to ask, so a name that is not the cluster's does not exist.
    CoreDNS asks ``template`` before ``kubernetes``; blocks of their own keep them apart.

    Args:
        domain: Domain of the models' host names: they lead to the first load balancer, as
            Route 53 would tell. Empty for none.
    """
    models = f"""\
{domain}:53 {{
    errors
    template IN A {{
        answer "{{{{ .Name }}}} 30 IN A {FIRST_ADDRESS}"
    }}
    template IN ANY {{
        rcode NOERROR
    }}
}}
"""
    return f"""\
{DNS_DOMAIN}:53 in-addr.arpa:53 ip6.arpa:53 {{
    errors
    kubernetes {DNS_DOMAIN} in-addr.arpa ip6.arpa {{
        pods insecure
    }}
    prometheus :9153
    cache 30
    loadbalance
}}
{models if domain else ""}\
.:53 {{
    errors
    health {{
        lameduck 5s
    }}
    ready
    template IN ANY {{
        rcode NXDOMAIN
    }}
    reload
}}
"""


def coredns(domain: str = "") -> list[Document]:
    """The add-on ``coredns``."""
    labels = {**_DNS_SELECTOR, "kubernetes.io/name": "CoreDNS"}
    rules = [
        _rule("", ["endpoints", "services", "pods", "namespaces"], ["list", "watch"]),
        _rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
        _rule("", ["nodes"], ["get"]),
    ]
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
    ]
    service = _object("v1", "Service", "kube-dns", {**labels, _COMPONENT: "kube-dns"})
    service["metadata"]["labels"]["kubernetes.io/cluster-service"] = "true"
    service["metadata"]["annotations"] = {
        "prometheus.io/port": "9153",
        "prometheus.io/scrape": "true",
    }
    # by one label, as on EKS, where the Service is older than the add-on
    selector = {"k8s-app": "kube-dns"}
    service["spec"] = {"selector": selector, "clusterIP": DNS_ADDRESS, "ports": ports}
    settings = _object("v1", "ConfigMap", "coredns", labels)
    settings["data"] = {"Corefile": corefile(domain)}
    return [
        _object("v1", "ServiceAccount", "coredns", labels),
        *_cluster_role("system:coredns", rules, "coredns", labels),
        settings,
        _deployment("coredns", labels, _DNS_SELECTOR, _coredns_pod()),
        service,
        _budget("coredns", labels, _DNS_SELECTOR),
    ]


def _coredns_pod() -> Document:
    container = {
        "name": "coredns",
        "image": COREDNS_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {
            "requests": {"cpu": "10m", "memory": "30Mi"},
            "limits": {"memory": "170Mi"},
        },
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": 8080},
            "initialDelaySeconds": 30,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": 8181},
            "periodSeconds": 2,
            "timeoutSeconds": 1,
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        },
    }
    items = [{"key": "Corefile", "path": "Corefile"}]
    return {
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": "coredns", "items": items}}],
    }


def metrics_server() -> list[Document]:
    """The add-on ``metrics-server``, with the API that it serves."""
    name, labels = "metrics-server", _METRICS_LABELS
    reader = _object(f"{_RBAC}/v1", "ClusterRole", "system:aggregated-metrics-reader", labels)
    del reader["metadata"]["namespace"]
    reader["metadata"]["labels"] = labels | {
        f"{_RBAC}/aggregate-to-{role}": "true" for role in ("view", "edit", "admin")
    }
    reader["rules"] = [_rule("metrics.k8s.io", ["pods", "nodes"], ["get", "list", "watch"])]
    rules = [
        _rule("", ["nodes/metrics"], ["get"]),
        _rule("", ["pods", "nodes"], ["get", "list", "watch"]),
    ]
    auth = _object(f"{_RBAC}/v1", "RoleBinding", "metrics-server-auth-reader", labels)
    auth |= {
        "roleRef": _reference("Role", "extension-apiserver-authentication-reader"),
        "subjects": [_subject(name)],
    }
    service = _object("v1", "Service", name, labels)
    https = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": "https"}
    service["spec"] = {
        "selector": {"k8s-app": name},
        "ports": [https | {"appProtocol": "https"}],
    }
    api = _object("apiregistration.k8s.io/v1", "APIService", "v1beta1.metrics.k8s.io", labels)
    del api["metadata"]["namespace"]
    api["spec"] = {
        "service": {"name": name, "namespace": NAMESPACE},
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "insecureSkipTLSVerify": True,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    return [
        _object("v1", "ServiceAccount", name, labels),
        reader,
        *_cluster_role("system:metrics-server", rules, name, labels),
        _cluster_binding("metrics-server:system:auth-delegator", "system:auth-delegator", name),
        auth,
        service,
        _deployment(name, labels, {"k8s-app": name}, _metrics_pod()),
        _budget(name, labels, {"k8s-app": name}),
        api,
    ]


def _metrics_pod() -> Document:
    def probe(path: str) -> Document:
        return {"path": path, "port": "https", "scheme": "HTTPS"}

    container = {
        "name": "metrics-server",
        "image": METRICS_SERVER_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": [
            "--cert-dir=/tmp",
            f"--secure-port={METRICS_PORT}",
            "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
            "--kubelet-use-node-status-port",
            "--kubelet-certificate-authority=/etc/kubernetes/ca/ca.crt",
            "--metric-resolution=15s",
            # simulated nodes have no kubelet to ask
            "--node-selector=type!=kwok",
        ],
        "resources": {
            "requests": {"cpu": "10m", "memory": "40Mi"},
            "limits": {"memory": "400Mi"},
        },
        "ports": [{"name": "https", "containerPort": METRICS_PORT, "protocol": "TCP"}],
        "livenessProbe": {"httpGet": probe("/livez"), "periodSeconds": 10, "failureThreshold": 3},
        "readinessProbe": {"httpGet": probe("/readyz"), "periodSeconds": 5, "failureThreshold": 3},
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 the pod's own
            {"name": "ca", "mountPath": "/etc/kubernetes/ca", "readOnly": True},
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {
        "serviceAccountName": "metrics-server",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "containers": [container],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {"name": "ca", "configMap": {"name": ROOT_CA}},
        ],
    }


def _object(version: str, kind: str, name: str, labels: dict[str, str]) -> Document:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(labels)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _deployment(
    name: str, labels: dict[str, str], selector: dict[str, str], pod: Document
) -> Document:
    deployment = _object("apps/v1", "Deployment", name, labels)
    critical = {"key": "CriticalAddonsOnly", "operator": "Exists"}
    pod = {"priorityClassName": PRIORITY, "tolerations": [critical], **pod}
    deployment["spec"] = {
        "replicas": 1,
        "revisionHistoryLimit": 2,
        "selector": {"matchLabels": selector},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
        "template": {"metadata": {"labels": {**labels, **selector}}, "spec": pod},
    }
    return deployment


def _budget(name: str, labels: dict[str, str], selector: dict[str, str]) -> Document:
    budget = _object("policy/v1", "PodDisruptionBudget", name, labels)
    budget["spec"] = {"maxUnavailable": 1, "selector": {"matchLabels": selector}}
    return budget


def _cluster_role(
    name: str, rules: list[Document], account: str, labels: dict[str, str]
) -> list[Document]:
    role = _object(f"{_RBAC}/v1", "ClusterRole", name, labels)
    del role["metadata"]["namespace"]
    role["rules"] = rules
    return [role, _cluster_binding(name, name, account)]


def _cluster_binding(name: str, role: str, account: str) -> Document:
    binding = _object(f"{_RBAC}/v1", "ClusterRoleBinding", name, {})
    del binding["metadata"]["namespace"]
    return {
        **binding,
        "roleRef": _reference("ClusterRole", role),
        "subjects": [_subject(account)],
    }


def _reference(kind: str, name: str) -> Document:
    return {"apiGroup": _RBAC, "kind": kind, "name": name}


def _subject(account: str) -> Document:
    return {"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}


def _rule(group: str, resources: list[str], verbs: list[str]) -> Document:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}
