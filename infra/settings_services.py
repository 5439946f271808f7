"""What a stack file may say of served models; part of `infra.settings`."""

from enum import StrEnum

from pydantic import Field

from infra.settings_base import NAME, Name, Room, Text, says
from llm_platform.serving.kinds import ModelServer, Precision, RolloutStrategy


class ServiceForm(StrEnum):
    """What a service's pods are run by."""

    DEPLOYMENT = "DEPLOYMENT"
    """An InferenceService of KServe, which makes a Deployment."""
    STATEFUL_SET = "STATEFUL_SET"
    """A StatefulSet: every pod keeps a volume with the model, and does not fetch it again."""


class ServiceCache(Room):
    """The volume that each pod of a StatefulSet keeps."""

    storage_gib: int = Field(ge=1, le=65_536)
    """Size in GiB."""
    storage_class: Text | None = Field(
        default=None, json_schema_extra=says("the name of a storage class")
    )
    """Storage class; the cluster's default otherwise."""


class ServiceGateway(Room):
    """Our gateway in front of a model: API keys, budgets, guards, caches."""

    keys_secret: Name | None = Field(
        default=None, json_schema_extra=says("the name of a Secret, or anonymous: true")
    )
    """Secret in the tenant's namespace whose key `keys.yaml` is the file of API keys."""
    anonymous: bool = False
    """Whether requests without a key are answered."""
    replicas: int = Field(default=2, ge=1, le=100)
    """Fewest pods."""
    maximum_replicas: int = Field(default=4, ge=1, le=100)
    """Most pods."""
    cpus: float = Field(default=0.5, ge=0.05, le=16)
    """Processors that a pod requests; parts of one are allowed."""
    memory_mib: int = Field(default=1024, ge=256, le=65536)
    """Memory of a pod in MiB, requested and as limit."""


class ServiceScaling(Room):
    """How the number of a model's pods follows what waits."""

    queue_ms: int = Field(default=200, ge=1, le=600_000)
    """Average time in Triton's queues that is all right, in milliseconds."""
    waiting: int = Field(default=4, ge=1, le=100_000)
    """Requests that may wait, of each pod."""
    tokens_per_second: int | None = Field(
        default=None, ge=1, le=1_000_000, json_schema_extra=says("1 to 1000000")
    )
    """Tokens that a pod makes a second, as measured."""
    pod_start_seconds: int | None = Field(
        default=None, ge=1, le=1800, json_schema_extra=says("1 to 1800 seconds")
    )
    """From a new pod to its first answer, as measured. Estimated from the weights otherwise."""
    calm_seconds: int = Field(default=300, ge=15, le=3600)
    """Quiet after which a pod goes, one at a time; at least as long as a pod needs to start."""
    fallback_replicas: int | None = Field(
        default=None, ge=1, le=100, json_schema_extra=says("1 to maximumReplicas")
    )
    """Pods while metrics are missing; `replicas` otherwise."""
    to_zero: bool = False
    """Whether the last pod goes when nobody asks; `replicas` must then be 0."""
    idle_seconds: int = Field(default=900, ge=60, le=86_400)
    """Quiet after which the last pod goes."""


class ServiceFootprint(Room):
    """What of a language model decides whether it fits its GPUs, from its `config.json`."""

    parameters_billions: float = Field(gt=0, le=10_000)
    """All parameters in billions; of a mixture of experts, all experts."""
    precision: Precision = Precision.BF16
    """Numbers in which the weights are kept."""
    layers: int = Field(ge=1, le=1000)
    """`num_hidden_layers`."""
    kv_heads: int | None = Field(default=None, ge=1, le=1024, json_schema_extra=says("1 to 1024"))
    """`num_key_value_heads`."""
    head_dim: int | None = Field(default=None, ge=1, le=4096, json_schema_extra=says("1 to 4096"))
    """`head_dim`, or `hidden_size` divided by `num_attention_heads`."""
    latent_dim: int | None = Field(
        default=None, ge=1, le=65_536, json_schema_extra=says("1 to 65536, in place of heads")
    )
    """`kv_lora_rank` and `qk_rope_head_dim` together, with latent attention."""
    kv_precision: Precision = Precision.BF16
    """Numbers in which keys and values are kept."""
    context_tokens: int = Field(ge=1, le=10_000_000)
    """Longest conversation, prompt and answer."""
    sequences: int = Field(default=8, ge=1, le=10_000)
    """Conversations at a time, each at its longest, that must fit."""


