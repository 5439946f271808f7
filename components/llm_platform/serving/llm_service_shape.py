"""A served model's variants, defaults filled in. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from llm_platform.serving.kinds import ModelServer, Precision, ServingForm, WireProtocol
from llm_platform.serving.routes import Variant, inference_service
from llm_platform.serving.startup import startup_seconds
from llm_platform.serving.vram import GIB, Load, ModelMemory, weights_bytes

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs
    from llm_platform.serving.llm_service_inputs import LlmCustomServer, LlmFootprint

SEQUENCES = 8
"""Conversations at a time that must fit when nobody says another number."""

_CANDIDATE_ONLY = ("min_replicas", "max_replicas")


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter.

    Attributes:
        name: Name that clients ask for.
        uri: Its folder.
        rank: Its rank.
    """

    name: str
    uri: Any
    rank: int


@dataclass(frozen=True)
class CustomShape:
    """A server of ones own.

    Attributes:
        image: Its image.
        protocol: What it speaks.
        args: Its arguments; those of the image when empty.
        port: Port of REST and of metrics.
        ready_path: Answers 200 when it can serve.
        metrics_path: Prometheus metrics.
    """

    image: str
    protocol: WireProtocol
    args: tuple[str, ...]
    port: int
    ready_path: str
    metrics_path: str


@dataclass(frozen=True)
class ServiceShape:
    """A variant of a served model.

    Attributes:
        service: Name of the service.
        variant: Which of the two.
        server: What runs the model.
        model: Folder of the model, and its name in the server.
        min_replicas: Fewest pods.
        max_replicas: Most pods.
        gpus: GPUs of a pod.
        cpus: CPUs that a pod requests.
        memory_gib: Memory of a pod in GiB, requested and as limit.
        pool: GPU pool that it runs on; any when empty.
        priority_class: Priority class; none when empty.
        timeout_seconds: How long one request may take.
        grace_seconds: How long a pod may finish its requests when it goes.
        startup_seconds: How long loading the model may take; the runtime's when 0.
        image: Image in place of the runtime's; empty for that.
        custom: The server of ones own, if it is one.
        extra_args: Further arguments of the server.
        env: Environment variables.
        adapters: LoRA adapters.
        scaled: Whether somebody other than KServe decides the number of pods.
        form: What the model server's pods are run by.
    """

    service: str
    variant: Variant
    server: ModelServer
    model: str
    min_replicas: int
    max_replicas: int
    gpus: int
    cpus: float
    memory_gib: int
    pool: str
    priority_class: str
    timeout_seconds: int
    grace_seconds: int
    startup_seconds: int = 0
    image: str = ""
    custom: CustomShape | None = None
    extra_args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    adapters: tuple[Adapter, ...] = ()
    scaled: bool = False
    form: ServingForm = ServingForm.DEPLOYMENT

    @property
    def name(self) -> str:
        """Name of the InferenceService."""
        return inference_service(self.service, self.variant)


def shapes(service: str, args: "LlmServiceArgs") -> list[ServiceShape]:
    """The variants that the inputs ask for, stable first."""
    found = [variant_shape(service, Variant.STABLE, args)]
    if "candidate" in args:
        found.append(variant_shape(service, Variant.CANDIDATE, candidate_args(args)))
    return found


def candidate_args(args: "LlmServiceArgs") -> "LlmServiceArgs":
    """The inputs of a service as its candidate has them."""
    own = cast("dict[str, Any]", args.get("candidate", {}))
    merged: dict[str, Any] = {**args, "min_replicas": 1, **own}
    if "image" not in own and ("runtime" in own or "custom" in own):
        merged.pop("image", None)
    merged["max_replicas"] = own.get(
        "max_replicas", max(args.get("max_replicas", 4), merged["min_replicas"])
    )
    for name in ("candidate", "model_settings"):
        merged.pop(name, None)
    return cast("LlmServiceArgs", merged)


def differences(args: "LlmServiceArgs") -> list[str]:
    """Inputs by which the candidate differs from stable; numbers of pods do not count."""
    own = cast("Mapping[str, Any]", args.get("candidate", {}))
    entry = {**args.get("gateway", {}).get("model_settings", {})}
    stable: dict[str, Any] = {**DEFAULTS, **args, "model_settings": entry}
    if "model_settings" in own and "name" in entry:
        own = {**own, "model_settings": {**own["model_settings"], "name": entry["name"]}}
    return sorted(
        name
        for name, value in own.items()
        if name not in _CANDIDATE_ONLY and stable.get(name) != value
    )


