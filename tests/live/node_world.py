"""Clouds with a node for tests, and what may not be left of them."""

import json
import os
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local import cloud, toolchain
from local.cloud import LocalCloud
from local.node import cgroups, pause_image, ready
from local.node.access import LiveCloud
from local.node.plan import NODE_TOOLS, PATH, NodePlan
from local.node.state import MachineState
from local.paths import REPOSITORY, cache_folder
from local.reporter import LineReporter
from local.toolchain.tools import Source, Tool

CLOUD_TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", *NODE_TOOLS)
ECHO_IMAGE = "localhost/echo:1"
ECHO = Tool(
    name="echo",
    version="1.0.0",
    ask=("--version",),
    package=".",
    ldflags="-s -w -X main.version=v1.0.0",
    module=REPOSITORY / "tests" / "live" / "echo",
    size_mib=8,
)
REPORTER = LineReporter()


def tools() -> dict[str, Path]:
    """Everything that a live cloud runs."""
    return toolchain.ensure(CLOUD_TOOLS, REPORTER)


@dataclass(frozen=True)
class Node:
    """A live cloud whose node is Ready, without what EKS adds."""

    cloud: LocalCloud
    live: LiveCloud
    kubectl_program: Path

    def try_kubectl(
        self, *words: str, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, and leave it to the caller what its exit code means."""
        return subprocess.run(
            [str(self.kubectl_program), f"--kubeconfig={self.live.kubeconfig}", *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def kubectl(self, *words: str, stdin: str | None = None, fails: bool = False) -> str:
        """What kubectl prints; both its outputs when it is to fail."""
        ended = self.try_kubectl(*words, stdin=stdin)
        assert (ended.returncode != 0) == fails, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr if fails else ended.stdout

    def apply(self, *documents: Mapping[str, Any]) -> None:
        """Make objects what `documents` say."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def inside(self, *argv: str) -> str:
        """What a program prints inside the node's namespaces."""
        return subprocess.run(
            self.live.enter(argv),
            env={"PATH": PATH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    def machine(self) -> MachineState:
        """Its processes on the host."""
        state = MachineState.read(self.cloud.folder)
        assert state is not None
        return state


def start(stack: str) -> Node:
    """A live cloud with the test's image, its node Ready."""
    programs = tools()
    made, _ = cloud.ensure(stack, "stand-in", programs, REPORTER, live=True)
    assert made.live is not None
    pause_image.ensure(made.live, REPORTER)
    made.live.import_image(echo_archive(), [ECHO_IMAGE])
    ready.wait_for_node(ready.api_of(made.kubeconfig), made.live)
    return Node(made, made.live, programs["kubectl"])


@contextmanager
def node(stack: str) -> Generator[Node]:
    """`start`, and its end."""
    try:
        yield start(stack)
    finally:
        cloud.stop(stack, REPORTER)


def echo_archive() -> Path:
    """The test's image, as an archive."""
    sources = (Source.CACHE, Source.BUILD)
    program = toolchain.ensure(["echo"], REPORTER, sources=sources, tools={"echo": ECHO})["echo"]
    content = pause_image.archive_of(program.read_bytes(), "echo", ECHO_IMAGE)
    archive = cache_folder() / "node" / "echo.tar"
    if not archive.exists() or archive.read_bytes() != content:
        archive.write_bytes(content)
    return archive


@dataclass(frozen=True)
class Identity:
    """By what a cloud is known on the machine: other clouds may run beside it."""

    folder: Path
    cgroup: str
    network: str

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Of the cloud in `folder`, which runs."""
        plan, state = NodePlan.read(folder), MachineState.read(folder)
        assert plan is not None
        assert state is not None
        return cls(folder, plan.cgroup, str(Path(f"/proc/{state.first}/ns/net").readlink()))

    def left(self) -> list[str]:
        """What of the cloud is there now: processes, namespaces, mounts, cgroups."""
        found = [
            str(top / self.cgroup) for top in cgroups.hierarchies() if (top / self.cgroup).exists()
        ]
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        found += [each for each in mounts if str(self.folder) in each or self.cgroup in each]
        for each in Path("/proc").iterdir():
            if each.name.isdigit() and int(each.name) != os.getpid():
                found += self._why(each)
        return found

    def _why(self, process: Path) -> list[str]:
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            network = str((process / "ns" / "net").readlink())
        except OSError:
            return []
        is_of_it = str(self.folder) in words or network == self.network
        return [f"process {process.name}: {words}"] if is_of_it else []


def machine() -> tuple[str, frozenset[str]]:
    """What no cloud changes: the machine's own network, and where others keep things."""
    network = [("ip", "-o", "address"), ("ip", "route"), ("iptables", "-S"), ("ip", "netns")]
    folders = ("/run", "/var/lib", "/var/log", "/run/netns", "/etc/cni", "/opt")
    return (
        "".join(_said(*words) for words in network),
        frozenset(name for folder in folders for name in _listed(folder)),
    )


def _listed(folder: str) -> Sequence[str]:
    path = Path(folder)
    return [str(each) for each in path.iterdir()] if path.is_dir() else []


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
