"""Rollouts driven by the real workflow-controller: killed at each step, stopped, deleted."""

from collections.abc import Iterator

import pytest
from argo_world import Controller, Kubelet, ended, submit, template
from forged_programs import forged_program
from prometheus_world import Monitoring, Traffic
from rollout_world import MERGE, ROOM, WANTED_CRDS, RolloutWorld, Served

from infra.cli.rollout_program import Program
from infra.cli.rollout_views import Rollouts
from llm_platform.serving.rollout_gates import GateLimits, gates
from llm_platform.serving.routes import Split, Variant
from local import cloud, toolchain
from local.cluster.crds import fetch
from local.errors import LocalCloudError
from local.reporter import LineReporter, QuietReporter

pytestmark = pytest.mark.skip(
    reason="NOT RUN: the stand-in for a kubelet does not carry a workflow to its end yet"
)

STACK = "rollout-argo"
SERVICES = ["steady", "worse", "stopped", "deleted", "typed"]
BACK = Split(pinned=False)
STEPS = ("begin", "weight-10", "weight-50", "weight-100")


class Place:
    """Everything that a rollout needs but a node."""

    def __init__(
        self, world: RolloutWorld, monitoring: Monitoring, controller: Controller, kubelet: Kubelet
    ) -> None:
        self.world, self.monitoring = world, monitoring
        self.controller, self.kubelet = controller, kubelet

    def served(self, name: str, **changed: float) -> tuple[Served, Traffic]:
        found = self.world.service(name)
        traffic = self.monitoring.traffic[name] = Traffic(found.split)
        found.use(
            prometheus=self.monitoring.url, gates=gates(GateLimits(min_samples=20)),
            weights=[10, 50, 100], step_seconds=3, step_limit_seconds=90, poll_seconds=0.5,
            **changed,
        )  # fmt: skip
        template(self.world, found)
        self.kubelet.serves(found)
        return found, traffic

    def said(self) -> str:
        return self.kubelet.log() + self.controller.log()[-3000:] + str(self.kubelet.trouble)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    names = ("etcd", "kube-apiserver", "kube-controller-manager")
    tools = toolchain.ensure(names, LineReporter())
    fetch(WANTED_CRDS, LineReporter())
    prometheus = forged_program("quay.io/prometheus/prometheus")
    argo = forged_program("quay.io/argoproj/workflow-controller")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        made, _ = cloud.ensure(STACK, "stand-in", tools, LineReporter())
        world = RolloutWorld(made, tmp_path_factory.mktemp("programs"))
        folder = tmp_path_factory.mktemp("prometheus")
        monitoring = Monitoring(prometheus, folder, SERVICES, ROOM)
        controller = Controller(argo, world, tmp_path_factory.mktemp("argo"))
        kubelet = Kubelet(world, tmp_path_factory.mktemp("pods"))
        try:
            yield Place(world, monitoring, controller, kubelet)
        finally:
            kubelet.stop()
            controller.kill()
            monitoring.close()
            cloud.stop(STACK, QuietReporter())


def test_killed_at_every_step_it_goes_on_to_the_end(place: Place) -> None:
    served, traffic = place.served("steady")
    place.kubelet.victims = {*STEPS, "finish"}
    name = submit(place.world, served, "canary")
    place.world.until(lambda: "weight-50" in place.kubelet.killed, 90)
    # Argo's own controller as well
    place.controller.kill()
    place.controller.start()

    assert ended(place.world, name, 180) == "Succeeded", place.said()
    assert {*place.kubelet.killed} >= {"weight-10", "weight-50", "weight-100"}
    assert served.split() == served.grpc_split() == Split(candidate=100)
    assert served.state()["phase"] == "promoted"
    assert [each["step"] for each in served.state()["passed"]] == list(STEPS[1:])
    place.kubelet.victims.clear()
    traffic.stop()


def test_a_worse_candidate_ends_at_stable_without_another_try(place: Place) -> None:
    served, traffic = place.served("worse")
    traffic.gateways[Variant.CANDIDATE].errors = 0.5
    name = submit(place.world, served, "canary")
    assert ended(place.world, name) == "Failed", place.said()
    assert served.split() == served.grpc_split() == BACK
    ran = [each.split()[0] for each in place.kubelet.ran if f"--id {name}" in each]
    assert ran == ["begin", "step", "settle"], ran
    traffic.stop()


def test_a_stopped_workflow_ends_at_stable_by_its_exit_handler(place: Place) -> None:
    served, traffic = place.served("stopped")
    name = submit(place.world, served, "canary")
    place.world.until(lambda: served.split().candidate == 50, 60)
    path = f"{place.world.workflows('workflows')}/{name}"
    stop = {"spec": {"shutdown": "Stop"}}
    place.world.api.request("PATCH", path, body=stop, content_type=MERGE)
    assert ended(place.world, name) == "Failed", place.said()
    assert served.split() == served.grpc_split() == BACK
    assert "the workflow ended: Failed" in served.state()["reason"]
    traffic.stop()


def test_a_deleted_workflow_is_ended_by_the_guard(place: Place) -> None:
    served, traffic = place.served("deleted", lease_seconds=15, step_seconds=60)
    name = submit(place.world, served, "canary")
    place.world.until(lambda: served.split().candidate == 10, 60)
    place.world.api.request("DELETE", f"{place.world.workflows('workflows')}/{name}")

    # the real CronJob controller starts it, once a minute
    place.world.until(lambda: served.split() == BACK, 150)
    assert served.state()["reason"] == "nobody looked after it any more", place.said()
    place.world.until(lambda: place.world.api.get(served.guard_path)["spec"]["suspend"], 90)
    traffic.stop()


def test_a_person_starts_and_watches_one(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    served, traffic = place.served("typed")
    program = Program(place.world.access, served.settings)
    rollouts = Rollouts("typed", "local", place.world.api, program, served.shape().name, "canary")
    assert rollouts.start(strategy="blue-green", detach=False, here=False) == 0
    said = capsys.readouterr().out
    assert "typed in assistants: stable 0, candidate 100" in said
    for word in ("smoke", "switch", "errors", "p95", "promoted", "passed in"):
        assert word in said, said

    with pytest.raises(LocalCloudError, match="no rollout of typed is running"):
        rollouts.promote()
    assert rollouts.abort() == 0
    assert served.split() == BACK
    assert rollouts.show(as_json=False) == 0
    assert "aborted by a person" in capsys.readouterr().out
    traffic.stop()
