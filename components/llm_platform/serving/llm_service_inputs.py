"""Inputs of an `LlmService`'s parts."""

from typing import Any, NotRequired, TypedDict

import pulumi

from llm_platform.serving.kinds import Precision, WireProtocol


class LlmGateway(TypedDict):
    """Our gateway in front of a model: API keys, budgets, guards, caches, OpenAI's surface."""

    image: NotRequired[str]
    """Image with a fixed tag or digest. Default: the library's own name for it, without a
    registry."""
    keys_secret: NotRequired[str]
    """Secret of the namespace whose key ``keys.yaml`` is the key file. Needed unless
    `anonymous`."""
    anonymous: NotRequired[bool]
    """Whether requests without a key are answered. Default: no."""
    settings: NotRequired[dict[str, Any]]
    """Further sections of the gateway's settings, such as ``models`` or ``budgets``. What is made
    here, ``listen``, ``upstream`` and ``keys``, is not theirs to say. Default: none."""
    model_settings: NotRequired[dict[str, Any]]
    """The model's entry in the gateway's catalogue, without ``triton``. Default: the gateway's
    own catalogue."""
    min_replicas: NotRequired[int]
    """Fewest pods. Default: 2."""
    max_replicas: NotRequired[int]
    """Most pods; more than the fewest needs `scaling` of the service. Default: 4."""
    cpus: NotRequired[float]
    """CPUs that a pod requests; its limit is one CPU, or as many if that is more. Default: 0.5."""
    memory_mib: NotRequired[int]
    """Memory of a pod in MiB, requested and as limit. Default: 1024."""


class LlmJwt(TypedDict):
    """Tokens that Envoy wants before it lets a request in."""

    issuer: str
    """Who issues them: the claim ``iss``."""
    audiences: list[str]
    """One of them must be in the claim ``aud``."""
    jwks_uri: str
    """Where the issuer's public keys are, over HTTPS."""


class LlmRoute(TypedDict):
    """How a model is reached from outside of the cluster: hosts, and limits at Envoy."""

    domain: str
    """Domain of the `ServingGateway`; REST is at the host ``SERVICE-NAMESPACE.DOMAIN``."""
    gateway: NotRequired[pulumi.Input[str]]
    """``NAMESPACE/NAME`` of the gateway, as `ServingGateway.gateway`. Default: the library's."""
    grpc: NotRequired[bool]
    """Whether there is a route for gRPC, at ``SERVICE-NAMESPACE.grpc.DOMAIN``. Default: yes where
    the server speaks it."""
    direct: NotRequired[bool]
    """Whether there is a route for gRPC straight to Triton, past keys, budgets and guards, at
    ``SERVICE-NAMESPACE.triton.DOMAIN``. Needs `jwt`. Default: no."""
    jwt: NotRequired[LlmJwt]
    """Tokens that are wanted. Needed where no gateway of ours asks for keys. Default: none."""
    requests_per_second: NotRequired[int]
    """Requests that each pod of Envoy lets in. Default: 100."""
    parallel_requests: NotRequired[int]
    """Requests at a time to each variant; more are refused at once. Default: 512."""
    waiting_requests: NotRequired[int]
    """Requests that may wait for a connection. Default: 64."""


class LlmScaling(TypedDict):
    """Numbers of pods by what waits, and what holds when nobody can tell."""

    prometheus: NotRequired[str]
    """Address of Prometheus. Default: that of kube-prometheus-stack in ``monitoring``."""
    queue_ms: NotRequired[int]
    """Triton: average time in queues that is all right. Default: 200."""
    waiting: NotRequired[int]
    """Requests that may wait, of each pod. Default: 4."""
    kv_percent: NotRequired[int]
    """vLLM: share of the cache of keys and values that is all right. Default: 80."""
    tokens_per_second: NotRequired[int]
    """Tokens that a pod can make a second, as measured. Default: no limit is known."""
    cpu_percent: NotRequired[int]
    """CPU use of the model server, of what it requests, that is all right. Default: CPU does not
    count."""
    gateway_cpu_percent: NotRequired[int]
    """CPU use of the gateway, of what it requests, that is all right. Default: 70."""
    pod_start_seconds: NotRequired[int]
    """From a new pod's creation to its first answer, as measured: no further step is taken before
    the last one can count. Default: estimated from the weights, or 180."""
    calm_seconds: NotRequired[int]
    """Quiet after which a pod goes, one at a time; at least as long as a pod needs to start.
    Default: 300."""
    fallback_replicas: NotRequired[int]
    """Pods while metrics are missing. Default: `min_replicas`, at least 1."""
    to_zero: NotRequired[bool]
    """Whether the last pod goes when nobody asks; the next request is refused, and wakes the
    model. `min_replicas` must be 0. Default: no."""
    idle_seconds: NotRequired[int]
    """Quiet after which the last pod goes. Default: 900."""