DEFAULTS: Mapping[str, Any] = {
    "cpus": 2,
    "memory_gib": 8,
    "gpus": 0,
    "pool": "",
    "image": "",
    "extra_args": [],
    "env": {},
}


def variant_shape(service: str, variant: Variant, args: "LlmServiceArgs") -> ServiceShape:
    """One variant, from inputs that are its own."""
    minutes = args.get("startup_minutes", 0)
    footprint = args.get("footprint")
    seconds = minutes * 60
    if not seconds and footprint:
        seconds = startup_seconds(weights_bytes(model_memory(footprint)) / GIB)
    custom = args.get("custom")
    return ServiceShape(
        service=service,
        variant=variant,
        server=ModelServer(args.get("server", ModelServer.TRITON)),
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
        startup_seconds=seconds,
        image=args.get("image", ""),
        custom=custom_shape(custom) if custom else None,
        extra_args=tuple(args.get("extra_args", [])),
        env=args.get("env", {}),
        adapters=tuple(
            Adapter(each["name"], each["uri"], each.get("rank", 16))
            for each in args.get("adapters", [])
        ),
        scaled="scaling" in args,
        form=ServingForm(args.get("form", ServingForm.DEPLOYMENT)),
    )


def custom_shape(custom: "LlmCustomServer") -> CustomShape:
    """A server of ones own, defaults filled in."""
    protocol = WireProtocol(custom["protocol"])
    ready = "/v2/health/ready" if protocol is WireProtocol.V2 else "/health"
    return CustomShape(
        image=custom["image"],
        protocol=protocol,
        args=tuple(custom.get("args", [])),
        port=custom.get("port", 8080),
        ready_path=custom.get("ready_path", ready),
        metrics_path=custom.get("metrics_path", "/metrics"),
    )


def model_memory(footprint: "LlmFootprint") -> ModelMemory:
    """A model's memory, as the inputs say it."""
    return ModelMemory(
        parameters=footprint["parameters_billions"] * 1e9,
        precision=Precision(footprint["precision"]),
        layers=int(footprint["layers"]),
        kv_heads=int(footprint.get("kv_heads", 0)),
        head_dim=int(footprint.get("head_dim", 0)),
        unquantised=footprint.get("unquantised_billions", 0.0) * 1e9,
        latent_dim=int(footprint.get("latent_dim", 0)),
        window_layers=int(footprint.get("window_layers", 0)),
        window=int(footprint.get("window", 0)),
        kv_precision=Precision(footprint.get("kv_precision", Precision.BF16)),
    )


def model_load(footprint: "LlmFootprint", gpus: int) -> Load:
    """What a replica must hold, as the inputs say it."""
    return Load(
        gpus=gpus,
        tokens=int(footprint["context_tokens"]),
        sequences=int(footprint.get("sequences", SEQUENCES)),
        gpu_gib=footprint.get("gpu_memory_gib", 0.0),
    )


def cpu_amount(cpus: float) -> str:
    """CPUs as Kubernetes writes them: whole, or in thousandths."""
    return str(int(cpus)) if float(cpus).is_integer() else f"{round(cpus * 1000)}m"


def resources(shape: ServiceShape, gpu_resource: str) -> dict[str, Any]:
    """What a pod's model server requests, and its limits."""
    memory = f"{shape.memory_gib}Gi"
    limits = {"memory": memory}
    requests = {"cpu": cpu_amount(shape.cpus), "memory": memory}
    if shape.gpus:
        limits[gpu_resource] = requests[gpu_resource] = str(shape.gpus)
    return {"requests": requests, "limits": limits}


def environment(shape: ServiceShape) -> list[dict[str, str]]:
    """Environment variables in Kubernetes' form, by name."""
    return [{"name": key, "value": shape.env[key]} for key in sorted(shape.env)]


def names(shapes_: Sequence[ServiceShape]) -> list[str]:
    """Names of the InferenceServices."""
    return [each.name for each in shapes_]
