"""What `llmp logs` and `llmp exec` do."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.cli.workspace import check_name
from local import cloud, toolchain
from local.cloud import LocalCloud
from local.cluster.processes import LOGS_FOLDER, log_file
from local.errors import LocalCloudError
from local.node.ready import api_of
from local.reporter import QuietReporter

NODE = "node"
SHELL = "exec bash 2>/dev/null || exec sh"


@dataclass(frozen=True)
class Where:
    """Where to look.

    Attributes:
        stack: Name of the stack.
        namespace: Of the pod; None: any.
        container: Of the pod; None: its first.
    """

    stack: str
    namespace: str | None
    container: str | None

    def cloud(self) -> LocalCloud:
        """The stack's cloud, alive or not.

        Raises:
            LocalCloudError: There is none.
        """
        check_name(self.stack)
        found = cloud.recorded(self.stack)
        if found is None:
            raise LocalCloudError(
                f"Stack {self.stack} has no cloud on this machine.",
                f"Start it: llmp {'live up' if self.stack == 'live' else 'up'} {self.stack}",
            )
        return found


def logs(where: Where, name: str | None, *, follow: bool, previous: bool, tail: int) -> int:
    """Print a log, or list what has one; exit code 0."""
    local_cloud = where.cloud()
    if name is None:
        _list(where, local_cloud)
        return 0
    if name in _processes(local_cloud):
        words = ["tail", f"--lines={tail}", *(["--follow=name"] if follow else [])]
        _become([*words, str(log_file(local_cloud.folder, name))])
    namespace, pod = _pod(where, local_cloud, name)
    words = ["logs", f"--namespace={namespace}", pod, f"--tail={tail}"]
    words += ["--follow"] * follow + ["--previous"] * previous
    words += [f"--container={where.container}"] if where.container else []
    _become(_kubectl(local_cloud, words))
    return 0


def execute(where: Where, name: str, command: Sequence[str]) -> int:
    """Become a command inside a pod or inside the node."""
    local_cloud = where.cloud()
    if local_cloud.live is None:
        raise LocalCloudError(
            f"The cloud of stack {where.stack} has no node, so nothing runs in its pods.",
            "Use a live stack: llmp live up",
        )
    wanted = list(command) or ["sh", "-c", SHELL]
    if name == NODE:
        _become(local_cloud.live.enter(wanted))
    namespace, pod = _pod(where, local_cloud, name)
    terminal = ["--tty"] if sys.stdin.isatty() else []
    words = ["exec", f"--namespace={namespace}", "--stdin", *terminal, pod]
    words += [f"--container={where.container}"] if where.container else []
    _become(_kubectl(local_cloud, [*words, "--", *wanted]))
    return 0


def matching(
    pods: Sequence[dict[str, Any]], name: str, namespace: str | None
) -> list[tuple[str, str]]:
    """Namespace and name of the pods that `name` may mean: exactly that one, or all it begins."""
    found = [(each["metadata"]["namespace"], each["metadata"]["name"]) for each in pods]
    found = [each for each in found if namespace in {None, each[0]}]
    exact = [each for each in found if each[1] == name]
    return exact or sorted(each for each in found if each[1].startswith(name))


def _pod(where: Where, local_cloud: LocalCloud, name: str) -> tuple[str, str]:
    found = matching(_pods(local_cloud), name, where.namespace)
    if len(found) == 1:
        return found[0]
    if not found:
        raise LocalCloudError(
            f"No pod's name begins with {name}"
            + (f" in namespace {where.namespace}" if where.namespace else "")
            + ", and no process of the cloud has that name.",
            f"See what there is: llmp logs --stack {where.stack}",
        )
    running = "\n".join(f"{namespace}/{pod}" for namespace, pod in found)
    raise LocalCloudError(f"{len(found)} pods' names begin with {name}.", "Say more.", running)


def _pods(local_cloud: LocalCloud) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api_of(local_cloud.kubeconfig).get("/api/v1/pods")["items"]
    return items


def _processes(local_cloud: LocalCloud) -> list[str]:
    return sorted(each.stem for each in (local_cloud.folder / LOGS_FOLDER).glob("*.log"))


def _list(where: Where, local_cloud: LocalCloud) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Processes: {', '.join(_processes(local_cloud))}")
    if local_cloud.live is None or cloud.find(where.stack) is None:
        return
    table = Table(box=None, title="Pods", title_justify="left")
    for column in ("namespace", "pod", "phase", "node"):
        table.add_column(column)
    for each in _pods(local_cloud):
        metadata, spec = each["metadata"], each["spec"]
        if where.namespace in {None, metadata["namespace"]}:
            phase, node = each.get("status", {}).get("phase", ""), spec.get("nodeName", "–")
            table.add_row(metadata["namespace"], metadata["name"], phase, node)
    console.print(table)


def _kubectl(local_cloud: LocalCloud, words: Sequence[str]) -> list[str]:
    program: Path = toolchain.ensure(("kubectl",), QuietReporter())["kubectl"]
    return [str(program), f"--kubeconfig={local_cloud.kubeconfig}", *words]


def _become(argv: Sequence[str]) -> None:
    """Run a command in place of this process: its output and its exit code are ours."""
    sys.stdout.flush()
    os.execvp(argv[0], list(argv))  # noqa: S606 - a list, no shell
