"""LlmService: one served model."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.aws.workload_identity import PolicyStatement, WorkloadIdentity
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.kubernetes.labels import COMPONENT_LABEL, NAME_LABEL
from llm_platform.kubernetes.network_rules import served_model
from llm_platform.kubernetes.objects import metadata
from llm_platform.serving.llm_service_check import check_llm_service
from llm_platform.serving.llm_service_spec import (
    METRICS_PORTS,
    PREDICTOR_SUFFIX,
    SERVING_PORTS,
    ServiceShape,
    disruption_budget,
    pod_labels,
    predictor,
)

API_VERSION = "serving.kserve.io/v1beta1"
DEPLOYMENT_MODE = "serving.kserve.io/deploymentMode"
GATEWAY_NAMESPACES = ("envoy-gateway-system",)
MONITORING_NAMESPACES = ("monitoring",)
ANYWHERE = "0.0.0.0/0"


class LlmServiceArgs(TypedDict):
    """Inputs of an `LlmService`."""

    namespace: str
    """Name of the tenant's namespace that it belongs to."""
    tenant: NotRequired[pulumi.Input[str]]
    """`TenantNamespace.namespace` of that namespace, so that everything here waits for the
    namespace's rules. Default: the namespace is there already."""
    model: str
    """Folder of the model in the repository, and its name in Triton."""
    repository_uri: pulumi.Input[str]
    """Where the model repository lies, such as `ModelStore.uri`."""
    runtime: pulumi.Input[str]
    """Name of the runtime, such as `TritonRuntime.runtime_name`."""
    service_name: NotRequired[str]
    """Name in Kubernetes, at most 40 characters. Default: the component's name."""
    gpus: NotRequired[int]
    """GPUs of a pod. Default: 0."""
    pool: NotRequired[str]
    """`pool_name` of the GPU pool that it runs on. Needed with GPUs."""
    cpus: NotRequired[int]
    """CPUs that a pod requests. Default: 2."""
    memory_gib: NotRequired[int]
    """Memory of a pod in GiB, requested and as limit. Default: 8."""
    min_replicas: NotRequired[int]
    """Fewest pods. Default: 2."""
    max_replicas: NotRequired[int]
    """Most pods. Default: 4."""
    timeout_seconds: NotRequired[int]
    """How long one request may take. Default: 300."""
    grace_seconds: NotRequired[int]
    """How long a pod may finish its requests when it goes. Default: 120."""
    priority_class: NotRequired[str]
    """Priority class. Default: none."""
    extra_args: NotRequired[list[str]]
    """Further arguments of the server. Default: none."""
    env: NotRequired[dict[str, str]]
    """Environment variables. Secrets do not belong here. Default: none."""
    service_account_name: NotRequired[str]
    """Name of the service account, which is made here. Default: the service's name."""
    cluster_name: NotRequired[pulumi.Input[str]]
    """Name of the EKS cluster. Needed with `model_access`."""
    model_access: NotRequired[list[PolicyStatement]]
    """What its pods may do in AWS, such as `ModelStore.read_statements()`. Default: nothing;
    the model then comes from where no credentials are needed."""
    callers: NotRequired[list[str]]
    """Namespaces whose pods may send requests. Default: the gateway's."""
    scrapers: NotRequired[list[str]]
    """Namespaces whose pods may read metrics. Default: Prometheus'."""
    storage_cidrs: NotRequired[list[str]]
    """Where object storage may lie, reached over HTTPS. Default: everywhere but the addresses
    at which nodes get their credentials."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels and, in AWS, tags."""


