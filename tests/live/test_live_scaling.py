"""Numbers of pods on the real node: KEDA by what waits in the model, what holds without metrics,
and what the VPA recommends from what pods used."""

import os
import time
from collections.abc import Generator
from typing import Any

import pytest
from live_load import Load, chat, until
from live_platform import SERVICE, Platform
from live_pods import SERVER, pods_of, read, ready_pods, says

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

MOST = 3
FALLBACK = 2
CALM_SECONDS = 30
START_SECONDS = 30
SCALING = {
    "waiting": 1,
    "podStartSeconds": START_SECONDS,
    "calmSeconds": CALM_SECONDS,
    "fallbackReplicas": FALLBACK,
}
CLIENTS = 38
"""A pod answers 16 requests at a time and lets 24 wait: two pods are too few for as many, one
refuses none."""
SCALED = 420
"""Seconds within which pods must have come or gone, on a busy machine."""
HPA = f"keda-hpa-{SERVICE}"
MONITORING = "monitoring"
PROMETHEUS = "kube-prometheus-stack-prometheus"
FLOORS = {"cpu": 0.025, "memory": 250 * 2**20}
"""What the recommender says at the least, whatever it has seen."""


def tell(words: str) -> None:
    print(words)  # noqa: T201 - a measurement


@pytest.fixture(scope="module")
def scaled(platform: Platform) -> Generator[Platform]:
    """The platform with a service that scales soon, one pod of which runs."""
    platform.configure({"services": [{"name": SERVICE, "scaling": SCALING}]})
    tell(f"up with other scaling: {platform.up():.0f} s")
    try:
        until(lambda: pods(platform) == 1, SCALED, lambda: state(platform))
        yield platform
    finally:
        platform.configure({})
        platform.up()


def pods(platform: Platform) -> int:
    """Model servers that there are or that are on their way."""
    return len(pods_of(platform, SERVER))


def state(platform: Platform) -> str:
    """What KEDA and the HPA say."""
    scaler = read(platform, "scaledobject", SERVICE).get("status", {})
    return f"{scaler.get('conditions')}\n{read(platform, 'hpa', HPA).get('status')}"


def test_keda_goes_from_one_to_three_and_back(scaled: Platform) -> None:
    with Load(scaled, CLIENTS, chat(16)) as load:
        two = until(lambda: pods(scaled) >= 2, SCALED, lambda: state(scaled))
        three = two + until(
            lambda: ready_pods(scaled, SERVER) == MOST, SCALED, lambda: state(scaled)
        )
    tell(f"1 to 2 decided after {two:.0f} s, 3 ready after {three:.0f} s: {dict(load.answers)}")
    fewer = until(lambda: pods(scaled) < MOST, SCALED, lambda: state(scaled))
    one = fewer + until(lambda: pods(scaled) == 1, SCALED, lambda: state(scaled))
    tell(f"no load any more: the first went after {fewer:.0f} s, one is left after {one:.0f} s")

    assert load.good, load.trouble
    # each step down waits: nobody takes two at once
    assert one > fewer


def test_without_prometheus_the_fallback_holds(scaled: Platform) -> None:
    assert pods(scaled) == 1
    began = time.monotonic()
    monitor(scaled, 0)
    try:
        until(lambda: not measured(scaled), 120)
        gone = time.monotonic() - began
        until(lambda: ready_pods(scaled, SERVER) == FALLBACK, SCALED, lambda: state(scaled))
        more = time.monotonic() - began
        assert says(read(scaled, "scaledobject", SERVICE), "Fallback"), state(scaled)
        # longer than a calm service needs to lose a pod
        ends = time.monotonic() + CALM_SECONDS + 2 * START_SECONDS
        while time.monotonic() < ends:
            assert pods(scaled) == FALLBACK, state(scaled)
            time.sleep(2)
        assert scaled.ask("/v1/models").status == 200
    finally:
        monitor(scaled, 1)
    back = until(lambda: measured(scaled), 180)
    until(lambda: not says(read(scaled, "scaledobject", SERVICE), "Fallback"), SCALED)
    until(lambda: pods(scaled) == 1, SCALED, lambda: state(scaled))
    tell(
        f"Prometheus gone after {gone:.0f} s, {FALLBACK} pods ready after {more:.0f} s and held; "
        f"Prometheus back in {back:.0f} s, one pod {time.monotonic() - began:.0f} s after it all"
    )


def monitor(platform: Platform, replicas: int) -> None:
    """Have so many pods of Prometheus."""
    patch = f'{{"spec":{{"replicas":{replicas}}}}}'
    platform.kubectl(
        "patch", "prometheus", PROMETHEUS, "-n", MONITORING, "--type=merge", "-p", patch
    )


def measured(platform: Platform) -> bool:
    """Whether a pod of Prometheus is ready."""
    found = platform.objects("pods", MONITORING)
    named = [each for each in found if each["metadata"]["name"].startswith("prometheus-")]
    return any(says(each, "Ready") for each in named)


def test_the_vpa_recommends_from_what_was_used_and_changes_nothing(scaled: Platform) -> None:
    with Load(scaled):
        until(lambda: targets(scaled, SERVICE).get("cpu", 0) > FLOORS["cpu"], SCALED)
    server, gateway = targets(scaled, SERVICE), targets(scaled, f"{SERVICE}-gateway")
    (checkpoint,) = [
        each["status"]
        for each in scaled.objects("verticalpodautoscalercheckpoints.autoscaling.k8s.io")
        if each["spec"] == {"containerName": "kserve-container", "vpaObjectName": SERVICE}
    ]
    (pod,) = pods_of(scaled, SERVER)
    (container,) = pod["spec"]["containers"]
    requested = container["resources"]["requests"]
    tell(
        f"the VPA recommends {server['cpu']:.3f} CPUs and {server['memory'] / 2**20:.0f} MiB from "
        f"{checkpoint['totalSamplesCount']} samples; requested are {requested}"
    )

    assert set(server) == {"cpu", "memory"}
    assert server["memory"] > FLOORS["memory"]
    assert checkpoint["totalSamplesCount"] > 0
    # the gateway's HPA goes by CPU, so nobody else is asked about it
    assert set(gateway) == {"memory"}
    assert (requested["cpu"], requested["memory"]) == ("200m", "2Gi")


def targets(platform: Platform, name: str) -> dict[str, float]:
    """What a VPA says that the model server or the gateway should request, in CPUs and bytes."""
    status = read(platform, "vpa", name).get("status", {})
    found: list[dict[str, Any]] = status.get("recommendation", {}).get(
        "containerRecommendations", []
    )
    if not found:
        return {}
    (container,) = found
    return {each: amount(text) for each, text in container["target"].items()}


def amount(text: str) -> float:
    """A quantity as Kubernetes writes it."""
    units = {"m": 1e-3, "k": 1e3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "M": 1e6, "G": 1e9}
    for unit in sorted(units, key=len, reverse=True):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * units[unit]
    return float(text)
