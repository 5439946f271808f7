"""Whole rollouts, led by the metrics of the real Prometheus, on a real API server."""

import random
import re
import time
from collections.abc import Iterator

import pytest
from forged_programs import forged_program
from prometheus_world import Monitoring, Traffic
from rollout_world import ROOM, RolloutWorld, Served, api_server

from llm_platform.serving.rollout_gates import GateLimits, gates
from llm_platform.serving.routes import Split, Variant

STACK = "rollout-metrics"
SERVICES = ["good", "broken", "slow", "alike", "blue", "shade", "restarts", "deaf", "before"]
BACK = Split(pinned=False)
LIMITS = GateLimits(min_samples=30, duration_seconds=0.3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RolloutWorld]:
    with api_server(STACK, tmp_path_factory) as made:
        yield RolloutWorld(made, tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    program = forged_program("quay.io/prometheus/prometheus")
    running = Monitoring(
        program, tmp_path_factory.mktemp("prometheus"), SERVICES, ROOM, ("before",)
    )
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


def test_a_candidate_that_refuses_what_stable_takes_goes_back(
    world: RolloutWorld, monitoring: Monitoring
) -> None:
    """As with a chat template that does not take a second turn; both have clients that err."""
    found, traffic = served(world, monitoring, "deaf")
    traffic.gateways[Variant.STABLE].refusals = 0.02
    traffic.gateways[Variant.CANDIDATE].refusals = 0.4
    code, said = run(found)
    assert code == 10, said
    assert re.search(r"refusals: 0\.\d+ is above 0\.05 on \d+ samples", said), said
    assert "errors: " not in said
    assert found.split() == BACK
    traffic.stop()


def test_errors_of_before_a_rollout_are_not_its_own(
    world: RolloutWorld, monitoring: Monitoring
) -> None:
    """Prometheus reads every six seconds; a rollout begins between two scrapes."""
    found, traffic = served(world, monitoring, "before")
    found.use(**{**found.settings, "weights": [100], "step_seconds": 8})
    gateway, draws = traffic.gateways[Variant.CANDIDATE], random.Random(5)  # noqa: S311

    def asked(times: int) -> None:
        for _ in range(times):
            gateway.request(draws)

    asked(40)
    query = 'sum(llm_gateway_requests_total{service="before",variant="candidate"})'
    world.until(lambda: monitoring.value(query) == 40)
    gateway.errors = 1.0
    asked(40)
    gateway.errors = 0.0
    code, said = run(found)
    assert monitoring.value(query) > 80
    assert code == 0, said
    (passed,) = found.state()["passed"]
    readings = {each["gate"]: each for each in passed["readings"]}
    assert readings["errors"]["candidate"] == 0
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
