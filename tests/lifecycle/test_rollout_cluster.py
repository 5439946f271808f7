"""A rollout's program against a real API server, with the rights of its service account."""

import json
import signal
import time
from collections.abc import Iterator

import pytest
from rollout_world import GATE, RolloutWorld, api_server

from infra.cli.rollout_program import Program
from infra.cli.rollout_views import Rollouts
from llm_platform.serving.routes import STABLE_ONLY, Split, Variant
from local.errors import LocalCloudError

STACK = "rollout"
CANARY = ("--strategy", "canary")
BACK = Split(pinned=False)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RolloutWorld]:
    with api_server(STACK, tmp_path_factory) as made:
        yield RolloutWorld(made, tmp_path_factory.mktemp("programs"))


def test_what_makes_no_sense_is_refused_and_changes_nothing(world: RolloutWorld) -> None:
    alone = world.service("alone", candidate=False)
    code, said = alone.run("begin", "--id", "a1", *CANARY)
    assert (code, said.strip()) == (
        2, "assistants/alone has no candidate; give it one in the stack file, then: llmp up",
    )  # fmt: skip

    twin = world.service("twin")
    twin.model(Variant.CANDIDATE, ready=True, uri="s3://models/stable")
    assert twin.run("begin", "--id", "a1", *CANARY) == (
        2, "the candidate of assistants/twin is equal to stable\n",
    )  # fmt: skip
    blind = world.service("blind")
    code, said = blind.run("begin", "--id", "a1", *CANARY)
    assert (code, said[:38]) == (2, "assistants/blind has no gates, so noth")
    for verb in ("promote", "abort"):
        code, said = blind.run(verb)
        assert code == 2
        assert f"no rollout of blind is running, so there is nothing to {verb}" in said
    for each in (alone, twin, blind):
        assert each.split() == STABLE_ONLY
        assert each.owners() == {"pulumi"}


def test_without_metrics_nothing_is_promoted(world: RolloutWorld) -> None:
    served = world.service("dark")
    served.use(gates=[GATE], step_seconds=0.5, step_limit_seconds=2, poll_seconds=0.2)

    assert served.run("begin", "--id", "r1", *CANARY)[0] == 0
    assert served.split() == Split()
    assert served.owners() == {"llm-rollout"}
    assert served.world.api.get(served.guard_path)["spec"]["suspend"] is False

    code, said = served.run("step", "--id", "r1", *CANARY, "--step", "weight-1")
    assert code == 10, said
    assert "not shown to be good within 2 s: errors: Prometheus" in said
    assert served.split() == served.grpc_split() == BACK
    assert served.state()["phase"] == "rolled-back"
    # whatever comes later changes nothing any more, but what was left half-way
    served.grpc_rules(Split(candidate=1), "killed")
    assert served.run("step", "--id", "r1", *CANARY, "--step", "weight-10")[0] == 11
    assert served.run("finish", "--id", "r1", *CANARY)[0] == 11
    assert served.run("settle", "--id", "r1", "--status", "Failed")[0] == 0
    assert served.split() == served.grpc_split() == BACK

    assert served.run("guard")[0] == 0
    assert served.world.api.get(served.guard_path)["spec"]["suspend"] is True


def test_a_step_that_is_killed_goes_on_where_it_was(world: RolloutWorld) -> None:
    served = world.service("killed")
    served.use(gates=[GATE], step_seconds=1, step_limit_seconds=60, poll_seconds=0.2)
    served.run("begin", "--id", "r1", *CANARY)
    step = ("step", "--id", "r1", *CANARY, "--step", "weight-1")

    first = served.start(*step)
    world.until(lambda: served.split().candidate == 1)
    since = served.state()["since"]
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert served.split() == Split(candidate=1)

    # as if it had been killed between one route and the next
    served.grpc_rules(Split(candidate=0), "killed")
    second = served.start(*step)
    world.until(lambda: served.grpc_split().candidate == 1)
    assert served.state()["since"] == since, "a step counts from its beginning"
    assert served.split() == Split(candidate=1)

    # another rollout cannot come in between
    code, said = served.run("begin", "--id", "r2", *CANARY)
    assert code == 2
    assert "rollout r1 of killed is running; see: llmp rollout status killed" in said

    began = time.monotonic()
    assert served.run("abort") == (0, "")
    assert time.monotonic() - began < 10
    assert served.split() == served.grpc_split() == BACK
    assert second.wait(timeout=10) == 11
    assert served.state()["phase"] == "aborted"
    second.communicate()


