"""Settings section ``telemetry`` of the gateway."""

from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Level(StrEnum):
    """The least severe lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSettings(BaseModel):
    """Logs: one JSON object a line.

    Attributes:
        level: The least severe lines that are written. A request that ended with a 5xx status is
            an ``error``, one refused by the gateway a ``warning``, any other ``info``.
        sample: Part of the ``info`` lines of requests that is written; failures always are.
        queue: Lines that may wait for a slow reader; more are dropped and counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level = Level.INFO
    sample: float = Field(default=1.0, ge=0, le=1)
    queue: int = Field(default=10_000, ge=1)


class TraceSettings(BaseModel):
    """Traces, exported by OTLP over HTTP.

    Attributes:
        enabled: Make and export spans. Off, a client's trace context is passed on to Triton all
            the same.
        endpoint: Where to; the path ``/v1/traces`` included. Headers with secrets come from the
            environment: ``OTEL_EXPORTER_OTLP_HEADERS``.
        ca_file: Certificates to trust; None for the system's.
        sample: Part of the traces begun here that is recorded. A client that has decided is
            followed.
        service_name: ``service.name`` of all spans.
        capture_content: Put prompts and answers into spans. They are personal data then.
        content_characters: Longest prompt and longest answer that a span carries.
        queue: Spans that may wait for the collector; then the oldest are dropped.
        batch: Spans of one export.
        delay_seconds: Longest wait for a batch to fill.
        timeout_seconds: How long an export may take.
        close_seconds: How long the gateway waits for the last export when it ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = False
    endpoint: str = "http://127.0.0.1:4318/v1/traces"
    ca_file: Path | None = None
    sample: float = Field(default=1.0, ge=0, le=1)
    service_name: str = Field(default="llm-gateway", min_length=1)
    capture_content: bool = False
    content_characters: int = Field(default=16_384, ge=1)
    queue: int = Field(default=2048, ge=1)
    batch: int = Field(default=512, ge=1)
    delay_seconds: float = Field(default=2.0, gt=0, le=60)
    timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    close_seconds: float = Field(default=3.0, ge=0, le=60)

    @field_validator("endpoint")
    @classmethod
    def _plain_endpoint(cls, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = "must be http://HOST:PORT/PATH or https://…"
            raise ValueError(message)
        if parts.username or parts.password:
            message = "must hold no user or password: use OTEL_EXPORTER_OTLP_HEADERS"
            raise ValueError(message)
        return endpoint

    @model_validator(mode="after")
    def _batch_fits(self) -> Self:
        if self.batch > self.queue:
            message = f"batch ({self.batch}) must not be larger than queue ({self.queue})"
            raise ValueError(message)
        return self


class TelemetrySettings(BaseModel):
    """What the gateway says about itself. Metrics are always on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    logs: LogSettings = LogSettings()
    traces: TraceSettings = TraceSettings()