class LlmRecommendations(TypedDict):
    """Requests that the VPA recommends; nothing is changed by it."""

    server: NotRequired[list[str]]
    """Resources of the model server: ``cpu``, ``memory``. Default: both without GPUs, else none."""
    gateway: NotRequired[list[str]]
    """Resources of the gateway. Default: ``memory``, for CPU is what its HPA goes by."""


class LlmFootprint(TypedDict):
    """What of a language model decides whether it fits its GPUs, from its ``config.json``."""

    parameters_billions: float
    """All parameters in billions; of a mixture of experts, all experts."""
    precision: Precision
    """Of the weights."""
    unquantised_billions: NotRequired[float]
    """Parameters that stay in 16 bits all the same. Default: none."""
    layers: int
    """``num_hidden_layers``."""
    kv_heads: NotRequired[int]
    """``num_key_value_heads``. Needed without `latent_dim`."""
    head_dim: NotRequired[int]
    """``head_dim``, or ``hidden_size`` by ``num_attention_heads``. Needed without `latent_dim`."""
    latent_dim: NotRequired[int]
    """``kv_lora_rank`` and ``qk_rope_head_dim`` together, with latent attention. Default: none."""
    window_layers: NotRequired[int]
    """Layers with a sliding window. Default: none."""
    window: NotRequired[int]
    """Tokens of that window. Needed with `window_layers`."""
    kv_precision: NotRequired[Precision]
    """Of keys and values. Default: BF16."""
    context_tokens: int
    """Longest conversation, prompt and answer."""
    sequences: NotRequired[int]
    """Conversations at a time, each at its longest, that must fit. Default: 8."""
    gpu_memory_gib: NotRequired[float]
    """Memory of one GPU, the smallest of the pool. Without it nothing is judged."""


class LlmAdapter(TypedDict):
    """A LoRA adapter: a model of its own name on the weights of another."""

    name: str
    """Name that clients ask for."""
    uri: pulumi.Input[str]
    """Folder of the adapter, such as ``s3://bucket/adapters/legal/``."""
    rank: NotRequired[int]
    """Its rank. Default: 16."""


class LlmCustomServer(TypedDict):
    """A server of ones own, which passes the conformance suite of docs/custom-servers.md."""

    image: str
    """Image with a fixed tag or digest."""
    protocol: WireProtocol
    """What it speaks."""
    args: NotRequired[list[str]]
    """Its arguments. Default: the image's."""
    port: NotRequired[int]
    """Port of REST and of metrics. Default: 8080."""
    ready_path: NotRequired[str]
    """Answers 200 when it can serve. Default: ``/v2/health/ready``, or ``/health`` with
    OpenAI's surface."""
    metrics_path: NotRequired[str]
    """Prometheus metrics. Default: ``/metrics``."""


class LlmCandidate(TypedDict):
    """What is tried out beside what is stable. What is not given is as it is there."""

    model: NotRequired[str]
    """Folder of the model."""
    model_settings: NotRequired[dict[str, Any]]
    """The model's entry in the gateway's catalogue, such as its chat template, without ``name``
    and ``triton``: clients ask for both variants by the name of ``gateway.model_settings``."""
    repository_uri: NotRequired[pulumi.Input[str]]
    """Where the model repository lies."""
    runtime: NotRequired[pulumi.Input[str]]
    """Name of the runtime."""
    image: NotRequired[str]
    """Image of the model server."""
    custom: NotRequired[LlmCustomServer]
    """A server of ones own."""
    extra_args: NotRequired[list[str]]
    """Further arguments of the server."""
    env: NotRequired[dict[str, str]]
    """Environment variables."""
    gpus: NotRequired[int]
    """GPUs of a pod."""
    pool: NotRequired[str]
    """GPU pool."""
    cpus: NotRequired[float]
    """CPUs that a pod requests."""
    memory_gib: NotRequired[int]
    """Memory of a pod in GiB."""
    footprint: NotRequired[LlmFootprint]
    """Of its model."""
    min_replicas: NotRequired[int]
    """Fewest pods. Default: 1."""
    max_replicas: NotRequired[int]
    """Most pods. Default: as many as of stable."""


class LlmCache(TypedDict):
    """A volume that a replica keeps: weights and compiled kernels survive its restarts."""

    storage_gib: int
    """Size in GiB."""
    storage_class: NotRequired[str]
    """Storage class. Default: the cluster's."""
