"""Gates of a rollout, as data for the program that reads them (`services/rollout`). Pure.

Their metrics are those of our gateway, by the labels ``service`` and ``variant``. ``$labels`` in a
query stands for the matchers of a variant.
"""

from dataclasses import dataclass
from typing import Any

REQUESTS = "llm_gateway_requests_total"
DURATION = "llm_gateway_request_duration_seconds_bucket"
FIRST_TOKEN = "llm_gateway_time_to_first_token_seconds_bucket"  # noqa: S105 - a metric
FAULTS = 'status=~"5.."'
"""Requests that failed by a fault of the platform."""
LET_IN = 'status!~"401|403|429|499"'
"""Requests that say something of a variant: not those without a key or a budget, nor those whose
client left."""
REFUSED = f'status=~"4..",{LET_IN}'
"""Requests that a variant would not take. Mostly their clients' fault, but both variants are asked
alike: where the candidate refuses more, its template does not take what stable's does, or it does
not know the model's name or a route. So 404 and 405 count too."""
ERROR_FACTOR = 1.5
"""How many times stable's share of bad requests is allowed: two samples of the same are never
equal."""
QUANTILE = 0.95


@dataclass(frozen=True)
class GateLimits:
    """What a candidate may do.

    Attributes:
        error_ratio: Share of requests with status 5xx that is always allowed.
        refusal_ratio: Share of requests that are refused with status 4xx that is always allowed.
        duration_seconds: 95th percentile of a request's duration that is always allowed.
        first_token_seconds: 95th percentile of the time to the first token, likewise.
        slower: Factor on stable's percentiles that is allowed too.
        min_samples: Requests of the candidate on which a gate may pass.
        quality: PromQL of a quality score, more is better; empty: no such gate.
        quality_minimum: Score that is always enough.
        quality_margin: How far below stable's score it may lie.
    """

    error_ratio: float = 0.01
    refusal_ratio: float = 0.05
    duration_seconds: float = 5.0
    first_token_seconds: float = 1.0
    slower: float = 1.25
    min_samples: int = 50
    quality: str = ""
    quality_minimum: float = 1.0
    quality_margin: float = 0.05


def gates(limits: GateLimits) -> list[dict[str, Any]]:
    """The gates, as the program's settings have them.

    The time to the first token is measured for streamed answers only, so it need not be there; a
    quality score comes from a service of its own, likewise.
    """
    found: list[dict[str, Any]] = [
        _share("errors", FAULTS, limits.error_ratio, limits),
        _share("refusals", REFUSED, limits.refusal_ratio, limits),
        _percentile("p95", DURATION, limits.duration_seconds, limits, required=True),
        _percentile("first-token", FIRST_TOKEN, limits.first_token_seconds, limits, required=False),
    ]
    if limits.quality:
        found.append(
            {
                "name": "quality",
                "kind": "value",
                "queries": {"value": limits.quality},
                "limit": limits.quality_minimum,
                "margin": limits.quality_margin,
                "more_is_better": True,
                "required": False,
                "min_samples": limits.min_samples,
            }
        )
    return found


def _share(name: str, bad: str, limit: float, limits: GateLimits) -> dict[str, Any]:
    """A gate on the share of requests with some statuses, of those that were let in."""
    return {
        "name": name,
        "kind": "ratio",
        "queries": {
            "bad": f"{REQUESTS}{{$labels,{bad}}}",
            "total": f"{REQUESTS}{{$labels,{LET_IN}}}",
        },
        "limit": limit,
        "factor": ERROR_FACTOR,
        "min_samples": limits.min_samples,
    }


def _percentile(
    name: str, metric: str, limit: float, limits: GateLimits, *, required: bool
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "quantile",
        "queries": {"buckets": f"{metric}{{$labels}}"},
        "limit": limit,
        "factor": limits.slower,
        "quantile": QUANTILE,
        "min_samples": limits.min_samples,
        "required": required,
    }
