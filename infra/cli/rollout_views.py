"""What `llmp rollout` does: workflows are submitted, states are shown."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.text import Text

from infra.cli.rollout_program import Program
from infra.cli.rollout_table import step_table, summary
from infra.settings import Settings
from llm_platform.problems import did_you_mean
from llm_platform.serving import rollout_spec as specs
from local import cloud
from local.errors import LocalCloudError
from local.providers.kubernetes.access import Access, read_kubeconfig
from local.providers.kubernetes.api import Api, ApiError
from local.providers.kubernetes.trees import mapping
from local.providers.model import ProviderError

WORKFLOWS = "argo-workflows"
"""Namespace in which the platform's workflows run."""
POLL_SECONDS = 2.0
UNTAKEN_SECONDS = 30.0
"""After how long without a phase a workflow is taken for one that nobody runs."""
ENDED = 3
GOOD_ENDS = ("promoted", "shadowed")


@dataclass(frozen=True)
class Rollouts:
    """One service's rollouts, for a person.

    Attributes:
        service: Name of the service.
        stack: Name of the stack.
        api: The stack's API server.
        program: What knows the state.
        template: Name of the service's WorkflowTemplate.
        strategy: The service's own strategy.
    """

    service: str
    stack: str
    api: Api
    program: Program
    template: str
    strategy: str

    @classmethod
    def of(
        cls, service: str, stack: str, settings: Settings, kubeconfig: Path | None
    ) -> "Rollouts":
        """The rollouts of a service of a stack.

        Raises:
            LocalCloudError: There is no such service, no cluster, or no rollout in it.
        """
        known = {each.name: each.tenant for each in settings.services}
        if service not in known:
            names = ", ".join(sorted(known)) or "none"
            raise LocalCloudError(
                f"Stack {stack} has no service '{service}'{did_you_mean(service, known)}",
                f"its services: {names}",
            )
        access = _access(stack, settings, kubeconfig)
        api = Api(access)
        name = specs.rollout_name(known[service], service)
        path = f"/apis/{specs.ARGO}/namespaces/{WORKFLOWS}/workflowtemplates/{name}"
        found = _answered(lambda: api.find(path))
        if found is None:
            raise LocalCloudError(
                f"Service {service} has no WorkflowTemplate {WORKFLOWS}/{name}.",
                f"make it: llmp up {stack}",
            )
        program = Program(access, json.loads(_told(found)))
        parameters = found["spec"]["arguments"]["parameters"]
        return cls(service, stack, api, program, name, str(parameters[0]["value"]))

    def start(self, *, strategy: str | None, detach: bool, here: bool) -> int:
        """Start a rollout; wait for its end unless told otherwise."""
        console = _console()
        chosen = strategy or self.strategy
        self.program.check()
        if here:
            return self._run_here(console, chosen)
        body = {
            "apiVersion": specs.ARGO,
            "kind": "Workflow",
            "metadata": {"generateName": f"{self.service}-", "namespace": WORKFLOWS},
            "spec": {
                "workflowTemplateRef": {"name": self.template},
                "arguments": {"parameters": [{"name": "strategy", "value": chosen}]},
            },
        }
        path = f"/apis/{specs.ARGO}/namespaces/{WORKFLOWS}/workflows"
        made = _answered(lambda: self.api.request("POST", path, body=body))
        name = str(made["metadata"]["name"])
        console.print(f"{chosen} of {self.service}: workflow {WORKFLOWS}/{name} is submitted")
        if detach:
            console.print(f"See: llmp rollout status {self.service} {self.stack}")
            return 0
        return self._follow(console, name, f"{path}/{name}")

    def show(self, *, as_json: bool) -> int:
        """Print everything that is known."""
        console = _console()
        found = self.program.status()
        if as_json:
            console.print_json(json.dumps(found))
            return 0
        self._print(console, found)
        return 0

    def promote(self) -> int:
        """Give the candidate everything."""
        self.program.promote()
        _console().print(f"{self.service}: the candidate has every request")
        return 0

    def abort(self) -> int:
        """Give stable everything."""
        began = time.monotonic()
        self.program.abort()
        took = time.monotonic() - began
        _console().print(f"{self.service}: stable has every request again ({took:.1f} s)")
        return 0

    def _print(self, console: Console, found: dict[str, Any]) -> None:
        console.print(summary(found))
        if found["rollout"] is not None:
            console.print(step_table(found, self.program.settings["weights"]))

    def _run_here(self, console: Console, strategy: str) -> int:
        name = f"{self.service}-here-{int(time.time())}"
        console.print(f"{strategy} of {self.service}: {name}, in this process")
        code = self.program.run(name, strategy)
        found = self.program.status()
        self._print(console, found)
        return 0 if code == 0 else ENDED

    def _follow(self, console: Console, name: str, path: str) -> int:
        """Tell every change of the rollout until its workflow is over."""
        began, told, taken = time.monotonic(), "", False
        while True:
            workflow = _answered(lambda: self.api.find(path))
            status = mapping(mapping(workflow).get("status"))
            phase = str(status.get("phase") or "")
            found = self.program.status()
            state = (
                found["rollout"] if found["rollout"] and found["rollout"]["id"] == name else None
            )
            words = _progress(found, state, phase)
            if words != told:
                told = words
                console.print(f"  {time.monotonic() - began:4.0f} s  {words}", markup=False)
            taken = taken or bool(phase)
            if not taken and time.monotonic() - began > UNTAKEN_SECONDS:
                raise LocalCloudError(
                    f"Nobody has taken up workflow {WORKFLOWS}/{name}: does Argo's controller run?",
                    f"it starts when the controller does; or: llmp rollout start {self.service} "
                    f"{self.stack} --here",
                )
            over = workflow is None or phase in {"Succeeded", "Failed", "Error"}
            if over and (state is None or state["phase"] != "running"):
                self._print(console, found)
                if state is None:
                    why = status.get("message") or "see its logs"
                    console.print(Text(f"The workflow ended without a rollout: {why}", "red"))
                return 0 if state is not None and state["phase"] in GOOD_ENDS else ENDED
            time.sleep(POLL_SECONDS)


