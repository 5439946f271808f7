"""Runs a program against Pulumi's mocks and records what it registered, with all its options."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import callback_pb2, resource_pb2

if TYPE_CHECKING:
    from pulumi.resource import ResourceTransform

PROJECT, STACK = "llm-platform", "test"
ACCOUNT, REGION = "123456789012", "eu-central-1"
STACK_ID = f"{PROJECT}/{STACK}"

INVOKES = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:index/getRegion:getRegion": {"region": REGION},
    "aws:index/getPartition:getPartition": {"partition": "aws"},
}
EKS_COMPONENT = "eks:index:Cluster"
EKS_CLUSTER = "aws:eks/cluster:Cluster"

SIGNATURE = "4dabf18193072939515e22adb298388d"
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"


def untyped(value: object) -> Any:
    """The mocks' parts that have no types come in here."""
    return value


@dataclass(frozen=True)
class Registered:
    """One registered resource."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    dependencies: frozenset[str]
    ignore_changes: tuple[str, ...]
    has_transforms: bool

    @property
    def tags(self) -> dict[str, str]:
        return self.inputs.get("tags", {})


@dataclass
class Recording:
    """Everything that a program registered, in order."""

    resources: list[Registered] = field(default_factory=list[Registered])
    invokes: list[str] = field(default_factory=list[str])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    transforms: list["ResourceTransform"] = field(default_factory=list["ResourceTransform"])

    def of(self, type_: str) -> list[Registered]:
        return [one for one in self.resources if one.type == type_]

    def one(self, type_: str, name: str = "") -> Registered:
        found = [one for one in self.of(type_) if name in (one.name, "")]
        assert len(found) == 1, f"{len(found)} of {type_} {name}: {[one.name for one in found]}"
        return found[0]

    @property
    def types(self) -> set[str]:
        return {one.type for one in self.resources if one.type.count("/") == 1}

    @cached_property
    def _needs(self) -> dict[str, set[str]]:
        """What each resource waits for: its dependencies and, by its parent, its parent's."""
        return {
            one.urn: {*one.dependencies, *([one.parent] if one.parent else [])}
            for one in self.resources
        }

    def waits_for(self, later: Registered, earlier: Registered) -> bool:
        """Whether `earlier` is made before `later`, and so deleted after it, in any run."""
        seen: set[str] = set()
        todo = [later.urn]
        while todo:
            for urn in self._needs.get(todo.pop(), set()) - seen:
                if urn == earlier.urn:
                    return True
                seen.add(urn)
                todo.append(urn)
        return False


class Recorder(mocks.MockMonitor):
    """Keeps the raw requests, which hold more than mocks are told."""

    def __init__(self, cloud: mocks.Mocks, recording: Recording) -> None:
        super().__init__(cloud)
        self.recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the monitor's name
        answer = untyped(super()).RegisterResource(request)
        if request.type == EKS_COMPONENT:
            answer = self._with_inner_cluster(answer)
        inputs: dict[str, Any] = rpc.deserialize_properties(request.object)
        needed = set(request.dependencies)
        for dependencies in request.propertyDependencies.values():
            needed.update(dependencies.urns)
        self.recording.resources.append(
            Registered(
                request.type,
                request.name,
                answer.urn,
                request.parent,
                inputs,
                frozenset(needed),
                tuple(request.ignoreChanges),
                bool(request.transforms),
            )
        )
        return answer

    def _with_inner_cluster(self, answer: Any) -> Any:
        """pulumi-eks' component answers with a reference to the cluster that it made."""
        name = answer.urn.split("::")[-1]
        urn = self.make_urn(answer.urn, EKS_CLUSTER, f"{name}-eksCluster")
        state = {
            "name": answer.object["name"],
            "version": answer.object["version"],
            "endpoint": "https://api.example",
            "certificateAuthority": {"data": "Q0E="},
            "identities": [{"oidcs": [{"issuer": "https://oidc.example/id"}]}],
        }
        self.resources[urn] = self.ResourceRegistration(urn, name, state)
        self.recording.resources.append(
            Registered(
                EKS_CLUSTER, f"{name}-eksCluster", urn, answer.urn, state, frozenset(), (), False
            )
        )
        reference = {SIGNATURE: RESOURCE_SIGNATURE, "urn": urn, "id": name, "packageVersion": ""}
        more = resource_pb2.RegisterResourceResponse(urn=answer.urn, id=answer.id)
        more.object.CopyFrom(answer.object)
        more.object.update({"eksCluster": reference})
        return more


class Callbacks:
    """Stands in for the server by which the engine calls transforms back; keeps them."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def register_transform(self, transform: "ResourceTransform") -> callback_pb2.Callback:
        self.recording.transforms.append(transform)
        return callback_pb2.Callback(token="transform", target="nowhere")


class Cloud(mocks.Mocks):
    """Answers with the inputs and a few of the fields that a cloud would add."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        short = args.typ.split(":")[-1]
        added = {
            "arn": f"arn:aws:test:{REGION}:{ACCOUNT}:{short}/{args.name}",
            "name": args.name,
            "keyId": args.name,
            "latestVersion": 1,
            "allocationId": f"eipalloc-{args.name}",
            "publicIp": "198.51.100.1",
            "nodeGroupName": args.name,
            "bucket": args.name,
            "kubeconfigJson": "{}",
            "clusterSecurityGroupId": "sg-cluster",
            "oidcProviderArn": "arn:aws:iam::123456789012:oidc-provider/oidc.example/id",
        }
        return f"{args.name}-id", {**added, **untyped(args).inputs}

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.recording.invokes.append(args.token)
        return INVOKES[args.token]


def record(program: Callable[[], dict[str, pulumi.Output[Any]]]) -> Recording:
    """Run `program` and record it; `outputs` holds the values of the outputs it returns."""
    recording = Recording()
    cloud = Cloud(recording)
    mocks.set_mocks(cloud, PROJECT, STACK, preview=False, monitor=Recorder(cloud, recording))

    untyped(settings).SETTINGS.callbacks = Callbacks(recording)

    def run() -> pulumi.Output[None]:
        return pulumi.Output.all(**program()).apply(recording.outputs.update)

    untyped(pulumi.runtime).test(run)()
    return recording


def untagged(recording: Recording, taggable: Iterable[str]) -> list[str]:
    """Names of resources of a taggable type without correct identity tags or base tags."""
    wanted = set(taggable)
    return [
        one.name
        for one in recording.resources
        if one.type in wanted
        and (
            one.tags.get("llm-platform:stack") != STACK_ID
            or one.tags.get("llm-platform:resource") != one.name
            or one.tags.get("team") != "ml"
        )
    ]


def children_outside(recording: Recording, component: str) -> list[str]:
    """Names of AWS resources that do not hang below `component`, directly or further down."""
    parents = {one.urn: one.parent for one in recording.resources}
    root = next(one.urn for one in recording.resources if one.type == component)

    def below(urn: str) -> bool:
        while urn:
            if urn == root:
                return True
            urn = parents.get(urn, "")
        return False

    return [one.name for one in recording.resources if "/" in one.type and not below(one.parent)]
