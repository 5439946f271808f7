"""One control plane, one served stand-in for `kubernetes`, and stacks of the real engine on it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import automation

from infra.cli.interruptible import InterruptiblePulumi
from local.cloud import LocalCloud
from local.cluster.inventory import inventory
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.providers.kubernetes.discovery import Discovery
from local.providers.kubernetes.objects import object_id
from local.providers.kubernetes.package import KubernetesPackage
from local.providers.model import CheckRequest, CreateRequest, DeleteRequest
from local.providers.server import serve
from local.providers.values import from_struct, to_struct

Program = Callable[[pulumi.ResourceOptions], object]
PASSPHRASE = "kubernetes-world"
MERGE = "application/merge-patch+json"


class World:
    """What the tests of one module share."""

    def __init__(self, cloud: LocalCloud, engine: Path, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self.kubeconfig = cloud.kubeconfig.read_text()
        self.api = Api(read_kubeconfig(self.kubeconfig))
        self.session = KubernetesPackage().configure({"kubeconfig": self.kubeconfig})
        self._engine = engine
        # the server ends when nothing refers to it
        self._server, port = serve(KubernetesPackage())
        self._env = {
            "PULUMI_BACKEND_URL": folder.as_uri(),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{port}",
        }

    def close(self) -> None:
        self._server.stop(grace=0).wait()

    def stack(self, name: str, program: Program) -> "Stack":
        """A new stack with a program."""
        options = automation.LocalWorkspaceOptions(
            work_dir=str(self.folder),
            env_vars=self._env,
            pulumi_command=InterruptiblePulumi(self._engine, print),
        )
        run = self.with_provider(program)
        return Stack(
            self, automation.create_stack(name, project_name="p", program=run, opts=options)
        )

    def with_provider(self, program: Program) -> Callable[[], None]:
        """`program`, called with options that hold a provider."""

        def run() -> None:
            provider = kubernetes.Provider("k", kubeconfig=self.kubeconfig)
            program(pulumi.ResourceOptions(provider=provider))

        return run

    def settled(self) -> dict[str, list[str]]:
        """What is in the cluster, once its controllers have made what belongs to every one."""
        deadline = time.monotonic() + 30
        while True:
            found = inventory(self.cloud.kubeconfig)
            spaces = found["core/Namespace"]
            own = {f"core/ServiceAccount {name}/default" for name in spaces}
            own |= {f"core/ConfigMap {name}/kube-root-ca.crt" for name in spaces}
            if own <= {f"{kind} {name}" for kind, names in found.items() for name in names}:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.2)

    def kept(self) -> str:
        """Everything that the engine keeps of all stacks."""
        files = [path for path in (self.folder / ".pulumi").rglob("*") if path.is_file()]
        assert files
        return "".join(path.read_text(errors="replace") for path in files)

    def create(self, token: str, inputs: dict[str, Any], *, preview: bool = False) -> None:
        """Have the stand-in make an object, without an engine."""
        name = str(inputs["metadata"]["name"])
        checked = self.session.check(CheckRequest(name, token, name, {}, inputs, b"seed"))
        # the engine takes the marks off secrets
        plain = from_struct(to_struct(checked.inputs))
        self.session.create(CreateRequest(name, token, name, plain, preview=preview))

    def delete(self, token: str, inputs: dict[str, Any]) -> None:
        """Have the stand-in remove an object, without an engine."""
        meta = inputs["metadata"]
        identifier = object_id(meta.get("namespace"), meta["name"])
        name = str(meta["name"])
        self.session.delete(DeleteRequest(name, token, name, identifier, inputs, {}))

    def by_hand(self, path: str, change: Any, manager: str = "hand") -> Any:
        """Change an object as somebody with a tool that calls itself `manager` would."""
        return self.api.request(
            "PATCH", path, query={"fieldManager": manager}, body=change, content_type=MERGE
        )

    def remove(self, path: str) -> None:
        self.api.request("DELETE", path)

    def room(self, name: str) -> str:
        """A namespace for objects of one test; it goes with the cloud, which is quicker."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self.api.request("POST", "/api/v1/namespaces", body=body)
        return name

    def define(self, crd: dict[str, Any]) -> None:
        """Have a CRD served."""
        name = str(crd["metadata"]["name"])
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
        self.api.apply(path, crd, "test", force=True, dry_run=False)
        spec = crd["spec"]
        version, kind = f"{spec['group']}/v1", str(spec["names"]["kind"])
        Discovery(self.api).find(version, kind, wait=20)


class Stack:
    """A stack, with the answers that tests look at; `said` is what the engine said so far."""

    def __init__(self, world: World, stack: automation.Stack) -> None:
        self._world = world
        self._stack = stack
        self.said = ""

    def runs(self, program: Program) -> None:
        """Change the program."""
        self._stack.workspace.program = self._world.with_provider(program)

    def up(self, *, refresh: bool = False) -> dict[str, int]:
        return self._changes(self._stack.up(refresh=refresh, show_secrets=False, diff=True))

    def refresh(self) -> dict[str, int]:
        return self._changes(self._stack.refresh(show_secrets=False))

    def destroy(self) -> dict[str, int]:
        return self._changes(self._stack.destroy(show_secrets=False))

    def preview(self) -> dict[str, int]:
        result = self._stack.preview(diff=True)
        self.said += result.stdout + result.stderr
        changes = {getattr(k, "value", str(k)): n for k, n in result.change_summary.items()}
        return {kind: count for kind, count in changes.items() if kind != "same"}

    def fails(self, run: Callable[[automation.Stack], Any]) -> str:
        """What the engine says when a command fails."""
        try:
            run(self._stack)
        except automation.CommandError as error:
            said = str(error)
            assert "Traceback" not in said, said
            assert "fault of the local stand-in" not in said, said
            return said
        raise AssertionError("the command went well")

    def types(self) -> set[str]:
        """Types of the resources in the state."""
        deployment = self._stack.export_stack().deployment
        assert deployment is not None
        return {each["type"] for each in deployment["resources"]}

    def _changes(self, result: Any) -> dict[str, int]:
        self.said += result.stdout + result.stderr
        changes: dict[str, int] = result.summary.resource_changes or {}
        return {str(kind): count for kind, count in changes.items() if kind != "same"}


def preview(stack: automation.Stack) -> None:
    stack.preview()


def up(stack: automation.Stack) -> None:
    stack.up(continue_on_error=True)


def destroy(stack: automation.Stack) -> None:
    stack.destroy()
