"""A node of its own: pods run on it, and nothing of it is left, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from node_world import ECHO_IMAGE, REPORTER, Identity, Node, machine, node, start, tools

from local import cloud
from local.cluster import keeping
from local.node.state import MachineState
from local.paths import REPOSITORY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

LIMITS = {
    "requests": {"cpu": "10m", "memory": "16Mi"},
    "limits": {"cpu": "200m", "memory": "64Mi"},
}
PROBE = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
MEMORY = "/memory"
START = """
import sys
from pathlib import Path
from local import cloud, toolchain
from local.reporter import LineReporter
tools = dict(pair.split("=", 1) for pair in sys.argv[2:])
tools = {name: Path(path) for name, path in tools.items()}
cloud.ensure(sys.argv[1], "stand-in", tools, LineReporter(), live=True)
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder of this module's own."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(folder))
        patch.delenv("LLMP_API_PORT", raising=False)
        yield folder


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def deployment(replicas: int = 2) -> dict[str, object]:
    container = {
        "name": "echo",
        "image": ECHO_IMAGE,
        "ports": [{"containerPort": 8080}],
        "readinessProbe": PROBE,
        "livenessProbe": PROBE,
        "resources": LIMITS,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "echo", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "echo"}},
            "template": {
                "metadata": {"labels": {"app": "echo"}},
                "spec": {"containers": [container]},
            },
        },
    }


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "echo", "namespace": "default"},
    "spec": {"selector": {"app": "echo"}, "ports": [{"port": 80, "targetPort": 8080}]},
}
NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "strict", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "word", "namespace": "strict"},
    "stringData": {"word": "hello"},
}


def strict_pod() -> dict[str, object]:
    """A pod as the restricted profile wants it, with a Secret and a memory volume."""
    container = {
        "name": "echo",
        "image": ECHO_IMAGE,
        "resources": LIMITS,
        "readinessProbe": PROBE,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "word", "mountPath": "/secret"},
            {"name": "memory", "mountPath": MEMORY},
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "strict", "namespace": "strict"},
        "spec": {
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "fsGroup": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [
                {"name": "word", "secret": {"secretName": "word"}},
                {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
            ],
        },
    }


@pytest.fixture(scope="module")
def running(state: Path) -> Iterator[Node]:
    """A node with a Deployment behind a Service, and a pod of the restricted profile."""
    with node("pods") as made:
        made.apply(deployment(), SERVICE, NAMESPACE, SECRET, strict_pod())
        made.kubectl("rollout", "status", "deployment/echo", "--timeout=60s")
        made.kubectl("-n", "strict", "wait", "pod/strict", "--for=condition=Ready", "--timeout=60s")
        yield made


IN_POD = ("-n", "strict", "exec", "strict", "--", "/echo")


def in_pod(made: Node, *words: str, fails: bool = False) -> str:
    return made.kubectl(*IN_POD, *words, fails=fails)


def test_a_pod_reaches_others_by_the_address_of_a_service(running: Node) -> None:
    address = running.kubectl("get", "service", "echo", "-o=jsonpath={.spec.clusterIP}")
    names = running.kubectl("get", "pods", "-l=app=echo", "-o=jsonpath={.items[*].metadata.name}")

    seen: set[str] = set()

    def all_seen() -> bool:
        # kube-proxy hears of a ready pod a moment after everybody else, and refuses until then.
        asked = running.try_kubectl(*IN_POD, "get", f"http://{address}/")
        if asked.returncode == 0:
            seen.add(asked.stdout.strip())
        return seen == set(names.split())

    wait_until(all_seen)


def test_a_restricted_pod_has_its_volumes_and_a_root_that_cannot_be_written(running: Node) -> None:
    assert in_pod(running, "read", "/secret/word") == "hello"
    assert in_pod(running, "write", f"{MEMORY}/file") == ""
    assert "read-only file system" in in_pod(running, "write", "/file", fails=True)


def test_a_pod_that_is_not_restricted_is_refused(running: Node) -> None:
    words = ("run", "lax", f"--image={ECHO_IMAGE}", "-n", "strict")
    assert "violates PodSecurity" in running.kubectl(*words, fails=True)


def test_logs_and_commands_in_pods(running: Node) -> None:
    assert running.kubectl("-n", "strict", "logs", "strict") == "listening\n"
    assert in_pod(running, "say", "good", "day") == "good day\n"


def test_pods_reach_the_emulated_aws_and_the_api_server(running: Node) -> None:
    port = running.cloud.aws_endpoint.rpartition(":")[2]
    said = in_pod(running, "get", f"http://{running.live.node_ip}:{port}/_llmp/identity")
    assert running.cloud.id in said
    # Without its authority: that it answers at all is what counts.
    said = in_pod(running, "get", "https://10.96.0.1/readyz", fails=True)
    assert "certificate signed by unknown authority" in said