def test_a_dead_rollout_is_ended_by_its_guard(world: RolloutWorld) -> None:
    served = world.service("dead")
    served.use(gates=[GATE], step_limit_seconds=60, poll_seconds=0.2, lease_seconds=2)
    served.run("begin", "--id", "r1", *CANARY)
    step = served.start("step", "--id", "r1", *CANARY, "--step", "weight-1")
    world.until(lambda: served.split().candidate == 1)

    assert served.run("guard")[0] == 0
    assert served.split().candidate == 1, "it lives"
    step.send_signal(signal.SIGKILL)
    step.communicate()
    time.sleep(2.5)
    code, said = served.run("guard")
    assert code == 0
    assert "rollout r1 is dead; stable has all requests again" in said
    assert served.split() == served.grpc_split() == BACK
    # and the next one may begin
    assert served.run("begin", "--id", "r2", *CANARY)[0] == 0
    assert served.split() == Split()


def test_a_candidate_that_stops_being_ready_is_rolled_back(world: RolloutWorld) -> None:
    served = world.service("ill")
    served.use(gates=[GATE], step_limit_seconds=60, poll_seconds=0.2, unready_seconds=1)
    served.run("begin", "--id", "r1", *CANARY)
    step = served.start("step", "--id", "r1", *CANARY, "--step", "weight-1")
    world.until(lambda: served.split().candidate == 1)
    served.ready(Variant.CANDIDATE, ready=False)

    out, err = step.communicate(timeout=20)
    assert step.returncode == 10, err
    assert "the candidate is not ready since 1 s" in err
    assert "rolled back in" in out
    assert served.split() == BACK


def test_weights_changed_by_hand_are_set_again_and_a_removed_candidate_ends_it(
    world: RolloutWorld,
) -> None:
    served = world.service("hand")
    served.use(gates=[GATE], step_limit_seconds=60, poll_seconds=0.2)
    served.run("begin", "--id", "r1", *CANARY)
    step = served.start("step", "--id", "r1", *CANARY, "--step", "weight-1")
    world.until(lambda: served.split().candidate == 1)

    served.rules(Split(candidate=70), "hand")
    world.until(lambda: served.split().candidate == 1)

    # what Pulumi does when the candidate goes out of the program
    served.rules(STABLE_ONLY, "pulumi")
    out, err = step.communicate(timeout=20)
    assert step.returncode == 11, out
    assert "the candidate was taken out of the route" in err
    assert served.split() == STABLE_ONLY
    assert served.state()["phase"] == "aborted"


def test_a_person_runs_one_without_argo(
    world: RolloutWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    served = world.service("typed")
    served.use(gates=[GATE], step_seconds=0.5, step_limit_seconds=2, poll_seconds=0.2)
    program = Program(world.access, served.settings)
    typed = Rollouts("typed", "local", world.api, program, served.shape().name, "canary")

    assert typed.start(strategy=None, detach=False, here=True) == 3
    said = capfd.readouterr().out
    for words in ("canary of typed: typed-here-", "weight-1", "rolled-back", "not reached"):
        assert words in said, said
    assert served.split() == served.grpc_split() == BACK
    # nothing is left that would keep the next one from beginning
    program.check()

    served.ready(Variant.CANDIDATE, ready=True)
    served.run("begin", "--id", "r2", *CANARY)
    with pytest.raises(LocalCloudError, match="rollout r2 of typed is running"):
        typed.start(strategy=None, detach=False, here=True)
    assert typed.show(as_json=True) == 0
    assert json.loads(capfd.readouterr().out)["rollout"]["id"] == "r2"
    assert typed.promote() == 0
    assert served.split() == served.grpc_split() == Split(candidate=100)
    assert typed.abort() == 0
    assert served.split() == BACK


def test_the_account_may_touch_nothing_else(world: RolloutWorld) -> None:
    mine, other = world.service("mine"), world.service("other")
    for each in (mine, other):
        each.use(gates=[GATE])
    mine.settings["service"] = "other"
    code, said = mine.run("begin", "--id", "r1", *CANARY)
    assert code == 1
    assert "cannot get resource" in said
    assert other.split() == STABLE_ONLY
