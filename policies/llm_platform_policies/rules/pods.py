"""What pods may do on their node, and how much of it they may take."""

from collections.abc import Iterator, Mapping
from typing import Any

from llm_platform.addons.table import ADDONS
from llm_platform.cost import UNKNOWN
from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform_policies.helm import RELEASE, as_mapping, find_keys
from llm_platform_policies.model import Context, Policy, Severity
from llm_platform_policies.pods import (
    LASTING_LISTS,
    MODEL_KINDS,
    POD,
    POD_TYPES,
    RUNTIME_KINDS,
    containers_of,
    in_containers,
    pods_of,
)
from llm_platform_policies.reader import Reader
from llm_platform_policies.unknowns import deny, unverifiable

MODEL = "model"
"""Where an InferenceService keeps the container that runs a model."""

NAMESPACE = "kubernetes:core/v1:Namespace"
ENFORCE = "pod-security.kubernetes.io/enforce"

PRIVILEGED_NAMESPACES = {
    "kube-system": "EKS's own agents: CNI, kube-proxy, pod identity, EBS driver",
    **{
        addon.namespace: f"{addon.name}: {addon.note or addon.purpose}"
        for addon in ADDONS.values()
        if addon.own_namespace and addon.pod_security is PodSecurity.PRIVILEGED
    },
}
"""Namespaces that may be labelled privileged, with the reason: Kubernetes' own, and those of the
add-ons that say so in the table of add-ons."""

SAFE_CAPABILITIES = frozenset({"NET_BIND_SERVICE"})
HOST_SWITCHES = ("hostPID", "hostIPC", "hostNetwork")


def _privileged(resource: Reader, _context: Context) -> Iterator[str]:
    if resource.type == NAMESPACE:
        yield from _namespace(resource)
        return
    for pod in pods_of(resource):
        yield from _host(pod)
        pod_says: Any = pod.get("securityContext.runAsNonRoot")
        pod_user: Any = pod.get("securityContext.runAsUser")
        for container in containers_of(pod):
            yield from _container(container, pod_says, pod_user)
        if resource.type in MODEL_KINDS and pod.has(MODEL):
            yield from _model(pod.nested(MODEL))


def _model(model: Reader) -> Iterator[str]:
    """A model's container is its runtime's; it may not be given more than the runtime has."""
    for switch in ("privileged", "allowPrivilegeEscalation"):
        if model.get(f"securityContext.{switch}") is True:
            yield f"{model.where}.securityContext.{switch} is true."


def _namespace(resource: Reader) -> Iterator[str]:
    name = str(resource.get("metadata.name") or resource.name)
    level = resource.get("metadata.labels", ENFORCE)
    if level is UNKNOWN:
        return
    if level == "privileged" and name not in PRIVILEGED_NAMESPACES:
        yield (
            f"{name} is labelled {ENFORCE}=privileged; only "
            f"{', '.join(sorted(PRIVILEGED_NAMESPACES))} may be."
        )
    elif level is None and name not in PRIVILEGED_NAMESPACES:
        yield f"{name} has no label {ENFORCE}, so nothing holds its pods back."


def _host(pod: Reader) -> Iterator[str]:
    for switch in HOST_SWITCHES:
        if pod.get(switch) is True:
            yield f"{pod.where}.{switch} is true."
    for volume in pod.each("volumes"):
        if volume.get("hostPath") not in (None, UNKNOWN):
            yield f"{volume.where} is a hostPath: the pod could reach the node's files."


def _container(container: Reader, pod_says: Any, pod_user: Any) -> Iterator[str]:
    where = f"{container.where}.securityContext"
    if container.get("securityContext.privileged") is True:
        yield f"{where}.privileged is true."
    escalation = container.get("securityContext.allowPrivilegeEscalation")
    if escalation not in (False, UNKNOWN):
        yield f"{where}.allowPrivilegeEscalation is not false."
    user = container.get("securityContext.runAsUser")
    effective_user = pod_user if user is None else user
    if effective_user == 0:
        yield f"{where}.runAsUser is 0, which is root."
    says = container.get("securityContext.runAsNonRoot")
    effective = pod_says if says is None else says
    if effective not in (True, UNKNOWN) and effective_user in (None, 0):
        yield f"{where}.runAsNonRoot is not true, here or in the pod."
    for added in container.each("securityContext.capabilities.add"):
        if str(added.value) not in SAFE_CAPABILITIES:
            yield f"{added.where} is {added.value}; {', '.join(SAFE_CAPABILITIES)} may be added."


_STATED = "what a pod may do must be stated in the program"

