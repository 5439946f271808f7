"""Where a server is, how it is asked, and what the caller allows."""

from dataclasses import dataclass, field
from typing import Protocol

from conformance.surfaces import Surface
from conformance.wire import Client

LIVE = ("/v2/health/live", "/livez", "/health/live", "/healthz", "/health")
"""Where liveness is looked for, in this order."""
READY = ("/v2/health/ready", "/readyz", "/health/ready", "/ready", "/healthz", "/health")
"""Where readiness is looked for, in this order."""
ABSENT = (0, 404, 405, 501)
"""Statuses that say: there is no such path."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the caller allows.

    Attributes:
        tokens: Of the long answers: what is open when clients leave and when the server ends.
        parallel: Requests side by side.
        start_seconds: From the start of the server to its readiness.
        metrics_seconds: Until a request shows in the metrics.
        grace_seconds: From SIGTERM to the end of the process; Kubernetes kills it then.
    """

    tokens: int = 200
    parallel: int = 8
    start_seconds: float = 300
    metrics_seconds: float = 30
    grace_seconds: float = 60


class Stopper(Protocol):
    """Ends a server as Kubernetes does: SIGTERM, once, to its first process."""

    def stop(self) -> None:
        """Ask it to end."""
        ...

    def ended(self, seconds: float) -> tuple[bool, str]:
        """Wait until it has ended: whether it did so in time and orderly, and what was seen."""
        ...


@dataclass(frozen=True)
class Place:
    """A server that is up.

    Attributes:
        client: Asks it.
        surface: How it is asked.
        live: Path of liveness.
        ready: Path of readiness.
        scraper: Asks for metrics.
        metrics: Path of metrics.
        stopper: Ends it; None where the suite cannot.
        limits: What is allowed.
    """

    client: Client
    surface: Surface
    live: str
    ready: str
    scraper: Client
    metrics: str
    stopper: Stopper | None = None
    limits: Limits = field(default_factory=Limits)


def first_there(client: Client, paths: tuple[str, ...]) -> str:
    """The first path that the server knows, whatever it answers; else the first of all."""
    for path in paths:
        if client.get(path).status not in ABSENT:
            return path
    return paths[0]
