"""Routes of a served model: names, and rules that split requests between its variants. Pure.

Written for two: `LlmService` makes the routes, and a rollout owns their rules from then on. Both
build the rules here, so there is one place that says what a split looks like: `http_rules` and
`grpc_rules` from nothing, `resplit` from the rules that a route has. A rollout applies
``spec.rules`` as a whole, server-side, as the manager `FIELD_MANAGER`; Pulumi leaves that list
alone (`llm_platform.ownership`). What must change at an update is therefore never in a rule: time
limits and the like are in policies (`traffic`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, cast

Spec = dict[str, Any]

API_VERSION = "gateway.networking.k8s.io/v1"
HTTP_KIND = "HTTPRoute"
GRPC_KIND = "GRPCRoute"

FIELD_MANAGER = "llm-rollout"
"""Manager by which a rollout applies ``spec.rules``."""

VARIANT_HEADER = "x-llm-variant"
"""Request header that names a variant and is obeyed; response header that tells which it was."""
VARIANT_COOKIE = "llm-variant"
"""The same for clients that keep cookies: a conversation stays where it began."""
COOKIE_SECONDS = 3600
"""How long a client is kept at a variant after its last answer."""

WEIGHTS = 100
"""Weights of a split add up to this."""

REST_PREFIXES = ("/v1", "/v2")
"""Paths that are led to a backend: OpenAI's surface and the Open Inference Protocol. Whatever else
a server answers, such as ``/metrics``, is nobody's business outside of the cluster."""

HTTP_PORT = 80
"""Port of a Service that leads to REST; KServe gives it to the first port of a container."""

CANDIDATE_SUFFIX = "-candidate"
GRPC_SUFFIX = "-grpc"
TRITON_SUFFIX = "-triton"


class Part(StrEnum):
    """What of an InferenceService requests are led to."""

    GATEWAY = "transformer"
    """Our gateway, which KServe runs as a transformer."""
    SERVER = "predictor"
    """The model server itself."""


GRPC_PORTS: Mapping[Part, int] = MappingProxyType({Part.GATEWAY: 18081, Part.SERVER: 9000})
"""Port of a part's Service that leads to its gRPC."""


class Variant(StrEnum):
    """The two InferenceServices of a served model."""

    STABLE = "stable"
    """Answers everybody when no rollout runs."""
    CANDIDATE = "candidate"
    """What a rollout tries out."""


@dataclass(frozen=True)
class Split:
    """How requests are divided.

    Attributes:
        candidate: Requests out of 100 for the candidate, of those that name no variant.
        mirrored: Requests out of 100 that the candidate gets a copy of; its answers are dropped.
        pinned: Whether clients that name the candidate, by header or cookie, get it. False leads
            them to stable: after a rollback nobody may be kept at the candidate.
        has_candidate: Whether there is a candidate at all; without one the rest is ignored.

    Raises:
        ValueError: A share is not between 0 and 100.
    """

    candidate: int = 0
    mirrored: int = 0
    pinned: bool = True
    has_candidate: bool = True

    def __post_init__(self) -> None:
        for name in ("candidate", "mirrored"):
            if not 0 <= getattr(self, name) <= WEIGHTS:
                message = f"{name} is {getattr(self, name)}; allowed: 0 to {WEIGHTS}"
                raise ValueError(message)


STABLE_ONLY = Split(has_candidate=False)


def inference_service(service: str, variant: Variant) -> str:
    """Name of a variant's InferenceService."""
    return f"{service}{CANDIDATE_SUFFIX}" if variant is Variant.CANDIDATE else service


def part_of(service: str, variant: Variant, part: Part) -> str:
    """Name of Deployment and Service of a variant's part, as KServe gives it."""
    return f"{inference_service(service, variant)}-{part.value}"


def http_route_name(service: str) -> str:
    """Name of the HTTPRoute."""
    return service


def grpc_route_name(service: str) -> str:
    """Name of the GRPCRoute."""
    return f"{service}{GRPC_SUFFIX}"


def direct_route_name(service: str) -> str:
    """Name of the GRPCRoute straight to Triton."""
    return f"{service}{TRITON_SUFFIX}"


def http_host(service: str, namespace: str, domain: str) -> str:
    """Host name of REST."""
    return f"{service}-{namespace}.{domain}"


def grpc_host(service: str, namespace: str, domain: str) -> str:
    """Host name of gRPC; another than that of REST, for a host belongs to one kind of route."""
    return f"{service}-{namespace}.grpc.{domain}"


def direct_host(service: str, namespace: str, domain: str) -> str:
    """Host name of gRPC straight to Triton."""
    return f"{service}-{namespace}.triton.{domain}"


def route_spec(gateway: Any, host: str, rules: Sequence[Spec]) -> Spec:
    """Specification of an HTTPRoute or GRPCRoute.

    Args:
        gateway: Namespace and name of the gateway, as a pair.
        host: Host name.
        rules: The rules.
    """
    namespace, name = gateway
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "namespace": namespace,
        "name": name,
    }
    return {"parentRefs": [parent], "hostnames": [host], "rules": list(rules)}


def http_rules(service: str, split: Split, part: Part = Part.GATEWAY) -> list[Spec]:
    """Rules of the HTTPRoute: named variants first, the header before the cookie, then the split.

    Args:
        service: Name of the served model.
        split: How requests are divided.
        part: What requests are led to.
    """
    to = _Backends(service, part, HTTP_PORT, cookie=True)
    paths = [{"path": {"type": "PathPrefix", "value": prefix}} for prefix in REST_PREFIXES]
    pinned = [
        {
            "matches": [{**path, "headers": [named(variant)]} for path in paths],
            "backendRefs": [to.pinned(variant, split)],
        }
        for named in (_header, _cookie)
        for variant in Variant
    ]
    return _rules(to, split, pinned, {"matches": paths})