PRIVILEGED = Policy(
    id="pods-privileged",
    title="Pods stay in their box",
    description="Pods must not be privileged, run as root, or reach into their node.",
    severity=Severity.HIGH,
    remediation="Set runAsNonRoot, allowPrivilegeEscalation: false and drop capabilities; use a "
    "volume of the cluster instead of hostPath. An add-on that cannot do so says so, with the "
    "reason, in the table of add-ons.",
    types=(NAMESPACE, *POD_TYPES),
    fields=(
        *deny("metadata.labels.*", *(f"{POD}.{switch}" for switch in HOST_SWITCHES), why=_STATED),
        *unverifiable("metadata.name", why="the namespace gets its name in the run"),
        *deny(
            f"{POD}.volumes[]",
            f"{POD}.volumes[].hostPath",
            f"{POD}.securityContext.runAsNonRoot",
            f"{POD}.securityContext.runAsUser",
            f"{POD}.{MODEL}.securityContext.privileged",
            f"{POD}.{MODEL}.securityContext.allowPrivilegeEscalation",
            *in_containers(
                "securityContext.privileged",
                "securityContext.allowPrivilegeEscalation",
                "securityContext.runAsNonRoot",
                "securityContext.runAsUser",
                "securityContext.capabilities.add[]",
            ),
            why=_STATED,
        ),
    ),
    equivalents=(
        "CKV_K8S_16",
        "CKV_K8S_17",
        "CKV_K8S_18",
        "CKV_K8S_19",
        "CKV_K8S_20",
        "CKV_K8S_23",
        "KSV-0001",
        "KSV-0008",
        "KSV-0009",
        "KSV-0010",
        "KSV-0012",
        "KSV-0017",
        "KSV-0023",
        "CIS EKS 1.8: 4.2.1",
        "CIS EKS 1.8: 4.2.2",
        "CIS EKS 1.8: 4.2.3",
        "CIS EKS 1.8: 4.2.4",
        "CIS EKS 1.8: 4.2.5",
        "C-0013",
        "C-0016",
        "C-0038",
        "C-0041",
        "C-0045",
        "C-0057",
        "NSA: pod security",
    ),
    check=_privileged,
)

GPU = "nvidia.com/gpu"


def _limits(resource: Reader, _context: Context) -> Iterator[str]:
    if resource.type == RELEASE:
        yield from _release_resources(resource)
        return
    for pod in pods_of(resource):
        for container in containers_of(pod, LASTING_LISTS):
            yield from _amounts(container)
        if resource.type in MODEL_KINDS and pod.has(MODEL):
            yield from _amounts(pod.nested(MODEL))


def _amounts(container: Reader) -> Iterator[str]:
    where = f"{container.where}.resources"
    requests = {name: container.get("resources.requests", name) for name in ("cpu", "memory")}
    memory = container.get("resources.limits", "memory")
    missing = [f"requests.{name}" for name, amount in requests.items() if amount is None]
    if memory is None:
        missing.append("limits.memory")
    if missing:
        yield f"{where} lacks {', '.join(missing)}."
    asked = container.get("resources.requests", GPU)
    limit = container.get("resources.limits", GPU)
    if asked is not None and UNKNOWN not in (asked, limit) and str(asked) != str(limit):
        yield f"{where}: requests and limits of {GPU} must be equal, and stated as limits."


def _release_resources(release: Reader) -> Iterator[str]:
    for where, found in find_keys(release.get("values"), "resources", "values"):
        if found is UNKNOWN:
            release.undecided("values", where)
        else:
            yield from _stated(release, where, as_mapping(found))


def _stated(release: Reader, where: str, resources: Mapping[str, Any]) -> Iterator[str]:
    """Resources that a chart's values state: whoever states some, states all that count."""
    if UNKNOWN in (resources.get("requests"), resources.get("limits")):
        release.undecided("values", where)
        return
    requests = as_mapping(resources.get("requests"))
    limits = as_mapping(resources.get("limits"))
    if "storage" in requests or not (requests or limits):
        return
    missing = [f"requests.{name}" for name in ("cpu", "memory") if name not in requests]
    if "memory" not in limits:
        missing.append("limits.memory")
    if missing:
        yield f"{where} lacks {', '.join(missing)}."


_AMOUNTS = ("resources.requests.*", "resources.limits.*")

LIMITS = Policy(
    id="pods-limits",
    title="Pods say what they need",
    description="Containers must state requests of CPU and memory and a limit of memory.",
    severity=Severity.MEDIUM,
    remediation="Set resources.requests.cpu, resources.requests.memory and "
    "resources.limits.memory; GPUs are limits.",
    types=(*(kind for kind in POD_TYPES if kind not in RUNTIME_KINDS), RELEASE),
    fields=(
        *deny(
            *in_containers(*_AMOUNTS, lists=LASTING_LISTS),
            *(f"{POD}.{MODEL}.{path}" for path in _AMOUNTS),
            why="what a pod takes must be stated in the program",
        ),
        *unverifiable("values", why="the chart's values are decided by the run"),
    ),
    equivalents=(
        "CKV_K8S_10",
        "CKV_K8S_11",
        "CKV_K8S_12",
        "CKV_K8S_13",
        "KSV-0011",
        "KSV-0015",
        "KSV-0016",
        "KSV-0018",
        "C-0270",
        "C-0271",
    ),
    check=_limits,
)

POLICIES = (PRIVILEGED, LIMITS)
