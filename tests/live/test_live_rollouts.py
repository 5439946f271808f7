"""Rollouts as people start them, on the real node: Argo, Prometheus, Envoy, the model are real."""

import collections
import os
import time
from collections.abc import Generator
from typing import Any

import pytest
from live_load import Load, Streams, until
from live_platform import NAMESPACE, SERVICE, STACK, Platform
from live_rollouts import ARGO, Follower, Rollouts, shares, started

from llm_platform.serving.routes import Split
from tests.chances import LEVEL, interval

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

WEIGHTS = (1, 10, 50, 100)
REQUESTS = 600
STEP_SECONDS = 20
AFTER = 600
"""Seconds within which a rollout must be over, on a busy machine."""
ROLLOUT = {
    "weights": list(WEIGHTS),
    "stepSeconds": STEP_SECONDS,
    "stepLimitSeconds": 400,
    # at weight 1 each of them takes a hundred requests
    "minSamples": 5,
    "maxDurationSeconds": 2.5,
    "maxFirstTokenSeconds": 2.5,
}
GOOD = {"env": {"TRIAL": "as-good"}}
BROKEN = {"model": "smollm2-one-turn"}
SLOW = {"model": "smollm2-slow"}
BACK = Split(pinned=False)
LEASE_SECONDS = 180
"""After so long without a sign of life a rollout is dead, see `LlmRollout`."""


def tell(words: str) -> None:
    print(words)  # noqa: T201 - a measurement


def has_candidate(platform: Platform, candidate: dict[str, Any]) -> None:
    """Bring the platform up with a candidate beside the service."""
    changed = {"name": SERVICE, "candidate": {"maximumReplicas": 1, **candidate}}
    platform.configure({"services": [{**changed, "rollout": ROLLOUT}]})
    took = platform.up()
    tell(f"up with a candidate, {candidate}: {took:.0f} s")


@pytest.fixture(scope="module")
def rollouts(platform: Platform) -> Generator[Rollouts]:
    try:
        yield Rollouts(platform)
    finally:
        # as the files that come after expect it: the candidate goes, the routes lead to stable
        platform.configure({})
        platform.up()


def test_killed_at_every_step_a_good_one_goes_to_100(
    platform: Platform, rollouts: Rollouts
) -> None:
    has_candidate(platform, GOOD)
    killed: list[str] = []
    got: dict[int, collections.Counter[str]] = {}
    with Load(platform) as load, started(platform) as follower:
        until(lambda: bool(follower.workflow), 60, lambda: follower.said)
        killed += vanished(rollouts, follower, "begin")
        for weight in WEIGHTS:
            until(
                lambda at=weight: rollouts.split == Split(candidate=at),
                AFTER,
                lambda: follower.said,
            )
            (pod,) = rollouts.pods(follower.workflow, "step", "Running")
            # one half of them die, the other half vanish with their pod
            rollouts.kill(pod) if weight in {1, 50} else rollouts.delete("pod", pod)
            killed.append(pod)
            if weight == 50:
                controller = [each for each in names(platform) if "workflow-controller" in each]
                rollouts.delete("pod", *controller)
            got[weight] = shares(platform, REQUESTS)
            assert rollouts.split == Split(candidate=weight), follower.said
        killed += vanished(rollouts, follower, "finish")
        code = follower.ended(AFTER)
        said = follower.said
    tell(said)

    assert (code, rollouts.state["phase"]) == (0, "promoted"), said
    assert len({*killed}) == len(("begin", *WEIGHTS, "finish")), killed
    for weight in WEIGHTS:
        allowed = interval(REQUESTS, weight / 100)
        tell(f"weight {weight}: {got[weight]}; {LEVEL:.0%}: {allowed.start} to {allowed.stop - 1}")
        assert got[weight]["candidate"] in allowed
        assert {*got[weight]} <= {"stable", "candidate"}, got[weight]
    assert not load.failed, load.trouble
    tell(f"{load.good} answers under way, none failed")


def vanished(rollouts: Rollouts, follower: Follower, template: str) -> list[str]:
    """Delete the pod of a step as soon as it is there."""
    found: list[str] = []

    def there() -> bool:
        found.extend(rollouts.pods(follower.workflow, template, "Pending", "Running"))
        return bool(found)

    until(there, AFTER, lambda: follower.said)
    rollouts.delete("pod", *found)
    return found


def names(platform: Platform) -> list[str]:
    """Names of the pods in Argo's namespace."""
    return [str(each["metadata"]["name"]) for each in platform.objects("pods", ARGO)]


def test_the_next_up_leaves_the_weights_alone(platform: Platform, rollouts: Rollouts) -> None:
    platform.up()
    assert "Nothing to change." in platform.said
    assert rollouts.split == Split(candidate=100)
    assert shares(platform, 100) == {"candidate": 100}


