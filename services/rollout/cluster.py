"""A service's objects in the cluster: its routes, its variants, its lease and its guard."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from llm_platform.serving import routes
from llm_platform.serving.routes import Split, Variant
from rollout.errors import RefusedError
from rollout.kube import Api, ConflictError
from rollout.state import READINGS, STATE, State, read_state

LEASE_SUFFIX = "-rollout"
_TRIES = 5


@dataclass(frozen=True)
class Route:
    """The HTTPRoute at one moment.

    Attributes:
        version: Its resource version.
        rules: Its rules.
        split: How they divide requests; None when they are not those of a served model.
        state: What is known of its last rollout.
    """

    version: str
    rules: list[dict[str, Any]]
    split: Split | None
    state: State | None


@dataclass(frozen=True)
class Lease:
    """Who is at work, by the Lease.

    Attributes:
        version: Its resource version.
        holder: The rollout; empty: nobody.
        renewed: Its last sign of life, in seconds since 1970.
        seconds: How long that holds.
        readings: The gates at the last look.
    """

    version: str
    holder: str
    renewed: float
    seconds: float
    readings: list[dict[str, Any]]

    def alive(self, now: float) -> bool:
        """Whether somebody looks after the rollout."""
        return bool(self.holder) and now < self.renewed + self.seconds


class Place:
    """The objects of one served model.

    Args:
        api: The API server.
        service: Name of the model.
        namespace: Its namespace.
        clock: Seconds since 1970.
    """

    def __init__(
        self, api: Api, service: str, namespace: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._api = api
        self._clock = clock
        self.service, self.namespace = service, namespace
        gateway = f"/apis/{routes.API_VERSION}/namespaces/{namespace}"
        self._http = f"{gateway}/httproutes/{routes.http_route_name(service)}"
        self._grpc = f"{gateway}/grpcroutes"
        self._lease = (
            f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{service}{LEASE_SUFFIX}"
        )
        self._variants = f"/apis/serving.kserve.io/v1beta1/namespaces/{namespace}/inferenceservices"

    def route(self) -> Route:
        """The HTTPRoute as it is.

        Raises:
            RefusedError: There is none.
        """
        found = self._api.find(self._http)
        if found is None:
            raise RefusedError(f"there is no HTTPRoute {self.namespace}/{self.service}")
        meta, rules = found["metadata"], found.get("spec", {}).get("rules", [])
        state = read_state(meta.get("annotations", {}).get(STATE))
        return Route(str(meta["resourceVersion"]), rules, _split(rules), state)

    def write(self, split: Split, state: State, found: Route) -> None:
        """Set weights and state at once, if the HTTPRoute is still as found; then the others.

        Raises:
            ConflictError: It has changed; nothing was written.
            RefusedError: Its rules are not those of a served model.
        """
        meta = {
            "name": routes.http_route_name(self.service),
            "namespace": self.namespace,
            "resourceVersion": found.version,
            "annotations": {STATE: state.text()},
        }
        if found.split is None:
            raise RefusedError(
                f"the rules of HTTPRoute {self.namespace}/{self.service} are not those of a model"
            )
        rules = routes.resplit(found.rules, split)
        self._api.apply(self._http, _object(routes.HTTP_KIND, meta, {"rules": rules}))
        self.follow(split)

    def change(self, decide: "Callable[[Route], tuple[Split, State] | None]") -> Route:
        """Read, decide, write; again from the start when somebody else wrote in between.

        Args:
            decide: What to write, given what is there; None: nothing.

        Returns:
            The route on which `decide` decided last.
        """
        for attempt in range(_TRIES):
            found = self.route()
            wanted = decide(found)
            if wanted is None:
                return found
            try:
                self.write(*wanted, found)
            except ConflictError:
                if attempt == _TRIES - 1:
                    raise
                continue
            return found
        raise AssertionError("the last attempt returns or raises")

    def follow_http(self) -> None:
        """Lead the GRPCRoutes the way the HTTPRoute goes now."""
        split = self.route().split
        if split is not None:
            self.follow(split)

    def follow(self, split: Split) -> None:
        """Lead the GRPCRoutes, as far as there are any, the way the HTTPRoute goes."""
        for name in (routes.grpc_route_name(self.service), routes.direct_route_name(self.service)):
            path = f"{self._grpc}/{name}"
            found = self._api.find(path)
            if found is None:
                continue
            rules: list[dict[str, Any]] = found.get("spec", {}).get("rules", [])
            if _split(rules) in {None, split}:
                continue
            meta = {"name": name, "namespace": self.namespace}
            spec = {"rules": routes.resplit(rules, split)}
            self._api.apply(path, _object(routes.GRPC_KIND, meta, spec))

    def variant(self, variant: Variant) -> dict[str, Any] | None:
        """A variant's InferenceService; None when there is none."""
        return self._api.find(f"{self._variants}/{routes.inference_service(self.service, variant)}")

    def lease(self) -> Lease | None:
        """The Lease; None when there is none."""
        found = self._api.find(self._lease)
        if found is None:
            return None
        meta: dict[str, Any] = found["metadata"]
        spec: dict[str, Any] = found.get("spec") or {}
        return Lease(
            version=str(meta["resourceVersion"]),
            holder=str(spec.get("holderIdentity") or ""),
            renewed=_seconds(spec.get("renewTime")),
            seconds=float(spec.get("leaseDurationSeconds") or 0),
            readings=_readings(meta.get("annotations", {}).get(READINGS)),
        )

    def renew(
        self,
        holder: str,
        seconds: float,
        readings: list[dict[str, Any]],
        *,
        version: str | None = None,
    ) -> None:
        """Give a sign of life.

        Args:
            holder: The rollout.
            seconds: How long it holds.
            readings: The gates at this look.
            version: The Lease's version that it must still have; None: any.

        Raises:
            ConflictError: It has another one.
        """
        meta: dict[str, Any] = {
            "name": f"{self.service}{LEASE_SUFFIX}",
            "namespace": self.namespace,
            "annotations": {READINGS: json.dumps(readings, separators=(",", ":"))},
        }
        if version is not None:
            meta["resourceVersion"] = version
        moment = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, round(seconds)),
            "renewTime": moment,
        }
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": meta,
            "spec": spec,
        }
        self._api.apply(self._lease, body)

    def release(self, holder: str) -> None:
        """Hold the Lease no longer, if it is `holder` who does; its last readings stay."""
        found = self.lease()
        if found is not None and found.holder == holder:
            with suppress(ConflictError):
                self.renew("", 1, found.readings, version=found.version)

    def guarded(self, guard: str, *, suspended: bool) -> None:
        """Let the guard look after this service from now on, or no longer.

        Args:
            guard: ``NAMESPACE/NAME`` of its CronJob; empty: there is none.
            suspended: Whether it rests.
        """
        namespace, _, name = guard.partition("/")
        if not name:
            return
        body = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"suspend": suspended},
        }
        self._api.apply(f"/apis/batch/v1/namespaces/{namespace}/cronjobs/{name}", body)


