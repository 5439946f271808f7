"""Whole rollouts, led by the metrics of the real Prometheus, on a real API server."""

import re
import time
from collections.abc import Iterator

import pytest
from forged_programs import forged_program
from prometheus_world import Monitoring, Traffic
from rollout_world import ROOM, WANTED_CRDS, RolloutWorld, Served

from llm_platform.serving.rollout_gates import GateLimits, gates
from llm_platform.serving.routes import Split, Variant
from local import cloud, toolchain
from local.cluster.crds import fetch
from local.reporter import LineReporter, QuietReporter

STACK = "rollout-metrics"
SERVICES = ["good", "broken", "slow", "alike", "blue", "shade", "restarts"]
BACK = Split(pinned=False)
LIMITS = GateLimits(min_samples=30, duration_seconds=0.3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RolloutWorld]:
    names = ("etcd", "kube-apiserver", "kube-controller-manager")
    tools = toolchain.ensure(names, LineReporter())
    fetch(WANTED_CRDS, LineReporter())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        made, _ = cloud.ensure(STACK, "stand-in", tools, LineReporter())
        try:
            yield RolloutWorld(made, tmp_path_factory.mktemp("programs"))
        finally:
            cloud.stop(STACK, QuietReporter())


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    program = forged_program("quay.io/prometheus/prometheus")
    running = Monitoring(program, tmp_path_factory.mktemp("prometheus"), SERVICES, ROOM)
    try:
        yield running
    finally:
        running.close()


def served(world: RolloutWorld, monitoring: Monitoring, name: str) -> tuple[Served, Traffic]:
    """A service under traffic that Prometheus has seen enough of."""
    found = world.service(name)
    traffic = monitoring.traffic[name] = Traffic(found.split)
    found.use(
        prometheus=monitoring.url, gates=gates(LIMITS), weights=[10, 50, 100],
        step_seconds=3, step_limit_seconds=60, poll_seconds=0.5,
    )  # fmt: skip
    query = f'llm_gateway_requests_total{{service="{name}",variant="stable"}}'
    world.until(lambda: monitoring.value(query) > 50)
    return found, traffic


def run(found: Served, strategy: str = "canary") -> tuple[int, str]:
    return found.run("run", "--id", f"{found.name}-1", "--strategy", strategy, seconds=200)


def test_a_good_candidate_gets_everything(world: RolloutWorld, monitoring: Monitoring) -> None:
    found, traffic = served(world, monitoring, "good")
    code, said = run(found)
    assert code == 0, said
    assert found.split() == found.grpc_split() == Split(candidate=100)
    state = found.state()
    assert state["phase"] == "promoted"
    assert [each["step"] for each in state["passed"]] == ["weight-10", "weight-50", "weight-100"]
    for each in state["passed"]:
        readings = {gate["gate"]: gate for gate in each["readings"]}
        assert readings["errors"]["samples"] >= LIMITS.min_samples
        assert readings["first-token"]["verdict"] == "skipped"
        assert readings["p95"]["stable"] is not None
    traffic.stop()


def test_a_broken_candidate_goes_back_within_seconds(
    world: RolloutWorld, monitoring: Monitoring
) -> None:
    found, traffic = served(world, monitoring, "broken")
    traffic.gateways[Variant.CANDIDATE].errors = 0.5
    process = found.start("run", "--id", "broken-1", "--strategy", "canary")
    world.until(lambda: found.split().candidate == 10)
    gateway = traffic.gateways[Variant.CANDIDATE]
    world.until(lambda: gateway.statuses["500"] >= 5)
    failing = time.monotonic()
    world.until(lambda: found.split() == BACK)
    took = time.monotonic() - failing
    out, err = process.communicate(timeout=30)

    assert process.returncode == 10, out + err
    assert re.search(r"errors: 0\.\d+ is above 0\.01 on \d+ samples", err)
    assert found.grpc_split() == BACK
    assert found.state()["phase"] == "rolled-back"
    wrote = re.search(r"rolled back in ([0-9.]+) s", out)
    assert wrote
    print(  # noqa: T201 - what was measured
        f"from the fifth failure to stable: {took:.1f} s; the write itself {wrote[1]} s; "
        f"{gateway.statuses['500']} requests failed in all"
    )
    assert took < 10
    traffic.stop()


def test_a_slow_candidate_goes_back_by_its_percentile(
    world: RolloutWorld, monitoring: Monitoring
) -> None:
    found, traffic = served(world, monitoring, "slow")
    traffic.gateways[Variant.CANDIDATE].seconds = 2.0
    code, said = run(found)
    assert code == 10
    assert re.search(r"p95: [12]\.\d+ is above 0\.3 on \d+ samples", said), said
    assert found.split() == BACK
    traffic.stop()


def test_trouble_that_both_have_is_not_the_candidates(
    world: RolloutWorld, monitoring: Monitoring
) -> None:
    found, traffic = served(world, monitoring, "alike")
    for each in traffic.gateways.values():
        each.errors, each.seconds = 0.2, 1.0
    found.use(**{**found.settings, "gates": gates(GateLimits(min_samples=30, slower=1.5)),
                 "weights": [50, 100]})  # fmt: skip
    time.sleep(5)
    code, said = run(found)
    assert code == 0, said
    readings = {each["gate"]: each for each in found.state()["passed"][0]["readings"]}
    assert readings["errors"]["candidate"] > 0.1
    assert readings["errors"]["allowed"] > 0.2
    traffic.stop()


def test_blue_green_switches_at_once(world: RolloutWorld, monitoring: Monitoring) -> None:
    found, traffic = served(world, monitoring, "blue")
    code, said = run(found, "blue-green")
    assert code == 0, said
    assert found.split() == Split(candidate=100)
    steps = {each["step"]: each for each in found.state()["passed"]}
    assert list(steps) == ["smoke", "switch"]
    assert steps["smoke"]["readings"] == []
    # and the way back is open
    assert found.run("abort")[0] == 0
    assert found.split() == found.grpc_split() == BACK
    traffic.stop()


def test_a_shadow_is_judged_and_never_answers(world: RolloutWorld, monitoring: Monitoring) -> None:
    found, traffic = served(world, monitoring, "shade")
    traffic.gateways[Variant.CANDIDATE].errors = 0.5
    code, said = run(found, "shadow")
    assert code == 10, said
    assert found.split() == BACK
    traffic.gateways[Variant.CANDIDATE].errors = 0.0
    # Errors that no scrape has seen yet when a rollout begins would count as its own.
    time.sleep(4)
    code, said = found.run("run", "--id", "shade-2", "--strategy", "shadow")
    assert code == 0, said
    assert found.state()["phase"] == "shadowed"
    again = found.run("finish", "--id", "shade-2", "--strategy", "shadow")
    assert again[0] == 0, "as if its pod had died before it could say so"
    assert found.split() == BACK
    traffic.stop()


def test_a_candidate_that_restarts_is_still_counted_right(
    world: RolloutWorld, monitoring: Monitoring
) -> None:
    found, traffic = served(world, monitoring, "restarts")
    found.use(**{**found.settings, "weights": [100], "step_seconds": 8})
    process = found.start("run", "--id", "restarts-1", "--strategy", "canary")
    world.until(lambda: traffic.gateways[Variant.CANDIDATE].count > 300)
    traffic.gateways[Variant.CANDIDATE].restart()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    (passed,) = found.state()["passed"]
    samples = {each["gate"]: each["samples"] for each in passed["readings"]}
    # a hundred a second, less what came between a scrape and the restart or the end
    assert samples["errors"] > 450, samples
    traffic.stop()
