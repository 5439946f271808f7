"""Settings of served models as inputs of components.

Pure, but for what the folder of models says to the gateway.
"""

from typing import TYPE_CHECKING

from infra.arguments import cost_tags, selected_addons
from infra.model_repository import gateway_entry
from infra.settings import GpuPool, Settings
from infra.settings_services import (
    Service,
    ServiceCache,
    ServiceCandidate,
    ServiceFootprint,
    ServiceForm,
    ServiceScaling,
)
from llm_platform.addons.repositories import MONITORS
from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES
from llm_platform.serving.kinds import ModelServer, ServingForm
from llm_platform.versions import GATEWAY, ROLLOUT, TRITON_CPU, TRITON_MODELS, Image
from llm_platform.versions import VLLM as VLLM_IMAGE

if TYPE_CHECKING:
    from llm_platform import (
        LlmCache,
        LlmCandidate,
        LlmFootprint,
        LlmGateway,
        LlmRolloutArgs,
        LlmScaling,
        LlmServiceArgs,
        TritonRuntimeArgs,
        VllmRuntimeArgs,
    )

TRITON = "triton"
VLLM = "vllm"
"""Names of the runtimes that a stack makes."""
PRIORITY = "llm-serving"
"""Priority class of served models, which `ClusterDefaults` makes."""
KEDA = "keda"
RECOMMENDER = "vertical-pod-autoscaler"


def image(settings: Settings, ours: Image) -> str:
    """An image of the platform's own, from the registry of the settings."""
    registry = settings.serving.registry
    return f"{registry}/{ours.reference}" if registry else ours.reference


def triton_args(settings: Settings) -> "TritonRuntimeArgs":
    """Inputs of the runtime of Triton; services without GPUs take another image."""
    return {
        "runtime_name": TRITON,
        "image": image(settings, TRITON_MODELS),
        "tags": {**cost_tags(settings)},
    }


def vllm_args(settings: Settings) -> "VllmRuntimeArgs":
    """Inputs of the runtime of vLLM."""
    return {"runtime_name": VLLM, "tags": {**cost_tags(settings)}}


def runtimes(settings: Settings) -> set[ModelServer]:
    """The runtimes that the services of a stack name; Triton's is always there."""
    return {ModelServer.TRITON, *(each.runtime for each in settings.services)}


def service_args(settings: Settings, service: Service) -> "LlmServiceArgs":
    """Inputs of a served model; the stack fills in repository, runtime and access."""
    addons = selected_addons(settings)
    args: LlmServiceArgs = {
        "namespace": service.tenant,
        "model": service.model,
        "repository_uri": "s3://bucket/model_repo/",
        "server": service.runtime,
        "service_name": service.name,
        "gpus": service.gpus,
        "cpus": service.cpus,
        "memory_gib": service.memory_gib,
        "min_replicas": service.replicas,
        "max_replicas": service.maximum_replicas,
        "priority_class": PRIORITY,
        "route": {"domain": settings.serving.domain},
        "monitored": MONITORS in addons,
        "tags": {**cost_tags(settings), "team": service.tenant},
    }
    if service.runtime is not ModelServer.CUSTOM:
        args["runtime"] = service.runtime.value
    if service.runtime is ModelServer.TRITON:
        args["gateway"] = _gateway(settings, service)
    if own := _own_image(settings, service):
        args["image"] = own
    if service.pool is not None:
        args["pool"] = service.pool
    if service.footprint is not None:
        args["footprint"] = _footprint(settings, service, service.footprint)
    if KEDA in addons:
        args["scaling"] = _scaling(service.scaling)
    if RECOMMENDER in addons:
        args["recommendations"] = {}
    args["form"] = ServingForm(service.form.value)
    if service.cache is not None:
        args["cache"] = _cache(service.cache)
    if service.candidate is not None:
        args["candidate"] = _candidate(service, service.candidate)
    return args


