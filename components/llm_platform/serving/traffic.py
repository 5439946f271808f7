"""Limits at Envoy for one served model, as Envoy Gateway's policies. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_platform.serving.llm_service_inputs import LlmRoute

Spec = dict[str, Any]

API_VERSION = "gateway.envoyproxy.io/v1alpha1"


@dataclass(frozen=True)
class Limits:
    """What Envoy lets through to a service.

    Attributes:
        timeout_seconds: How long an answer may take.
        requests_per_second: Requests that each pod of Envoy lets in.
        parallel: Requests at a time to each variant.
        waiting: Requests that may wait for a connection.
    """

    timeout_seconds: int
    requests_per_second: int
    parallel: int
    waiting: int


def limits(args: "LlmRoute", timeout_seconds: int) -> Limits:
    """What the inputs say, defaults filled in."""
    return Limits(
        timeout_seconds=timeout_seconds,
        requests_per_second=args.get("requests_per_second", 100),
        parallel=args.get("parallel_requests", 512),
        waiting=args.get("waiting_requests", 64),
    )


def targets(routes: Sequence[tuple[str, str]]) -> list[Spec]:
    """Routes, by kind and name, as a policy's targets."""
    group = "gateway.networking.k8s.io"
    return [{"group": group, "kind": kind, "name": name} for kind, name in routes]


def backend_traffic(routes: Sequence[tuple[str, str]], bounds: Limits) -> Spec:
    """Time limits, retries, circuit breaker and rate limit.

    A request is sent again only when no connection could be made: a model that has begun to
    answer has cost its time already, and a second answer would cost it again.

    Args:
        routes: Kind and name of every route that it holds for.
        bounds: The limits.
    """
    return {
        "targetRefs": targets(routes),
        "timeout": {
            "tcp": {"connectTimeout": "5s"},
            "http": {
                "requestTimeout": f"{bounds.timeout_seconds}s",
                "connectionIdleTimeout": "60s",
            },
        },
        "retry": {
            "numRetries": 2,
            "retryOn": {"triggers": ["connect-failure", "refused-stream"]},
            "perRetry": {"backOff": {"baseInterval": "50ms", "maxInterval": "500ms"}},
        },
        "circuitBreaker": {
            "maxConnections": bounds.parallel,
            "maxPendingRequests": bounds.waiting,
            "maxParallelRequests": bounds.parallel,
            "maxParallelRetries": max(bounds.parallel // 10, 1),
        },
        # the pod with the fewest requests, for one long answer weighs as much as many short ones
        "loadBalancer": {"type": "LeastRequest"},
        "rateLimit": {
            "type": "Local",
            "local": {
                "rules": [{"limit": {"requests": bounds.requests_per_second, "unit": "Second"}}]
            },
        },
    }


def security(
    routes: Sequence[tuple[str, str]], issuer: str, audiences: Sequence[str], keys_uri: str
) -> Spec:
    """Requests without a valid token are refused.

    Args:
        routes: Kind and name of every route that it holds for.
        issuer: Who issues tokens.
        audiences: One of them must be the token's.
        keys_uri: Where the issuer's public keys are.
    """
    provider = {
        "name": "issuer",
        "issuer": issuer,
        "audiences": list(audiences),
        "remoteJWKS": {"uri": keys_uri},
    }
    return {"targetRefs": targets(routes), "jwt": {"providers": [provider]}}


def client_traffic(gateway: str) -> Spec:
    """What clients of the whole gateway are held to.

    TLS 1.2 at least, bounded connections and streams, no endless silence.

    Args:
        gateway: Name of the gateway.
    """
    return {
        "targetRefs": targets([("Gateway", gateway)]),
        "tls": {"minVersion": "1.2", "alpnProtocols": ["h2", "http/1.1"]},
        "timeout": {
            "http": {
                "requestReceivedTimeout": "60s",
                "idleTimeout": "600s",
            }
        },
        "connection": {"connectionLimit": {"value": 10_000}, "bufferLimit": "32Ki"},
        "http2": {"maxConcurrentStreams": 200},
        "headers": {"withUnderscoresAction": "RejectRequest"},
        "path": {"disableMergeSlashes": False, "escapedSlashesAction": "RejectRequest"},
    }
