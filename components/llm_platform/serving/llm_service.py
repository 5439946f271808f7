"""LlmService: one served model."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.aws.workload_identity import PolicyStatement, WorkloadIdentity
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.serving.gateway_transformer import gateway_shape, settings_text, transformer
from llm_platform.serving.kinds import ModelServer, ServingForm
from llm_platform.serving.llm_service_check import check_llm_service
from llm_platform.serving.llm_service_forms import PlainVariant
from llm_platform.serving.llm_service_guards import Guards
from llm_platform.serving.llm_service_inputs import (
    LlmAdapter,
    LlmCache,
    LlmCandidate,
    LlmCustomServer,
    LlmFootprint,
    LlmGateway,
    LlmRecommendations,
    LlmRoute,
    LlmScaling,
)
from llm_platform.serving.llm_service_routes import Routes
from llm_platform.serving.llm_service_scalers import Scalers
from llm_platform.serving.llm_service_shape import ServiceShape, candidate_args, shapes
from llm_platform.serving.llm_service_spec import (
    CLAIM,
    predictor,
    service_annotations,
    service_labels,
)
from llm_platform.serving.owned import Extras, Kind, Owned
from llm_platform.serving.routes import Part, Variant, part_of

API_VERSION = "serving.kserve.io/v1beta1"


class LlmServiceArgs(TypedDict):
    """Inputs of an `LlmService`."""

    namespace: str
    """Name of the tenant's namespace that it belongs to."""
    tenant: NotRequired[pulumi.Input[str]]
    """`TenantNamespace.namespace` of that namespace, so that everything here waits for the
    namespace's rules. Default: the namespace is there already."""
    model: str
    """Folder of the model in the repository, and its name in the server."""
    repository_uri: pulumi.Input[str]
    """Where the model repository lies, such as `ModelStore.uri`."""
    server: NotRequired[ModelServer]
    """What runs the model. Default: Triton."""
    runtime: NotRequired[pulumi.Input[str]]
    """Name of the runtime, such as `TritonRuntime.runtime_name`. Needed but with a server of ones
    own."""
    image: NotRequired[str]
    """Image in place of the runtime's, with a fixed tag or digest. Default: the runtime's."""
    custom: NotRequired[LlmCustomServer]
    """The server of ones own. Needed with it, and only then."""
    service_name: NotRequired[str]
    """Name in Kubernetes, at most 40 characters. Default: the component's name."""
    gpus: NotRequired[int]
    """GPUs of a pod. Default: 0."""
    pool: NotRequired[str]
    """`pool_name` of the GPU pool that it runs on. Needed with GPUs."""
    cpus: NotRequired[float]
    """CPUs that a pod requests; parts of one are allowed. Default: 2."""
    memory_gib: NotRequired[int]
    """Memory of a pod in GiB, requested and as limit. Default: 8."""
    min_replicas: NotRequired[int]
    """Fewest pods. Default: 2."""
    max_replicas: NotRequired[int]
    """Most pods, with `scaling`. Default: 4."""
    footprint: NotRequired[LlmFootprint]
    """What decides whether the model fits its GPUs, and how long it may take to load. Default:
    neither is judged."""
    startup_minutes: NotRequired[int]
    """How long loading the model may take. Default: from the size of its weights, or the
    runtime's."""
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
    adapters: NotRequired[list[LlmAdapter]]
    """LoRA adapters, with vLLM. Default: none."""
    gateway: NotRequired[LlmGateway]
    """Our gateway in front of it. Default: none; requests go to the model server."""
    route: NotRequired[LlmRoute]
    """How it is reached from outside of the cluster. Default: not at all."""
    candidate: NotRequired[LlmCandidate]
    """What is tried out beside it; an `LlmRollout` gives it requests. Default: nothing."""
    scaling: NotRequired[LlmScaling]
    """Numbers of pods by what waits; needs KEDA. Default: always `min_replicas`."""
    recommendations: NotRequired[LlmRecommendations]
    """Requests that a VPA recommends; needs the VPA. Default: none."""
    monitored: NotRequired[bool]
    """Whether Prometheus is told to read its metrics; needs the operator's kinds. Default: no."""
    form: NotRequired[ServingForm]
    """What its pods are run by. Default: KServe's Deployment."""
    cache: NotRequired[LlmCache]
    """Volume of each replica, with the form of a StatefulSet. Needed with it, and only then."""
    nodes: NotRequired[int]
    """Nodes of one replica, with the form of a LeaderWorkerSet. Needed with it, and only then."""
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
    """A model that is served: by KServe in Standard mode, from a repository.

    There are up to two variants, stable and candidate, each an InferenceService of its own; who
    gets which is decided by a route whose weights a rollout owns. How many pods there are between
    the bounds is decided by autoscalers; nothing here states a number of replicas. The pods are
    reached by the gateway and by Prometheus alone, and reach DNS, the Pod Identity agent and
    object storage.
    """

    service_name: pulumi.Output[str]
    """Name of the stable InferenceService; known once it is there."""
    namespace: pulumi.Output[str]
    """Its namespace."""
    service_account: pulumi.Output[str]
    """Name of its service account."""
    address: pulumi.Output[str]
    """Where it answers inside the cluster: HTTP on port 80; with Triton, gRPC as well."""
    url: pulumi.Output[str]
    """Where it answers outside of the cluster; empty without a route."""

    def __init__(
        self, name: str, args: LlmServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        service = args.get("service_name", name)
        named: LlmServiceArgs = {**args, "service_name": service}
        raise_if_wrong(f"LlmService '{name}'", LlmServiceArgs, named, check_llm_service)
        super().__init__("LlmService", name, args, args.get("tags", {}), opts)
        self._owned = Owned(self, name, service, args.get("tenant", args["namespace"]))
        variants = shapes(service, args)
        account, identity = self._account(args)
        gates = [*Guards(self._owned, args, variants).made, *identity]
        services = [self._variant(each, args, account, gates) for each in variants]
        Scalers(self._owned, args, variants, services)
        routes = Routes(self._owned, args, services)
        part = Part.GATEWAY if "gateway" in args else Part.SERVER
        self.service_name = after(service, [services[0]])
        self.namespace = pulumi.Output.from_input(self._owned.namespace)
        self.service_account = account.metadata.name
        self.address = pulumi.Output.concat(
            after(part_of(service, Variant.STABLE, part), [services[0]]),
            ".",
            self._owned.namespace,
            ".svc.cluster.local",
        )
        self.url = after(routes.url, routes.made)
        self.register_outputs(
            {
                "service_name": self.service_name,
                "namespace": self.namespace,
                "service_account": self.service_account,
                "address": self.address,
                "url": self.url,
            }
        )

    def _account(
        self, args: LlmServiceArgs
    ) -> tuple[kubernetes.core.v1.ServiceAccount, list[pulumi.Resource]]:
        """The service account, and its role in AWS: pods start after both."""
        account_name = args.get("service_account_name", self._owned.service)
        account = kubernetes.core.v1.ServiceAccount(
            self._owned.resource("account"),
            metadata=self._owned.metadata("account", account_name),
            automount_service_account_token=False,
            opts=self.child(),
        )
        if not args.get("model_access"):
            return account, []
        identity = WorkloadIdentity(
            self._owned.resource("identity"),
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

    def _variant(
        self,
        shape: ServiceShape,
        args: LlmServiceArgs,
        account: kubernetes.core.v1.ServiceAccount,
        gates: list[pulumi.Resource],
    ) -> pulumi.Resource:
        """A variant: its InferenceService, or what stands for one, with its gateway's settings."""
        candidate = shape.variant is Variant.CANDIDATE
        own = candidate_args(args) if candidate else args
        prefix = "candidate-" if candidate else ""
        repository = own["repository_uri"]
        uri: Any = repository
        if not (isinstance(repository, str) and repository.startswith(CLAIM)):
            uri = pulumi.Output.from_input(repository).apply(_folder_of(shape.model))
        account_name = account.metadata.name
        waits = list(gates)
        front, text = None, ""
        if "gateway" in args:
            to_zero = args.get("scaling", {}).get("to_zero", False)
            entry = args.get("candidate", {}).get("model_settings") if candidate else None
            front = gateway_shape(args["gateway"], wakes=to_zero, candidate=entry)
            text = settings_text(shape, front, args["namespace"])
            waits.append(self._owned.settings(f"{prefix}gateway", shape.name, text))
        if shape.form is not ServingForm.DEPLOYMENT:
            plain = PlainVariant(self._owned, shape, account_name, waits)
            server = plain.server(own, uri)
            return plain.gateway(front, text) if front else server
        spec: dict[str, Any] = {
            "predictor": predictor(shape, own.get("runtime"), account_name, uri)
        }
        if front:
            spec["transformer"] = transformer(shape, front, account_name, text)
        return self._owned.custom(
            f"{prefix}service",
            Kind(API_VERSION, "InferenceService"),
            shape.name,
            spec,
            waits,
            Extras(service_labels(shape.service, shape.variant), service_annotations(shape)),
        )


def _folder_of(model: str) -> Any:
    def folder(uri: str) -> str:
        return f"{uri.rstrip('/')}/{model}"

    return folder