class LlmService(PlatformComponent):
    """A model that is served: by KServe in Standard mode, on a runtime, from a repository.

    How many pods there are between the bounds is decided by KServe's autoscaler; nothing here
    states a number of replicas. The pods are reached by the gateway and by Prometheus alone, and
    reach DNS, the Pod Identity agent and object storage.
    """

    service_name: pulumi.Output[str]
    """Name of the InferenceService; known once it is there."""
    namespace: pulumi.Output[str]
    """Its namespace."""
    service_account: pulumi.Output[str]
    """Name of its service account."""
    address: pulumi.Output[str]
    """Where it answers inside the cluster: HTTP on port 80, gRPC on 9000."""

    def __init__(
        self, name: str, args: LlmServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        service = args.get("service_name", name)
        named: LlmServiceArgs = {**args, "service_name": service}
        raise_if_wrong(f"LlmService '{name}'", LlmServiceArgs, named, check_llm_service)
        super().__init__("LlmService", name, args, args.get("tags", {}), opts)
        self._label, self._service = name, service
        self._namespace = args.get("tenant", args["namespace"])
        account, identity = self._account(args)
        policy = self._network_policy(args)
        budget = kubernetes.policy.v1.PodDisruptionBudget(
            f"{name}-budget",
            metadata=self._own(f"{name}-budget", service),
            spec=_raw(disruption_budget(service)),
            opts=self.child(),
        )
        inference = self._inference_service(args, account, [policy, budget, *identity])
        self.service_name = after(service, [inference])
        self.namespace = pulumi.Output.from_input(self._namespace)
        self.service_account = account.metadata.name
        self.address = pulumi.Output.concat(
            self.service_name, PREDICTOR_SUFFIX, ".", self._namespace, ".svc.cluster.local"
        )
        self.register_outputs(
            {
                "service_name": self.service_name,
                "namespace": self.namespace,
                "service_account": self.service_account,
                "address": self.address,
            }
        )

    def _account(
        self, args: LlmServiceArgs
    ) -> tuple[kubernetes.core.v1.ServiceAccount, list[pulumi.Resource]]:
        """The service account, and its role in AWS: pods start after both."""
        account_name = args.get("service_account_name", self._service)
        account = kubernetes.core.v1.ServiceAccount(
            f"{self._label}-account",
            metadata=self._own(f"{self._label}-account", account_name),
            automount_service_account_token=False,
            opts=self.child(),
        )
        if not args.get("model_access"):
            return account, []
        identity = WorkloadIdentity(
            f"{self._label}-identity",
            {
                "cluster_name": args.get("cluster_name", ""),
                "namespace": args["namespace"],
                "service_account": account_name,
                "statements": args.get("model_access", []),
                "tags": {**self.base_tags},
            },
            opts=self.child(),
        )
        return account, [identity]

    def _network_policy(self, args: LlmServiceArgs) -> kubernetes.networking.v1.NetworkPolicy:
        callers = dict.fromkeys(args.get("callers", GATEWAY_NAMESPACES), SERVING_PORTS)
        scrapers = dict.fromkeys(args.get("scrapers", MONITORING_NAMESPACES), METRICS_PORTS)
        ports = {
            namespace: (*callers.get(namespace, ()), *scrapers.get(namespace, ()))
            for namespace in sorted({*callers, *scrapers})
        }
        storage = args.get("storage_cidrs", [ANYWHERE])
        return kubernetes.networking.v1.NetworkPolicy(
            f"{self._label}-network",
            metadata=self._own(f"{self._label}-network", self._service),
            spec=_raw(served_model(pod_labels(self._service), ports, storage)),
            opts=self.child(),
        )

    def _inference_service(
        self,
        args: LlmServiceArgs,
        account: kubernetes.core.v1.ServiceAccount,
        gates: list[pulumi.Resource],
    ) -> kubernetes.apiextensions.CustomResource:
        folder = pulumi.Output.from_input(args["repository_uri"]).apply(_folder_of(args["model"]))
        spec = predictor(shape(self._service, args), args["runtime"], account.metadata.name, folder)
        return kubernetes.apiextensions.CustomResource(
            f"{self._label}-service",
            api_version=API_VERSION,
            kind="InferenceService",
            metadata=self._own(
                f"{self._label}-service", self._service, {DEPLOYMENT_MODE: "Standard"}
            ),
            spec={"predictor": spec},
            opts=self.child(depends_on=gates),
        )

    def _own(self, resource: str, name: str, annotations: dict[str, str] | None = None) -> Any:
        labels = {NAME_LABEL: self._service, COMPONENT_LABEL: "model"}
        return metadata(self, resource, name, self._namespace, labels, annotations)


def shape(service: str, args: LlmServiceArgs) -> ServiceShape:
    """What the inputs say, defaults filled in."""
    return ServiceShape(
        name=service,
        model=args["model"],
        min_replicas=args.get("min_replicas", 2),
        max_replicas=args.get("max_replicas", 4),
        gpus=args.get("gpus", 0),
        cpus=args.get("cpus", 2),
        memory_gib=args.get("memory_gib", 8),
        pool=args.get("pool", ""),
        priority_class=args.get("priority_class", ""),
        timeout_seconds=args.get("timeout_seconds", 300),
        grace_seconds=args.get("grace_seconds", 120),
        extra_args=tuple(args.get("extra_args", [])),
        env=args.get("env", {}),
    )


def _folder_of(model: str) -> Any:
    def folder(uri: str) -> str:
        return f"{uri.rstrip('/')}/{model}"

    return folder


def _raw(spec: dict[str, Any]) -> Any:
    """A specification in Kubernetes' own words, for a class that has words of its own too."""
    return spec