def test_abort_leads_everything_back_and_breaks_no_stream(
    platform: Platform, rollouts: Rollouts
) -> None:
    streams = Streams(platform)
    streams.begin()
    time.sleep(2)
    assert streams.open == streams.count, streams.trouble
    began = time.monotonic()
    platform.llmp("rollout", "abort", SERVICE, STACK)
    until(lambda: shares(platform, 20) == {"stable": 20}, 60)
    took = time.monotonic() - began
    still = streams.open
    streams.end()

    tell(f"aborted by a person: stable alone answers after {took:.1f} s, {still} streams open")
    assert still, "no stream was open any more: nothing was shown"
    assert rollouts.split == BACK
    unbroken(streams)


def unbroken(streams: Streams) -> None:
    """Every stream came to its end."""
    assert not streams.trouble
    assert len(streams.answers) == streams.count
    for each in streams.answers:
        assert (each.status, each.body.rstrip().endswith(b"data: [DONE]")) == (200, True), each.body


def test_blue_green_switches_with_streams_open(platform: Platform, rollouts: Rollouts) -> None:
    with Load(platform) as load, started(platform, "--strategy", "blue-green") as follower:
        until(lambda: rollouts.state.get("step") == "smoke", AFTER, lambda: follower.said)
        streams = Streams(platform)
        streams.begin()
        until(lambda: rollouts.split == Split(candidate=100), AFTER, lambda: follower.said)
        moved = until(lambda: shares(platform, 20) == {"candidate": 20}, 30)
        still = streams.open
        streams.end()
        code = follower.ended(AFTER)
    tell(f"{follower.said}\nall at the candidate {moved:.1f} s later, {still} streams open")

    assert (code, rollouts.state["phase"]) == (0, "promoted")
    assert still, "no stream was open any more: nothing was shown"
    assert {each.headers["x-llm-variant"] for each in streams.answers} >= {"stable"}
    unbroken(streams)
    assert not load.failed, load.trouble
    platform.llmp("rollout", "abort", SERVICE, STACK)


def test_a_stopped_workflow_gives_everything_back(platform: Platform, rollouts: Rollouts) -> None:
    with Load(platform) as load, started(platform) as follower:
        until(lambda: rollouts.split.candidate == WEIGHTS[0], AFTER, lambda: follower.said)
        stop = '{"spec":{"shutdown":"Stop"}}'
        platform.kubectl(
            "patch", "workflow", "-n", ARGO, follower.workflow, "--type=merge", "-p", stop
        )
        took = until(lambda: rollouts.split == BACK, 120, lambda: follower.said)
        code = follower.ended(AFTER)
    tell(f"workflow stopped: stable has everything {took:.1f} s later, by its exit handler")
    assert (code, rollouts.state["phase"]) == (3, "rolled-back")
    assert not load.failed, load.trouble


def test_a_deleted_workflow_is_ended_by_the_guard(platform: Platform, rollouts: Rollouts) -> None:
    with Load(platform, clients=1) as load, started(platform) as follower:
        until(lambda: rollouts.split.candidate == WEIGHTS[0], AFTER, lambda: follower.said)
        rollouts.delete("workflow", follower.workflow)
        # its lease has to end first, and the CronJob comes once a minute
        took = until(lambda: rollouts.split == BACK, LEASE_SECONDS + 150, lambda: follower.said)
        follower.ended(60)
    tell(f"workflow deleted: stable has everything {took:.0f} s later, by the guard")
    assert rollouts.state["reason"] == "nobody looked after it any more"
    assert not load.failed, load.trouble


@pytest.mark.parametrize(
    ("candidate", "gates"), [(BROKEN, {"refusals"}), (SLOW, {"p95", "first-token"})]
)
def test_a_worse_one_is_rolled_back_by_its_own_metrics(
    platform: Platform, rollouts: Rollouts, candidate: dict[str, str], gates: set[str]
) -> None:
    has_candidate(platform, candidate)
    pods = [each["metadata"]["name"] for each in platform.objects("pods", NAMESPACE)]
    assert any("candidate" in each for each in pods), pods
    with Load(platform) as load, started(platform) as follower:
        code = follower.ended(AFTER)
        took = until(lambda: shares(platform, 20) == {"stable": 20}, 30)
    tell(f"{follower.said}\n{dict(load.answers)}; stable alone answers {took:.1f} s after the end")

    assert (code, rollouts.state["phase"]) == (3, "rolled-back"), follower.said
    assert any(f"{each} " in rollouts.state["reason"] for each in gates), rollouts.state
    assert rollouts.split == BACK
    # no request of stable suffered
    assert {status for who, status in load.answers if who == "stable"} == {200}, load.trouble