def grpc_rules(service: str, split: Split, part: Part = Part.GATEWAY) -> list[Spec]:
    """Rules of a GRPCRoute: as those of REST, but gRPC knows no cookies.

    Args:
        service: Name of the served model.
        split: How requests are divided.
        part: What calls are led to.
    """
    to = _Backends(service, part, GRPC_PORTS[part], cookie=False)
    pinned = [
        {
            "matches": [{"headers": [_header(variant)]}],
            "backendRefs": [to.pinned(variant, split)],
        }
        for variant in Variant
    ]
    return _rules(to, split, pinned, {})


def resplit(rules: Sequence[Mapping[str, Any]], split: Split) -> list[Spec]:
    """The rules of the same route with another split; also for a route that had no candidate yet.

    Raises:
        ValueError: They were not made here.
    """
    split_of(rules)
    stable = next(each for each in rules[-1]["backendRefs"] if _variant_of(each) is Variant.STABLE)
    service, _, part = str(stable["name"]).rpartition("-")
    make = http_rules if stable["port"] == HTTP_PORT else grpc_rules
    return make(service, split, Part(part))


def split_of(rules: Sequence[Mapping[str, Any]]) -> Split:
    """The split that rules made here stand for.

    Raises:
        ValueError: They were not made here.
    """
    try:
        last = rules[-1]
        weights = {_variant_of(each): int(each["weight"]) for each in last["backendRefs"]}
        if weights.keys() == {Variant.STABLE} and len(rules) == 1:
            return STABLE_ONLY
        if weights.keys() != set(Variant) or sum(weights.values()) != WEIGHTS:
            raise KeyError("weight")
        mirrors = [each["requestMirror"] for each in last.get("filters", [])]
        mirrored = int(mirrors[0].get("percent", WEIGHTS)) if mirrors else 0
        kept = next(each for each in rules[:-1] if _names(each, Variant.CANDIDATE))
        pinned = _variant_of(kept["backendRefs"][0]) is Variant.CANDIDATE
    except (KeyError, IndexError, TypeError, StopIteration) as error:
        message = "the route's rules are not those of a served model"
        raise ValueError(message) from error
    return Split(candidate=weights[Variant.CANDIDATE], mirrored=mirrored, pinned=pinned)


@dataclass(frozen=True)
class _Backends:
    """Backends of one route."""

    service: str
    part: Part
    port: int
    cookie: bool

    def reference(self, variant: Variant) -> Spec:
        """The Service of a variant."""
        name = part_of(self.service, variant, self.part)
        return {"group": "", "kind": "Service", "name": name, "port": self.port}

    def weighted(self, variant: Variant, weight: int) -> Spec:
        """A variant with its weight; the answer says which it was."""
        told: Spec = {"set": [{"name": VARIANT_HEADER, "value": variant.value}]}
        if self.cookie:
            value = (
                f"{VARIANT_COOKIE}={variant.value}; Max-Age={COOKIE_SECONDS}; Path=/; Secure; "
                "HttpOnly; SameSite=Lax"
            )
            told["add"] = [{"name": "set-cookie", "value": value}]
        return {
            **self.reference(variant),
            "weight": weight,
            "filters": [{"type": "ResponseHeaderModifier", "responseHeaderModifier": told}],
        }

    def pinned(self, asked: Variant, split: Split) -> Spec:
        """What a client gets that names a variant."""
        return self.weighted(asked if split.pinned else Variant.STABLE, WEIGHTS)

    def divided(self, split: Split) -> list[Spec]:
        """What clients get that name none."""
        if not split.has_candidate:
            return [self.weighted(Variant.STABLE, WEIGHTS)]
        return [
            self.weighted(Variant.STABLE, WEIGHTS - split.candidate),
            self.weighted(Variant.CANDIDATE, split.candidate),
        ]


def _rules(to: _Backends, split: Split, pinned: Sequence[Spec], last: Spec) -> list[Spec]:
    rule: Spec = {**last, "backendRefs": to.divided(split)}
    if not split.has_candidate:
        return [rule]
    if split.mirrored:
        mirror = {"backendRef": to.reference(Variant.CANDIDATE), "percent": split.mirrored}
        rule["filters"] = [{"type": "RequestMirror", "requestMirror": mirror}]
    return [*pinned, rule]


def _header(variant: Variant) -> Spec:
    return {"type": "Exact", "name": VARIANT_HEADER, "value": variant.value}


def _cookie(variant: Variant) -> Spec:
    value = f"(.*;[ ]*)?{VARIANT_COOKIE}={variant.value}(;.*)?"
    return {"type": "RegularExpression", "name": "cookie", "value": value}


def _variant_of(backend: Mapping[str, Any]) -> Variant:
    """The variant that a backend says it is, in its response header."""
    for each in cast("Sequence[Mapping[str, Any]]", backend["filters"]):
        for header in each.get("responseHeaderModifier", {}).get("set", []):
            if header["name"] == VARIANT_HEADER and header["value"] in set(Variant):
                return Variant(header["value"])
    raise KeyError(VARIANT_HEADER)


def _names(rule: Mapping[str, Any], variant: Variant) -> bool:
    headers = [header for match in rule["matches"] for header in match.get("headers", [])]
    return any(
        header["name"] == VARIANT_HEADER and header["value"] == variant.value for header in headers
    )