def is_ready(service: Mapping[str, Any] | None) -> bool:
    """Whether an InferenceService says that it is ready."""
    status: dict[str, Any] = (service or {}).get("status") or {}
    conditions: list[dict[str, Any]] = status.get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def same_model(service: str, stable: Mapping[str, Any], candidate: Mapping[str, Any]) -> bool:
    """Whether two InferenceServices differ in nothing but their names."""
    name = routes.inference_service(service, Variant.CANDIDATE)
    texts = [
        json.dumps(each.get("spec"), sort_keys=True).replace(name, service)
        for each in (stable, candidate)
    ]
    swapped = [
        text.replace(f'"{v.value}"', '"variant"') for text, v in zip(texts, Variant, strict=True)
    ]
    return swapped[0] == swapped[1]


def _split(rules: list[dict[str, Any]]) -> Split | None:
    try:
        return routes.split_of(rules)
    except ValueError:
        return None


def _object(kind: str, meta: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": routes.API_VERSION, "kind": kind, "metadata": meta, "spec": spec}


def _seconds(text: Any) -> float:
    """A time of Kubernetes in seconds since 1970; 0 when it is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0


def _readings(text: Any) -> list[dict[str, Any]]:
    try:
        found: Any = json.loads(text)
    except (TypeError, ValueError):
        return []
    return cast("list[dict[str, Any]]", found) if isinstance(found, list) else []