def _progress(found: dict[str, Any], state: dict[str, Any] | None, phase: str) -> str:
    if state is None:
        return f"workflow {phase.lower() or 'waits'}"
    split = found["split"] or {"candidate": "?"}
    readings = cast("list[dict[str, Any]]", found["readings"])
    gates = "; ".join(f"{each['gate']} {each['verdict']}" for each in readings)
    words = f"{state['phase']} {state['step']}, candidate {split['candidate']}"
    if state["phase"] != "running":
        return f"{words}: {state['reason']}"
    return f"{words}{f' ({gates})' if gates else ''}"


def _access(stack: str, settings: Settings, kubeconfig: Path | None) -> Access:
    """The stack's API server.

    Raises:
        LocalCloudError: It is not known.
    """
    file = kubeconfig
    if file is None and settings.environment.cloud.is_here:
        found = cloud.find(stack)
        if found is None:
            raise LocalCloudError(f"Stack {stack} is not up.", f"start it: llmp up {stack}")
        file = found.kubeconfig
    if file is None:
        file = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    try:
        return read_kubeconfig(file.read_text(encoding="utf-8"))
    except (OSError, ProviderError) as error:
        raise LocalCloudError(
            f"{file} cannot be used: {error}", "give the cluster's by --kubeconfig"
        ) from None


def _told(template: dict[str, Any]) -> str:
    """The program's settings in a WorkflowTemplate."""
    for each in template["spec"]["templates"]:
        for pair in each.get("container", {}).get("env", []):
            if pair["name"] == specs.SETTINGS_VARIABLE:
                return str(pair["value"])
    raise LocalCloudError(
        f"WorkflowTemplate {template['metadata']['name']} is not one of ours.", "run: llmp up"
    )


def _answered(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ApiError as error:
        raise LocalCloudError(f"The API server refuses: {error}", "check who you are") from None
    except ProviderError as error:
        raise LocalCloudError(str(error), "is the cluster up?") from None


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
