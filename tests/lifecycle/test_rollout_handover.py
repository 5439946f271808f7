"""Who owns the weights: Pulumi without a candidate, the rollout with one; on the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes_world import Program, World
from pulumi import ResourceOptions
from rollout_world import GATE, ROOM, RolloutWorld, Served, api_server

from llm_platform import LlmService, LlmServiceArgs
from llm_platform.serving.routes import STABLE_ONLY, Split, Variant

STACK = "handover"
CANARY = ("--strategy", "canary")


@pytest.fixture(scope="module")
def worlds(
    pulumi_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, RolloutWorld]]:
    with api_server(STACK, tmp_path_factory) as made:
        world = World(made, pulumi_path, tmp_path_factory.mktemp("engine"))
        try:
            yield world, RolloutWorld(made, tmp_path_factory.mktemp("programs"))
        finally:
            world.close()


def service(model: str, candidate: str = "") -> Program:
    args: LlmServiceArgs = {
        "namespace": ROOM,
        "model": model,
        "repository_uri": "s3://models",
        "runtime": "triton",
        "gateway": {"anonymous": True},
        "route": {"domain": "models.test"},
    }
    if candidate:
        args["candidate"] = {"model": candidate}

    def program(opts: ResourceOptions) -> None:
        LlmService("chat", args, opts)

    return program


def test_up_leaves_the_weights_alone_and_takes_them_back_with_the_candidate(
    worlds: tuple[World, RolloutWorld],
) -> None:
    world, rollouts = worlds
    stack = world.stack("handover", service("one"))
    stack.up()
    served = Served(rollouts, "chat")
    served.make_rights()
    assert served.split() == STABLE_ONLY
    (pulumi,) = served.owners()
    assert pulumi.startswith("pulumi-kubernetes-")

    # a candidate comes later: the route has to learn of it from the rollout
    stack.runs(service("one", "two"))
    stack.up()
    for variant in Variant:
        served.ready(variant, ready=True)
    assert served.split() == STABLE_ONLY
    assert stack.up() == {}

    served.use(gates=[GATE], step_limit_seconds=60, poll_seconds=0.2)
    assert served.run("begin", "--id", "r1", *CANARY)[0] == 0
    step = served.start("step", "--id", "r1", *CANARY, "--step", "weight-1")
    rollouts.until(lambda: served.grpc_split().candidate == 1)
    assert served.owners() == {"llm-rollout"}
    # twice, with and without asking the cloud first: nothing is taken back
    assert stack.up() == {}
    assert stack.up(refresh=True) == {}
    assert served.split() == served.grpc_split() == Split(candidate=1)
    # nor when something else of the route changes
    assert served.run("promote")[0] == 0
    assert step.wait(timeout=10) == 0
    step.communicate()
    assert served.split() == Split(candidate=100)
    assert stack.up(refresh=True) == {}
    assert served.split() == Split(candidate=100)

    # the candidate becomes stable: its values move, the candidate goes, Pulumi has the rules again
    stack.runs(service("two"))
    changes = stack.up()
    assert changes["delete"]
    assert served.split() == served.grpc_split() == STABLE_ONLY
    assert served.owners() == {pulumi}
    assert stack.up(refresh=True) == {}
    stack.destroy()
