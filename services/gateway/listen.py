"""Settings of the gateway's two doors, and of what may come through them."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Port = Annotated[int, Field(ge=1, le=65_535)]


class ListenSettings(BaseModel):
    """Where the gateway listens, and the limits of a request before anything looks into it.

    TLS is the business of what stands before the gateway.

    Attributes:
        host: Address of both ports. ``0.0.0.0`` in a container.
        http_port: Port of REST.
        grpc_port: Port of gRPC.
        body_bytes: Biggest body, or gRPC message.
        buffered_bytes: Bodies held in memory at a time, all together; more are refused.
        body_seconds: How long a client may take to send its body.
        header_bytes: All headers of a request together.
        header_seconds: How long a client may take to send its headers.
        connections: Connections at a time, and gRPC calls at a time.
        keep_alive_seconds: An idle connection is kept open so long. Longer than that of a proxy
            in front, which must not find a connection closed that it is just using.
        deadline_seconds: Longest time that an answer may take.
        drain_seconds: After SIGTERM, how long running answers may take to finish; the longest
            answer by default.
        linger_seconds: After SIGTERM, how long new requests are refused politely at least, so
            that load balancers learn of it before the port closes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", min_length=1)
    http_port: Port = 18080
    grpc_port: Port = 18081
    body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, le=1024**3)
    buffered_bytes: int = Field(default=128 * 1024 * 1024, ge=1024, le=64 * 1024**3)
    body_seconds: float = Field(default=30.0, gt=0, le=3600)
    header_bytes: int = Field(default=32 * 1024, ge=1024, le=1024**2)
    header_seconds: float = Field(default=15.0, gt=0, le=3600)
    connections: int = Field(default=1024, ge=1, le=100_000)
    keep_alive_seconds: int = Field(default=75, ge=1, le=3600)
    deadline_seconds: float = Field(default=300.0, gt=0, le=24 * 3600)
    drain_seconds: float | None = Field(default=None, ge=0, le=24 * 3600)
    linger_seconds: float = Field(default=0.0, ge=0, le=600)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.http_port == self.grpc_port:
            raise ValueError(f"http_port and grpc_port must differ; both are {self.http_port}")
        if self.buffered_bytes < self.body_bytes:
            raise ValueError(
                f"buffered_bytes ({self.buffered_bytes}) must not be less than body_bytes "
                f"({self.body_bytes})"
            )
        return self

    @property
    def drain(self) -> float:
        """Seconds that running answers may take after SIGTERM."""
        return self.deadline_seconds if self.drain_seconds is None else self.drain_seconds
