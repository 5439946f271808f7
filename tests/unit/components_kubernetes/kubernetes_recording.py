"""Runs a program against Pulumi's mocks and records what it registered in the cluster."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

PROJECT, STACK = "llm-platform", "test"
STACK_ID = f"{PROJECT}/{STACK}"

INVOKES = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"},
    "aws:index/getRegion:getRegion": {"region": "eu-central-1"},
    "aws:index/getPartition:getPartition": {"partition": "aws"},
}


@dataclass(frozen=True)
class Made:
    """One registered resource."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    dependencies: frozenset[str]

    @property
    def spec(self) -> dict[str, Any]:
        return self.inputs["spec"]

    @property
    def labels(self) -> dict[str, str]:
        return self.inputs["metadata"]["labels"]

    @property
    def object_name(self) -> str:
        return self.inputs["metadata"]["name"]


@dataclass
class Recording:
    """Everything that a program registered, in order."""

    resources: list[Made] = field(default_factory=list[Made])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])

    def of(self, kind: str) -> list[Made]:
        """Every resource whose type ends with `kind`."""
        return [made for made in self.resources if made.type.rsplit(":", 1)[-1] == kind]

    def one(self, kind: str, name: str = "") -> Made:
        found = [made for made in self.of(kind) if name in ("", made.name)]
        assert len(found) == 1, f"{kind} {name}: {[made.name for made in found]}"
        return found[0]

    @property
    def types(self) -> set[str]:
        return {made.type for made in self.resources if made.type.startswith("kubernetes:")}

    @property
    def in_cluster(self) -> list[Made]:
        """What has metadata, so everything but releases and components."""
        return [made for made in self.resources if "metadata" in made.inputs]

    def waits_for(self, later: Made, earlier: Made) -> bool:
        """Whether `earlier` is made before `later`, and so deleted after it, in any run."""
        needs = {made.urn: {*made.dependencies} for made in self.resources}
        children = {
            made.urn: {each.urn for each in self.resources if each.parent == made.urn}
            for made in self.resources
        }
        seen: set[str] = set()
        todo = [*needs[later.urn]]
        while todo:
            urn = todo.pop()
            if urn == earlier.urn:
                return True
            if urn not in seen:
                seen.add(urn)
                todo += [*needs.get(urn, ()), *children.get(urn, ())]
        return False

    def children_outside(self, component: str) -> list[str]:
        """Names of resources that do not hang below the component, directly or further down."""
        parents = {made.urn: made.parent for made in self.resources}
        root = self.one(component).urn

        def below(urn: str) -> bool:
            while urn:
                if urn == root:
                    return True
                urn = parents.get(urn, "")
            return False

        return [made.name for made in self.resources if made.urn != root and not below(made.parent)]


class Recorder(mocks.MockMonitor):
    """Keeps the raw requests, which hold more than mocks are told."""

    def __init__(self, cloud: mocks.Mocks, recording: Recording) -> None:
        super().__init__(cloud)
        self.recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the monitor's name
        monitor: Any = super()
        answer = monitor.RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            needed = set(request.dependencies)
            for dependencies in request.propertyDependencies.values():
                needed.update(dependencies.urns)
            inputs: dict[str, Any] = rpc.deserialize_properties(request.object)
            self.recording.resources.append(
                Made(
                    request.type,
                    request.name,
                    answer.urn,
                    request.parent,
                    inputs,
                    frozenset(needed),
                )
            )
        return answer


class Cloud(mocks.Mocks):
    """Answers with the inputs."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs: Any = getattr(args, "inputs")  # noqa: B009 - untyped
        return f"{args.name}-id", {"arn": f"arn:aws:test:::{args.name}", **inputs}

    def call(self, args: mocks.MockCallArgs) -> Any:
        return INVOKES[args.token]


def record(program: Callable[[], dict[str, pulumi.Output[Any]]]) -> Recording:
    """Run `program` and record it; `outputs` holds the values of the outputs it returns."""
    recording = Recording()
    cloud = Cloud()
    mocks.set_mocks(cloud, PROJECT, STACK, preview=False, monitor=Recorder(cloud, recording))

    def run() -> pulumi.Output[None]:
        return pulumi.Output.all(**program()).apply(recording.outputs.update)

    awaiting: Any = getattr(pulumi.runtime, "test")  # noqa: B009 - untyped
    awaiting(run)()
    return recording


def fields(**given: Any) -> Any:
    """Inputs as they are: tests vary single fields, wrong ones among them."""
    return given
