"""One local cloud whose calls fail, a stack of our real components on it, and what is counted."""

import json
import re
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi_eks as eks
import pulumi_kubernetes as kubernetes

from infra.cli.engine import Engine, RunFailedError
from infra.cli.events import RunLog
from infra.cli.report import without_echoes
from infra.cli.session import local_environment, stand_in_process
from llm_platform import Network, NetworkArgs, TenantNamespace
from llm_platform.aws.kinds import NatMode
from local.aws.inventory import alive, inventory
from local.cloud import LocalCloud
from local.cluster.inventory import inventory as kubernetes_inventory
from local.faults import plan
from local.faults.plan import Effect, FaultPlan, Kind, Rule, Side
from local.faults.record import counted
from local.limits import SECONDS_VARIABLE
from local.reporter import LineReporter

REGION = "eu-central-1"
STACK = "faulty"
TAGS: dict[str, pulumi.Input[str]] = {"team": "ml"}
ANSWER_SECONDS = "3"
MOST_RUNS = 5
NAMES_THE_CAUSE = re.compile(r"\w+:\S+ '[^']+': \w+: .*(fault plan|attempts|[Cc]onnection|stopped)")
"""Type, logical name, what was tried, and what went wrong."""

_UNKNOWN = (Kind.ERROR, Kind.CUT)
SHARES: list[tuple[Kind, Effect, float]] = [
    (Kind.THROTTLE, Effect.BEFORE, 0.1),
    *((kind, effect, 0.035) for kind in _UNKNOWN for effect in Effect),
    (Kind.TIMEOUT, Effect.AFTER, 0.004),
    (Kind.SLOW, Effect.BEFORE, 0.02),
]
"""How often each fault strikes; a fifth of all calls together, or a bit more."""
SECONDS = {Kind.SLOW: 0.2, Kind.TIMEOUT: 60.0}


def a_fifth(seed: int) -> FaultPlan:
    """A plan that spoils a fifth of all calls."""
    rules = [
        Rule(side, "*", ratio, kind, effect, SECONDS.get(kind, 0.0))
        for side in Side
        for kind, effect, ratio in SHARES
    ]
    return FaultPlan(seed, tuple(rules))


def program() -> None:
    """About 40 resources, through aws, eks and kubernetes."""
    zones = [f"{REGION}a", f"{REGION}b"]
    args: NetworkArgs = {"cidr": "10.0.0.0/16", "zones": zones, "tags": TAGS}
    network = Network("net", {**args, "nat": NatMode.SINGLE})
    cluster = eks.Cluster(
        "cluster",
        name="faulty",
        version="1.35",
        vpc_id=network.vpc_id,
        private_subnet_ids=network.private_subnet_ids,
        authentication_mode=eks.AuthenticationMode.API,
        skip_default_node_group=True,
        skip_default_security_groups=True,
        tags={"team": "ml"},
    )
    provider = kubernetes.Provider("inside", kubeconfig=cluster.kubeconfig_json)
    inside = pulumi.ResourceOptions(provider=provider)
    team = TenantNamespace("team", {"tags": TAGS}, inside)
    kubernetes.helm.v3.Release(
        "release",
        name="release",
        chart="dcgm-exporter",
        version="4.8.1",
        namespace=team.namespace,
        opts=inside,
    )


Counts = dict[str, int]
Run = Callable[..., RunLog]


def never_ready(kubeconfig: Path) -> Callable[[], None]:
    """A program whose one object waits for nodes that there are not."""

    def run() -> None:
        provider = kubernetes.Provider("inside", kubeconfig=kubeconfig.read_text())
        labels = {"app": "waits"}
        pod = kubernetes.core.v1.PodSpecArgs(
            containers=[kubernetes.core.v1.ContainerArgs(name="c", image="pause")]
        )
        kubernetes.apps.v1.Deployment(
            "waits",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name="waits", namespace="default"),
            spec=kubernetes.apps.v1.DeploymentSpecArgs(
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=labels),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=labels), spec=pod
                ),
            ),
            opts=pulumi.ResourceOptions(provider=provider),
        )

    return run


@dataclass
class FaultWorld:
    """The cloud, and the engine on it."""

    cloud: LocalCloud
    engine: Engine
    _calls: int = 0
    _faults: int = 0

    def counted(self) -> Counts:
        """How much stands of each kind, in AWS and in Kubernetes."""
        found = alive(inventory(self.cloud.aws_endpoint, REGION))
        counts = {f"aws {kind}": len(names) for kind, names in found.items()}
        inside = kubernetes_inventory(self.cloud.kubeconfig)
        return counts | {f"kubernetes {kind}": len(names) for kind, names in inside.items()}

    @contextmanager
    def spoiled(self, wanted: FaultPlan) -> Generator[Counter[tuple[str, str]]]:
        """Have calls go wrong by a plan; what happened is in the counter afterwards."""
        struck: Counter[tuple[str, str]] = Counter()
        before, calls = counted(self.cloud.folder), len(self._recorded())
        wanted.write(self.cloud.folder)
        yield struck
        plan.clear(self.cloud.folder)
        struck.update(counted(self.cloud.folder) - before)
        since = self._recorded()[calls:]
        self._calls += len(since)
        self._faults += sum("fault" in call for call in since)

    def other(self, stack: str, program: Callable[[], None]) -> Engine:
        """The same engine for another stack."""
        (self.engine.workspace / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
        return replace(self.engine, stack=stack, program=program)

    def share(self) -> float:
        """Which part of AWS's calls went wrong, of those while a plan was on."""
        return self._faults / self._calls

    def _recorded(self) -> list[dict[str, Any]]:
        lines = (self.cloud.folder / "aws" / "calls.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def run(self, run: Run, **options: Any) -> RunLog:
        """A run of the engine that nobody watches."""
        return run(_unwatched, **options)

    def stops(self, run: Run, **options: Any) -> RunFailedError:
        """The failure of a run."""
        try:
            self.run(run, **options)
        except RunFailedError as error:
            return error
        raise AssertionError("the run went well")

    def converges(self, run: Run, **options: Any) -> None:
        """Repeat a run until it succeeds; one that fails says which resource it was and why."""
        for _ in range(MOST_RUNS):
            try:
                self.run(run, **options)
            except RunFailedError as error:
                told = without_echoes(error.log.errors) or [error.text]
                unclear = [each for each in told if not NAMES_THE_CAUSE.search(each)]
            else:
                return
            assert not unclear, unclear
        raise AssertionError(f"not done after {MOST_RUNS} runs")


def _unwatched(_: RunLog) -> None:
    """Nobody watches."""


def changes(log: RunLog) -> list[str]:
    """What a run would change; the engine's own record of providers is no resource."""
    return [name for _, name, _ in log.steps if "pulumi:providers" not in name] + log.drifted


@contextmanager
def fault_world(cloud: LocalCloud, pulumi_path: Path, folder: Path) -> Generator[FaultWorld]:
    """The engine and the stand-ins' process, with short waits."""
    (folder / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (folder / f"Pulumi.{STACK}.yaml").write_text(f"config:\n  aws:region: {REGION}\n")
    env = {**local_environment(cloud, REGION), SECONDS_VARIABLE: ANSWER_SECONDS}
    with stand_in_process(
        ("--cloud", str(cloud.folder)), cloud.folder, env, LineReporter()
    ) as more:
        engine = Engine(pulumi_path, STACK, folder, {**env, **more}, program, (), print)
        yield FaultWorld(cloud, engine)