def test_a_pod_that_dies_is_started_again(running: Node) -> None:
    def restarts() -> int:
        path = "-o=jsonpath={.status.containerStatuses[0].restartCount}"
        return int(running.kubectl("-n", "strict", "get", "pod", "strict", path))

    before = restarts()
    for task in running.live.ctr(["tasks", "ls"]).splitlines():
        if task.split()[0] == container_id(running):
            running.live.ctr(["tasks", "kill", "--signal", "SIGKILL", task.split()[0]])
    wait_until(lambda: restarts() == before + 1)


def container_id(made: Node) -> str:
    path = "-o=jsonpath={.status.containerStatuses[0].containerID}"
    return made.kubectl("-n", "strict", "get", "pod", "strict", path).rpartition("/")[2]


def test_a_keeper_restarts_the_kubelet_and_pods_go_on(running: Node) -> None:
    known = keeping.status(running.cloud.folder)
    assert known is not None
    before = container_id(running)
    running.inside("kill", "-KILL", str(known.processes["kubelet"].pid))
    wait_until(lambda: restarted(running.cloud.folder, "kubelet"))
    wait_until(lambda: cloud.find("pods") is not None, 30)
    assert container_id(running) == before


def restarted(folder: Path, name: str) -> bool:
    known = keeping.status(folder)
    return known is not None and known.processes[name].restarts > 0


def test_orphans_inside_are_reaped(running: Node) -> None:
    running.inside("sh", "-c", "sleep 0.12345 & exit 0")
    # One that has ended and is not reaped is listed as "[sleep] <defunct>".
    wait_until(lambda: "sleep" not in running.inside("ps", "-A", "-o", "args"))


END: dict[str, Callable[[Node], None]] = {
    "stopped": lambda made: None,
    "relay killed": lambda made: os.kill(made.machine().relay, signal.SIGKILL),
    "keeper killed": lambda made: os.kill(made.machine().first, signal.SIGKILL),
}


@pytest.mark.parametrize("how", END)
def test_nothing_is_left(state: Path, how: str) -> None:
    before = machine()
    made = start("short")
    made.apply(deployment(1))
    made.kubectl("rollout", "status", "deployment/echo", "--timeout=60s")
    identity = Identity.of(made.cloud.folder)
    assert len(identity.left()) > 10
    assert machine() == before

    END[how](made)
    if how != "stopped":
        # Without any command of ours: the kernel and the reaper do it.
        wait_until(lambda: identity.left() == [])
    cloud.stop("short", REPORTER)

    wait_until(lambda: identity.left() == [])
    assert not (state / "short" / "cloud").exists()
    assert machine() == before


def test_the_next_command_does_what_a_killed_reaper_does_not(state: Path) -> None:
    made = start("unreaped")
    identity = Identity.of(made.cloud.folder)
    (reaper,) = [each for each in identity.left() if "local.node.reaper" in each]
    os.kill(int(reaper.removeprefix("process ").partition(":")[0]), signal.SIGKILL)
    os.kill(made.machine().relay, signal.SIGKILL)
    wait_until(lambda: not any(each.startswith("process") for each in identity.left()))
    assert all(each.endswith(identity.cgroup) for each in identity.left())
    assert identity.left() != []

    cloud.stop("unreaped", REPORTER)

    assert identity.left() == []


def test_nothing_is_left_of_a_start_that_was_killed(state: Path) -> None:
    before = machine()
    folder = state / "killed" / "cloud"
    programs = [f"{name}={path}" for name, path in tools().items()]
    starter = subprocess.Popen(
        [sys.executable, "-c", START, "killed", *programs], cwd=REPOSITORY, env=dict(os.environ)
    )
    wait_until(lambda: folder.exists() and MachineState.read(folder) is not None)
    starter.kill()
    starter.wait()
    identity = Identity.of(folder)
    assert identity.left() != []

    cloud.stop("killed", REPORTER)

    assert not folder.exists()
    wait_until(lambda: identity.left() == [])
    assert machine() == before


def test_images_stay_and_containers_do_not(state: Path) -> None:
    for _ in range(2):
        with node("images") as made:
            assert ECHO_IMAGE in made.live.image_names()
            assert made.live.ctr(["containers", "ls", "-q"]).split() == []
            made.apply(deployment(1))
            made.kubectl("rollout", "status", "deployment/echo", "--timeout=60s")
            assert (made.live.node.store / "imported.json").exists()


def test_two_clouds_do_not_meet(running: Node, state: Path) -> None:
    """They use the same addresses, and neither sees the other's pods, ports or images."""
    with node("other") as second:
        second.apply(deployment(1), SERVICE)
        second.kubectl("rollout", "status", "deployment/echo", "--timeout=60s")
        assert second.live.node.store != running.live.node.store
        assert second.live.node.cgroup != running.live.node.cgroup
        assert len(running.kubectl("get", "pods", "-l=app=echo", "-o=name").split()) == 2
        assert len(second.kubectl("get", "pods", "-l=app=echo", "-o=name").split()) == 1
        assert running.live.node_ip == second.live.node_ip
        inside = second.inside("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
        assert str(running.cloud.folder) not in inside
    assert in_pod(running, "say", "still here") == "still here\n"