def rollout_args(settings: Settings, service: Service) -> "LlmRolloutArgs":
    """Inputs of a service's rollouts; the stack fills in the namespaces as outputs."""
    given = service.rollout
    return {
        "service": service.name,
        "namespace": service.tenant,
        "image": image(settings, ROLLOUT),
        "strategy": given.strategy,
        "weights": list(given.weights),
        "step_seconds": given.step_seconds,
        "step_limit_seconds": given.step_limit_seconds,
        "min_samples": given.min_samples,
        "max_error_ratio": given.max_error_ratio,
        "max_refusal_ratio": given.max_refusal_ratio,
        "max_duration_seconds": given.max_duration_seconds,
        "max_first_token_seconds": given.max_first_token_seconds,
        "tags": {**cost_tags(settings), "team": service.tenant},
    }


def _gateway(settings: Settings, service: Service) -> "LlmGateway":
    given = service.gateway
    args: LlmGateway = {
        "image": image(settings, GATEWAY),
        "min_replicas": given.replicas,
        "max_replicas": given.maximum_replicas,
        "cpus": given.cpus,
        "memory_mib": given.memory_mib,
    }
    # one gateway serves one model; by its tensors alone, when nothing says more of it
    entry = gateway_entry(service.model) or {"name": service.model, "kind": "tensor"}
    args["model_settings"] = {**entry}
    if given.keys_secret is not None:
        args["keys_secret"] = given.keys_secret
    if given.anonymous:
        args["anonymous"] = True
    return args


def _own_image(settings: Settings, service: Service) -> str:
    """Image in place of the runtime's; empty where the runtime's is right."""
    triton = service.runtime is ModelServer.TRITON
    if triton and not service.gpus:
        return image(settings, TRITON_CPU)
    if service.form is ServiceForm.DEPLOYMENT:
        return ""
    # no runtime is asked for the pods of other forms
    return image(settings, TRITON_MODELS) if triton else VLLM_IMAGE.reference


def _cache(given: ServiceCache) -> "LlmCache":
    args: LlmCache = {"storage_gib": given.storage_gib}
    if given.storage_class is not None:
        args["storage_class"] = given.storage_class
    return args


def _scaling(given: ServiceScaling) -> "LlmScaling":
    args: LlmScaling = {
        "queue_ms": given.queue_ms,
        "waiting": given.waiting,
        "calm_seconds": given.calm_seconds,
        "to_zero": given.to_zero,
        "idle_seconds": given.idle_seconds,
    }
    if given.tokens_per_second is not None:
        args["tokens_per_second"] = given.tokens_per_second
    if given.pod_start_seconds is not None:
        args["pod_start_seconds"] = given.pod_start_seconds
    if given.fallback_replicas is not None:
        args["fallback_replicas"] = given.fallback_replicas
    return args


def _footprint(settings: Settings, service: Service, given: ServiceFootprint) -> "LlmFootprint":
    args: LlmFootprint = {
        "parameters_billions": given.parameters_billions,
        "precision": given.precision,
        "layers": given.layers,
        "kv_precision": given.kv_precision,
        "context_tokens": given.context_tokens,
        "sequences": given.sequences,
    }
    if given.kv_heads is not None:
        args["kv_heads"] = given.kv_heads
    if given.head_dim is not None:
        args["head_dim"] = given.head_dim
    if given.latent_dim is not None:
        args["latent_dim"] = given.latent_dim
    pool = next((each for each in settings.gpu_pools if each.name == service.pool), None)
    memory = _gpu_memory_gib(pool) if pool else None
    if memory:
        args["gpu_memory_gib"] = memory
    return args


def _gpu_memory_gib(pool: GpuPool) -> float | None:
    """Memory of the smallest GPU that a pool may have; none when no type is known."""
    known = [
        GPU_INSTANCE_TYPES[name].gpu_memory_mib
        for name in pool.instance_types
        if name in GPU_INSTANCE_TYPES
    ]
    return min(known) / 1024 if known else None


def _candidate(service: Service, given: ServiceCandidate) -> "LlmCandidate":
    args: LlmCandidate = {
        "min_replicas": given.replicas,
        "max_replicas": given.maximum_replicas,
    }
    if given.model is not None:
        args["model"] = given.model
        entry = gateway_entry(given.model)
        if entry is not None and service.runtime is ModelServer.TRITON:
            args["model_settings"] = {**entry}
    if given.image is not None:
        args["image"] = given.image
    if given.cpus is not None:
        args["cpus"] = given.cpus
    if given.memory_gib is not None:
        args["memory_gib"] = given.memory_gib
    if given.env:
        args["env"] = {**given.env}
    return args
