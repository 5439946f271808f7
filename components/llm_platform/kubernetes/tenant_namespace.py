"""TenantNamespace: a team's room in the cluster, closed until something is let in."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.kubernetes import network_rules as rules
from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform.kubernetes.labels import TENANT_LABEL
from llm_platform.kubernetes.objects import make_namespace, metadata
from llm_platform.kubernetes.tenant_amounts import TenantAmounts, limit_range, quota
from llm_platform.kubernetes.tenant_namespace_check import check_tenant_namespace
from llm_platform.versions import KUBERNETES_VERSION


class NamespacePeer(TypedDict):
    """Another namespace that may call, or be called."""

    namespace: str
    """Its name."""
    ports: NotRequired[list[int]]
    """TCP ports of the pods that are called. Default: every port."""


class TenantNamespaceArgs(TypedDict):
    """Inputs of a `TenantNamespace`."""

    namespace_name: NotRequired[str]
    """Name in Kubernetes. Default: the component's name."""
    pod_security: NotRequired[PodSecurity]
    """What pods may ask of their node. Default: restricted."""
    kubernetes_version: NotRequired[str]
    """Minor version whose definition of Pod Security holds. Default: the library's."""
    gpus: NotRequired[int]
    """GPUs that all pods together may have. Default: 0."""
    cpus: NotRequired[int]
    """CPUs that all pods together may request. Default: 16."""
    memory_gib: NotRequired[int]
    """Memory in GiB that all pods together may request, and have as limit. Default: 64."""
    pods: NotRequired[int]
    """Pods. Default: 100."""
    volumes: NotRequired[int]
    """Persistent volume claims. Default: 10."""
    storage_gib: NotRequired[int]
    """Storage of all claims together in GiB. Default: 500."""
    allow_within: NotRequired[bool]
    """Whether its pods may call each other. Default: no."""
    allow_from: NotRequired[list[NamespacePeer]]
    """Namespaces whose pods may call its pods, such as the gateway's. Default: none."""
    allow_to: NotRequired[list[NamespacePeer]]
    """Namespaces whose pods its pods may call. Default: none."""
    service_accounts: NotRequired[list[str]]
    """Service accounts to make, without a mounted token. Default: none. A served model brings
    its own."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels."""


class TenantNamespace(PlatformComponent):
    """A namespace in which nothing may be reached and nothing is free.

    Network policies let pods out to DNS and to the Pod Identity agent, and otherwise to
    nothing but what the inputs name. A quota bounds what all pods take, a limit range what a
    container takes that says nothing. The `default` service account is left alone, for Kubernetes
    owns it; pods get accounts of their own.
    """

    namespace: pulumi.Output[str]
    """Name of the namespace; known once rules, quota and limits stand."""
    service_accounts: pulumi.Output[list[str]]
    """Names of the service accounts made."""

    def __init__(
        self, name: str, args: TenantNamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        named: TenantNamespaceArgs = {**args, "namespace_name": args.get("namespace_name", name)}
        raise_if_wrong(
            f"TenantNamespace '{name}'", TenantNamespaceArgs, named, check_tenant_namespace
        )
        super().__init__("TenantNamespace", name, args, args.get("tags", {}), opts)
        self._label = name
        made = make_namespace(
            self,
            f"{name}-namespace",
            args.get("namespace_name", name),
            args.get("pod_security", PodSecurity.RESTRICTED),
            args.get("kubernetes_version", KUBERNETES_VERSION),
            labels={TENANT_LABEL: "true"},
        )
        self._namespace = made.metadata.name
        guards = [*self._network_policies(args), *self._bounds(amounts(args))]
        accounts = [self._service_account(each) for each in args.get("service_accounts", [])]
        self.namespace = after(self._namespace, guards)
        self.service_accounts = pulumi.Output.all(*(each.metadata.name for each in accounts))
        self.register_outputs(
            {"namespace": self.namespace, "service_accounts": self.service_accounts}
        )

    def _network_policies(self, args: TenantNamespaceArgs) -> list[pulumi.Resource]:
        specs: dict[str, Any] = {
            "default-deny": rules.everything_denied(),
            "allow-dns": rules.names_resolved(),
            "allow-pod-identity": rules.credentials_fetched(),
        }
        if args.get("allow_within", False):
            specs["allow-within"] = rules.neighbours_reached()
        for peer in args.get("allow_from", []):
            spec = rules.entered_from(peer["namespace"], peer.get("ports", []))
            specs[f"allow-from-{peer['namespace']}"] = spec
        for peer in args.get("allow_to", []):
            spec = rules.left_for(peer["namespace"], peer.get("ports", []))
            specs[f"allow-to-{peer['namespace']}"] = spec
        return [
            kubernetes.networking.v1.NetworkPolicy(
                f"{self._label}-{rule}",
                metadata=self._own(f"{self._label}-{rule}", rule),
                spec=spec,
                opts=self.child(),
            )
            for rule, spec in specs.items()
        ]

    def _bounds(self, bounds: TenantAmounts) -> list[pulumi.Resource]:
        as_quota: Any = quota(bounds)
        as_limits: Any = limit_range(bounds)
        return [
            kubernetes.core.v1.ResourceQuota(
                f"{self._label}-quota",
                metadata=self._own(f"{self._label}-quota", "quota"),
                spec=as_quota,
                opts=self.child(),
            ),
            kubernetes.core.v1.LimitRange(
                f"{self._label}-limits",
                metadata=self._own(f"{self._label}-limits", "limits"),
                spec=as_limits,
                opts=self.child(),
            ),
        ]

    def _service_account(self, account: str) -> kubernetes.core.v1.ServiceAccount:
        resource = f"{self._label}-account-{account}"
        return kubernetes.core.v1.ServiceAccount(
            resource,
            metadata=self._own(resource, account),
            automount_service_account_token=False,
            opts=self.child(),
        )

    def _own(self, resource: str, name: str) -> Any:
        return metadata(self, resource, name, self._namespace)


def amounts(args: TenantNamespaceArgs) -> TenantAmounts:
    """The amounts of a tenant, defaults filled in."""
    return TenantAmounts(
        gpus=args.get("gpus", 0),
        cpus=args.get("cpus", 16),
        memory_gib=args.get("memory_gib", 64),
        pods=args.get("pods", 100),
        volumes=args.get("volumes", 10),
        storage_gib=args.get("storage_gib", 500),
    )
