"""Settings of the connection to Triton."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Address = Annotated[str, StringConstraints(pattern=r"^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$")]
"""``HOST:PORT``; an IPv6 address in brackets."""

Megabytes = Annotated[int, Field(ge=1, le=1024)]


class UpstreamSettings(BaseModel):
    """Where Triton is, and how patient the gateway is with it.

    Attributes:
        grpc: Address of Triton's gRPC endpoint: generation, embeddings, readiness.
        http: Address of its HTTP endpoint: tensors in JSON, metadata.
        tls: Whether both are reached by TLS with the system's authorities.
        connect_seconds: How long one attempt to connect may take.
        connect_retries: How often a request is tried again that could not be sent at all.
        message_megabytes: Biggest message from or to Triton.
        keepalive_seconds: A silent connection is tested that often.
        connections: Connections to the HTTP endpoint at once.
        embedding_batch: Texts in one request to the embedding model; its ``max_batch_size``.
        silence_seconds: A streamed answer is given up when its model says nothing for so long.
        metadata_seconds: How long what Triton says about a model is believed.
        reload_dead_models: Whether a Python model whose process died is loaded anew. Triton does
            not do it by itself. Needs its model control mode to be ``explicit``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    grpc: Address = "127.0.0.1:18001"
    http: Address = "127.0.0.1:18000"
    tls: bool = False
    connect_seconds: float = Field(default=2.0, gt=0, le=60)
    connect_retries: int = Field(default=2, ge=0, le=10)
    message_megabytes: Megabytes = 64
    keepalive_seconds: float = Field(default=20.0, ge=5, le=3600)
    connections: int = Field(default=128, ge=1, le=10_000)
    embedding_batch: int = Field(default=32, ge=1, le=4096)
    silence_seconds: float = Field(default=60.0, gt=0, le=3600)
    metadata_seconds: float = Field(default=30.0, gt=0, le=3600)
    reload_dead_models: bool = True
