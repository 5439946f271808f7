"""The real workflow-controller; a kubelet of a few lines that runs the pods' main program here.

What it leaves out is argoexec: the program behind ``--`` is run itself, and what argoexec would
report to the controller is reported for it.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rollout_world import MERGE, WORKFLOWS, RolloutWorld, Served

from llm_platform.serving import rollout_spec as specs
from local.providers.kubernetes.api import ApiError
from local.providers.kubernetes.trees import mapping

PODS = f"/api/v1/namespaces/{WORKFLOWS}/pods"
WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
NODE_ID = "workflows.argoproj.io/node-id"
NODE_NAME = "workflows.argoproj.io/node-name"
CONTROLLER_CONFIG = {
    "executor": "imagePullPolicy: IfNotPresent\n",
    "workflowRestrictions": "templateReferencing: Secure\n",
}


class Controller:
    """Argo's controller as a process."""

    def __init__(self, program: Path, world: RolloutWorld, folder: Path) -> None:
        self._command = [
            str(program), "--kubeconfig", str(world.cloud.kubeconfig), "--namespaced",
            "--managed-namespace", WORKFLOWS, "--executor-image", "argoexec:none",
        ]  # fmt: skip
        self._folder = folder
        config = {
            "apiVersion": "v1", "kind": "ConfigMap", "data": CONTROLLER_CONFIG,
            "metadata": {"name": "workflow-controller-configmap", "namespace": WORKFLOWS},
        }  # fmt: skip
        path = f"/api/v1/namespaces/{WORKFLOWS}/configmaps/workflow-controller-configmap"
        world.put(path, config)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        env = {**os.environ, "ARGO_NAMESPACE": WORKFLOWS, "LEADER_ELECTION_DISABLE": "true"}
        with (self._folder / "controller.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=env, cwd=self._folder, stdout=log, stderr=log
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return (self._folder / "controller.log").read_text(errors="replace")


class Kubelet:
    """Runs what pods run, as the service account of a served model.

    Attributes:
        victims: Steps whose program is killed once, some time after it began.
        killed: Those that were.
        ran: Commands in the order in which they began.
    """

    def __init__(self, world: RolloutWorld, folder: Path) -> None:
        self._world, self._folder = world, folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._accounts: dict[str, Served] = {}
        self.victims: set[str] = set()
        self.killed: list[str] = []
        self.ran: list[str] = []
        self._over = threading.Event()
        self.trouble: list[str] = []
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()

    def serves(self, served: Served) -> None:
        """Run pods of a served model's account."""
        self._accounts[served.shape().name] = served

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        for each in self._running.values():
            each.kill()
            each.wait()

    def kill_all(self) -> None:
        """Every program that runs now dies at once."""
        for each in self._running.values():
            each.send_signal(signal.SIGKILL)

    def log(self) -> str:
        return "\n".join(each.read_text() for each in sorted(self._folder.glob("*.log")))

    def _go(self) -> None:
        while not self._over.wait(0.1):
            try:
                self._tick()
            except (ApiError, OSError, KeyError, LookupError) as error:
                self.trouble.append(f"{type(error).__name__}: {error}")

    def _tick(self) -> None:
        pods = {each["metadata"]["name"]: each for each in self._world.api.get(PODS)["items"]}
        for name, pod in pods.items():
            gone = "deletionTimestamp" in pod["metadata"]
            if gone:
                self._end(name)
                self._world.api.request("DELETE", f"{PODS}/{name}", body={"gracePeriodSeconds": 0})
            elif name not in self._running and pod["status"].get("phase") == "Pending":
                self._begin(name, pod)
        for name in [each for each in self._running if each not in pods]:
            self._end(name)
        for name, process in list(self._running.items()):
            code = process.poll()
            if code is not None and pods[name]["status"]["phase"] == "Running":
                self._report(name, pods[name], 128 - code if code < 0 else code)

    def _begin(self, name: str, pod: dict[str, Any]) -> None:
        served = self._accounts[pod["spec"]["serviceAccountName"]]
        container = next(
            each for each in pod["spec"]["containers"] if each["name"] in {"main", "guard"}
        )
        mounts = [each["mountPath"] for each in container["volumeMounts"]]
        assert "/var/run/secrets/kubernetes.io/serviceaccount" in mounts, "it has no token"
        command = [*container["command"], *container.get("args", [])]
        command = command[command.index("--") + 1 :] if "--" in command else command
        assert command[: len(specs.COMMAND)] == list(specs.COMMAND)
        told = next(e["value"] for e in container["env"] if e["name"] == specs.SETTINGS_VARIABLE)
        env = {**served.environment(), specs.SETTINGS_VARIABLE: told}
        with (self._folder / f"{time.monotonic_ns()}-{name}.log").open("wb") as log:
            # the image's Python is this one here
            process = subprocess.Popen(
                [sys.executable, *command[1:]], env=env, stdout=log, stderr=log
            )
        self._running[name] = process
        words = " ".join(command[len(specs.COMMAND) :])
        self.ran.append(words)
        self._status(name, "Running", pod, {"running": {"startedAt": _now()}})
        for victim in [each for each in self.victims if each in words]:
            self.victims.remove(victim)
            self.killed.append(victim)
            threading.Timer(1.0, process.kill).start()

    def _end(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()

    def _report(self, name: str, pod: dict[str, Any], code: int) -> None:
        notes = pod["metadata"].get("annotations", {})
        if NODE_ID in notes:
            self._result(notes, pod["metadata"]["labels"][WORKFLOW_LABEL])
        ended = {
            "exitCode": code, "reason": "Completed" if code == 0 else "Error",
            "startedAt": _now(), "finishedAt": _now(),
        }  # fmt: skip
        self._status(name, "Failed" if code else "Succeeded", pod, {"terminated": ended})

    def _result(self, notes: dict[str, str], workflow: str) -> None:
        """What argoexec reports when a step is over."""
        body = {
            "apiVersion": specs.ARGO,
            "kind": "WorkflowTaskResult",
            "metadata": {
                "name": notes[NODE_ID],
                "namespace": WORKFLOWS,
                "labels": {
                    WORKFLOW_LABEL: workflow,
                    "workflows.argoproj.io/report-outputs-completed": "true",
                },
            },
        }
        path = self._world.workflows("workflowtaskresults")
        self._world.put(f"{path}/{notes[NODE_ID]}", body)

    def _status(self, name: str, phase: str, pod: dict[str, Any], state: dict[str, Any]) -> None:
        containers = [
            {
                "name": each["name"], "image": each["image"], "imageID": "", "restartCount": 0,
                "ready": phase == "Running",
                "state": state if each["name"] in {"main", "guard"} or "running" in state
                else {"terminated": {**state["terminated"], "exitCode": 0}},
            }
            for each in pod["spec"]["containers"]
        ]  # fmt: skip
        status = {"phase": phase, "containerStatuses": containers, "startTime": _now()}
        self._world.api.request(
            "PATCH", f"{PODS}/{name}/status", body={"status": status}, content_type=MERGE
        )


def phase_of(world: RolloutWorld, workflow: str) -> str:
    found = world.api.find(f"{world.workflows('workflows')}/{workflow}")
    return str(mapping(mapping(found).get("status")).get("phase") or "")


def submit(world: RolloutWorld, served: Served, strategy: str) -> str:
    """Start a workflow of a service's template; returns its name."""
    body = {
        "apiVersion": specs.ARGO,
        "kind": "Workflow",
        "metadata": {"generateName": f"{served.name}-", "namespace": WORKFLOWS},
        "spec": {
            "workflowTemplateRef": {"name": served.shape().name},
            "arguments": {"parameters": [{"name": "strategy", "value": strategy}]},
        },
    }
    made = world.api.request("POST", world.workflows("workflows"), body=body)
    return str(made["metadata"]["name"])


def template(world: RolloutWorld, served: Served) -> None:
    """The service's WorkflowTemplate, with its settings of the moment."""
    shape = served.shape()
    spec = json.loads(json.dumps(specs.workflow_template(shape, shape.name)))
    for each in spec["templates"]:
        for pair in each.get("container", {}).get("env", []):
            pair["value"] = json.dumps(served.settings, indent=1)
    body = {
        "apiVersion": specs.ARGO,
        "kind": "WorkflowTemplate",
        "metadata": {"name": shape.name, "namespace": WORKFLOWS},
        "spec": spec,
    }
    world.put(f"{world.workflows('workflowtemplates')}/{shape.name}", body)
    guard = specs.guard(shape, shape.name)
    pod = guard["jobTemplate"]["spec"]["template"]["spec"]
    pod["containers"][0]["env"][0]["value"] = json.dumps(served.settings)
    body = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": shape.name, "namespace": WORKFLOWS},
        "spec": guard,
    }
    world.put(served.guard_path, body)


def ended(world: RolloutWorld, workflow: str, seconds: float = 120) -> str:
    """The phase of a workflow that is over."""
    over: Callable[[], str] = lambda: phase_of(world, workflow)  # noqa: E731 - read twice
    world.until(lambda: over() in {"Succeeded", "Failed", "Error"}, seconds)
    return over()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