class ServiceCandidate(Room):
    """What is tried out beside a model. What is not given is as it is there."""

    model: Name | None = Field(default=None, json_schema_extra=says("a folder of model_repo/"))
    """Folder of the model in `model_repo/`."""
    image: Text | None = Field(default=None, json_schema_extra=says("an image with a fixed tag"))
    """Image of the model server."""
    cpus: float | None = Field(default=None, ge=0.05, le=192, json_schema_extra=says("0.05 to 192"))
    """Processors that a pod requests."""
    memory_gib: int | None = Field(default=None, ge=1, le=2048, json_schema_extra=says("1 to 2048"))
    """Memory of a pod in GiB."""
    env: dict[str, str] = Field(
        default_factory=dict[str, str],
        json_schema_extra=says("variables and their values"),
    )
    """Environment variables of the model server."""
    replicas: int = Field(default=1, ge=1, le=100)
    """Fewest pods."""
    maximum_replicas: int = Field(default=2, ge=1, le=100)
    """Most pods."""


class ServiceRollout(Room):
    """How a candidate takes the place of a model, and what it may do on the way."""

    strategy: RolloutStrategy = RolloutStrategy.CANARY
    """Strategy of a rollout that is started without one."""
    weights: tuple[int, ...] = Field(
        default=(1, 10, 25, 50, 100),
        min_length=1,
        max_length=20,
        json_schema_extra=says("ascending numbers from 1 to 100, 100 at the end"),
    )
    """Shares of a canary out of 100."""
    step_seconds: int = Field(default=120, ge=5, le=86_400)
    """How long a step lasts at the least."""
    step_limit_seconds: int = Field(default=1800, ge=5, le=604_800)
    """After how long a step whose gates cannot decide counts as failed."""
    min_samples: int = Field(default=50, ge=1, le=1_000_000)
    """Requests of the candidate on which a gate may pass."""
    max_error_ratio: float = Field(default=0.01, ge=0, le=1)
    """Share of requests with a status of 5xx that is always allowed."""
    max_refusal_ratio: float = Field(default=0.05, ge=0, le=1)
    """Share of requests refused with a status of 4xx that is always allowed; 401, 403, 429 and 499
    do not count."""
    max_duration_seconds: float = Field(default=5, ge=0.001, le=3600)
    """95th percentile of a request's duration that is always allowed."""
    max_first_token_seconds: float = Field(default=1, ge=0.001, le=3600)
    """95th percentile of the time to the first token that is always allowed."""


class Service(Room):
    """One served model."""

    name: Name = Field(json_schema_extra=NAME)
    """Name of the service."""
    tenant: Name = Field(json_schema_extra=NAME)
    """Name of the tenant that it belongs to, one of `tenants`."""
    model: Name = Field(json_schema_extra=says("a folder of model_repo/"))
    """Folder of the model in `model_repo/`, and its name for clients."""
    runtime: ModelServer = ModelServer.TRITON
    """What runs the model. A server of ones own, `custom`, is for programs that use the library."""
    pool: Name | None = Field(default=None, json_schema_extra=says("the name of a GPU pool"))
    """GPU pool that it runs on, one of `gpuPools`; without one it runs on the system nodes."""
    gpus: int = Field(default=0, ge=0, le=8)
    """GPUs of a pod; 0 runs on processors alone."""
    cpus: float = Field(default=2, ge=0.05, le=192)
    """Processors that a pod requests; parts of one are allowed."""
    memory_gib: int = Field(default=8, ge=1, le=2048)
    """Memory of a pod in GiB, requested and as limit."""
    replicas: int = Field(default=2, ge=0, le=100)
    """Fewest pods; 0 needs `scaling.toZero`."""
    maximum_replicas: int = Field(default=4, ge=1, le=100)
    """Most pods. All of them must fit into the tenant's quota and onto the pool."""
    form: ServiceForm = ServiceForm.DEPLOYMENT
    """What runs its pods; one that stands keeps its form, another form takes another name."""
    cache: ServiceCache | None = Field(
        default=None, json_schema_extra=says("a mapping with storageGib, storageClass")
    )
    """Volume of each pod; with `form: STATEFUL_SET`, and only then."""
    gateway: ServiceGateway = ServiceGateway()
    """Our gateway in front of it."""
    scaling: ServiceScaling = ServiceScaling()
    """How the number of its pods follows what waits; needs the add-on keda."""
    footprint: ServiceFootprint | None = Field(
        default=None, json_schema_extra=says("figures of the model's config.json")
    )
    """What of the model decides whether it fits its GPUs; without it nothing is judged."""
    candidate: ServiceCandidate | None = Field(
        default=None, json_schema_extra=says("what differs from the service")
    )
    """What is tried out beside it; a rollout gives it requests."""
    rollout: ServiceRollout = ServiceRollout()
    """How a candidate takes its place; needs the add-on argo-workflows."""

    @property
    def candidate_model(self) -> str:
        """Folder of the candidate's model; the service's own without a candidate of another."""
        return (self.candidate.model if self.candidate else None) or self.model
