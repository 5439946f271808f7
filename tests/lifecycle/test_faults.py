"""A fifth of all calls goes wrong: runs converge, and nothing is doubled or left behind."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_world import FaultWorld, a_fifth, changes, fault_world, never_ready

from infra.cli.halfway import half_way
from infra.cli.interruptible import InterruptedRunError
from infra.cli.report import without_echoes
from local import cloud, toolchain
from local.cluster.inventory import inventory as kubernetes_inventory
from local.faults import plan
from local.faults.plan import FaultPlan, Kind, Rule, Side
from local.faults.record import counted
from local.reporter import LineReporter, QuietReporter

SEEDS = (1, 2, 3)
PREVIEWED = (1,)
"""After these a preview with refresh has to find nothing; after every one it would take longer."""


@pytest.fixture(scope="module")
def world(pulumi_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultWorld]:
    names = ("etcd", "kube-apiserver", "kube-controller-manager")
    tools = toolchain.ensure(names, LineReporter())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        made, _ = cloud.ensure("faulty", "stand-in", tools, LineReporter())
        try:
            with fault_world(made, pulumi_path, tmp_path_factory.mktemp("engine")) as ready:
                yield ready
        finally:
            cloud.stop("faulty", QuietReporter())


class FirstRun:
    """A run into an outage, the one that goes on from there without, and its end."""

    def __init__(self, world: FaultWorld) -> None:
        self.empty = world.counted()
        rule = Rule(Side.AWS, "ec2:CreateNatGateway", 1.0, Kind.ERROR)
        FaultPlan(1, (rule,)).write(world.cloud.folder)
        self.stopped = world.stops(world.engine.up, refresh=False)
        plan.clear(world.cloud.folder)
        self.gone_on = world.run(world.engine.up, refresh=True)
        self.whole = world.counted()
        world.run(world.engine.destroy)
        self.left = world.counted()


@pytest.fixture(scope="module")
def first(world: FaultWorld) -> FirstRun:
    return FirstRun(world)


def test_a_run_that_cannot_go_on_names_the_cause_and_goes_on_later(first: FirstRun) -> None:
    errors = without_echoes(first.stopped.log.errors)
    name = "net-nat-eu-central-1a"
    assert len(errors) == 1, errors
    assert f"aws:ec2/natGateway:NatGateway '{name}': create: CreateNatGateway: " in errors[0]
    assert "InternalError: An internal error occurred" in errors[0]
    assert "(6 attempts; run the same command again to go on)" in errors[0]
    made = first.stopped.log.ended["create"]
    told = half_way(first.stopped.log, "llmp up faulty")
    assert told[0].endswith(f": {made} made.")
    assert f"Not done: NatGateway {name}" in told[1]
    assert "llmp up faulty goes on from there" in told[2]

    assert made > 10
    assert first.gone_on.ended["create"] > 10
    assert first.left == first.empty


def test_a_fifth_of_all_calls_fails(world: FaultWorld, first: FirstRun) -> None:
    for seed in SEEDS:
        with world.spoiled(a_fifth(seed)) as struck:
            world.converges(world.engine.up, refresh=True)
        assert world.counted() == first.whole, seed
        if seed in PREVIEWED:
            assert changes(world.run(world.engine.preview, refresh=True)) == [], seed

        with world.spoiled(a_fifth(seed)) as more:
            world.converges(world.engine.destroy)
        assert world.counted() == first.empty, seed
        both = struck + more
        assert {side for side, _ in both} == {"aws", "kubernetes"}, both
        assert sum(both.values()) > 20, both
    assert 0.15 < world.share() < 0.3
    assert {fault for _, fault in counted(world.cloud.folder)} >= {
        "throttle", "error before", "error after", "cut before", "cut after", "slow",
    }  # fmt: skip


def test_ctrl_c_ends_the_wait_for_an_object_that_does_not_get_ready(world: FaultWorld) -> None:
    engine = world.other("stopped", never_ready(world.cloud.kubeconfig))

    def press() -> None:
        while not deployments(world):
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(InterruptedRunError):
        world.run(engine.up, refresh=False)
    (waits,) = [each for each in engine.resources() if each["type"].endswith(":Deployment")]
    assert waits["id"] == "default/waits"
    assert "stopped on request while it waited" in str(waits["initErrors"])

    world.run(engine.destroy)
    assert deployments(world) == []


def deployments(world: FaultWorld) -> list[str]:
    """What Deployments the API server has."""
    return kubernetes_inventory(world.cloud.kubeconfig).get("apps/Deployment", [])
