"""What a stand-in provider is to the framework: packages, sessions, requests and answers.

The servicer (:mod:`local.providers.server`) translates gRPC to these types and back. Property
values are plain Python: None, bool, int, float, str, list, dict,
:data:`~local.providers.values.UNKNOWN` and :class:`~local.providers.values.Asset`. Secrets never
reach a package: the engine unwraps them before it sends and marks the outputs again.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from pulumi.runtime.proto import provider_pb2 as proto

from local.patience import Patience

IN_USE = "providers.lock"
"""Lock in a cloud's folder that its stand-in providers hold for as long as they live."""

Properties = dict[str, Any]
"""Inputs or outputs of a resource, by property name as in the package's schema (camelCase)."""


class ProviderError(Exception):
    """A failure that the user sees: names the resource, the call and the cause.

    The framework adds the URN's type and name, so a handler says only what it tried and what
    the cloud answered.
    """


class PartialError(ProviderError):
    """The resource exists but is not what was asked for: made and not ready, or half updated.

    The engine records `state` and marks the resource as failed to initialise, so that the next
    update goes on from there instead of making another one.

    Attributes:
        state: What exists now; its `inputs`, when given, are what the resource has really got.
        reasons: What is wrong, one sentence each.
    """

    def __init__(self, state: "State", reasons: list[str]) -> None:
        self.state = state
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class Kind(Enum):
    """How one property differs; the numbers are the engine's (pulumirpc.PropertyDiff.Kind)."""

    ADD = 0
    ADD_REPLACE = 1
    DELETE = 2
    DELETE_REPLACE = 3
    UPDATE = 4
    UPDATE_REPLACE = 5

    @property
    def replaces(self) -> bool:
        """Whether this difference needs another resource in place of the old one."""
        return self in {Kind.ADD_REPLACE, Kind.DELETE_REPLACE, Kind.UPDATE_REPLACE}

    def replacing(self) -> "Kind":
        """The same difference, needing a replacement."""
        return self if self.replaces else Kind(self.value + 1)


@dataclass(frozen=True)
class CheckFailure:
    """A wrong input: `property` is its path (``vpcConfig.subnetIds[0]``), `reason` a sentence."""

    property: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """Inputs after defaults and names were filled in, and what is wrong with them."""

    inputs: Properties
    failures: list[CheckFailure] = field(default_factory=list[CheckFailure])


@dataclass(frozen=True)
class State:
    """A resource in the cloud.

    Attributes:
        id: The provider's name for it, as `import` takes it.
        outputs: Every property, inputs included.
        inputs: For read: the inputs that would make this resource. None keeps the old ones.
    """

    id: str
    outputs: Properties
    inputs: Properties | None = None


@dataclass(frozen=True)
class Diff:
    """Difference between two sets of inputs.

    Attributes:
        detailed: Property path (``tags.owner``, ``ingress[0].cidrBlocks``) → how it differs.
        delete_before_replace: The new resource cannot stand beside the old one (same name).
    """

    detailed: Mapping[str, Kind] = field(default_factory=dict[str, Kind])
    delete_before_replace: bool = False

    @property
    def changes(self) -> frozenset[str]:
        """Top-level properties that differ."""
        return frozenset(_top(path) for path in self.detailed)

    @property
    def replaces(self) -> frozenset[str]:
        """Top-level properties whose difference needs a replacement."""
        return frozenset(_top(path) for path, kind in self.detailed.items() if kind.replaces)


def _top(path: str) -> str:
    if path.startswith('["'):
        return path[2:].partition('"]')[0]
    return path.partition(".")[0].partition("[")[0]


@dataclass(frozen=True)
class Request:
    """What every request about a resource carries.

    Attributes:
        urn: The engine's name of the resource.
        type: Its type token, such as ``aws:ec2/vpc:Vpc``.
        name: Its logical name.
    """

    urn: str
    type: str
    name: str


@dataclass(frozen=True)
class CheckRequest(Request):
    """Are these inputs right, and what are the full ones?

    Attributes:
        old_inputs: Inputs of the last run; empty for a new resource.
        inputs: Inputs of the program; may hold UNKNOWN.
        random_seed: 32 bytes that are the same in preview and update; empty when not given.
    """

    old_inputs: Properties
    inputs: Properties
    random_seed: bytes = b""


@dataclass(frozen=True)
class DiffRequest(Request):
    """What would change?

    Attributes:
        id: The resource's id.
        old_inputs: Inputs of the last run, or what Read returned if there was a refresh since.
        old_outputs: Outputs of the last run or refresh.
        inputs: Checked inputs of this run. The engine has put the old values of
            `ignore_changes` into them already.
        ignore_changes: Property paths that the user wants left alone.
    """

    id: str
    old_inputs: Properties
    old_outputs: Properties
    inputs: Properties
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreateRequest(Request):
    """Make it; with `preview`, say what it would be. `timeout` in seconds, 0 means the default."""

    inputs: Properties
    preview: bool = False
    timeout: float = 0.0


@dataclass(frozen=True)
class ReadRequest(Request):
    """What is it now? `inputs` and `outputs` are the recorded ones; both empty for an import."""

    id: str
    inputs: Properties
    outputs: Properties
    timeout: float = 0.0


@dataclass(frozen=True)
class UpdateRequest(Request):
    """Change it in place; see :class:`DiffRequest` and :class:`CreateRequest`."""

    id: str
    old_inputs: Properties
    old_outputs: Properties
    inputs: Properties
    ignore_changes: tuple[str, ...] = ()
    preview: bool = False
    timeout: float = 0.0


@dataclass(frozen=True)
class DeleteRequest(Request):
    """Remove it and wait until it is gone; one that is gone already is a success."""

    id: str
    old_inputs: Properties
    old_outputs: Properties
    timeout: float = 0.0


class Session:
    """One configured instance of a provider; called from several threads at once.

    Every method raises ProviderError for the user; other exceptions are faults of the stand-in
    and are logged. A package that offers no resources leaves these methods as they are: they
    refuse by name.

    Attributes:
        patience: Ends the waits of its requests; see :mod:`local.patience`.
    """

    patience: Patience

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make one; a session's own constructor need not call another."""
        made = super().__new__(cls)
        made.patience = Patience()
        return made

    def cancel(self) -> None:
        """Have every wait end early: for readiness, for deletion, for another attempt.

        Calls under way are not cut off, and what has been made is still reported. A session that
        was cancelled waits no more; the engine configures another one for its next operation.
        """
        self.patience.end()

    def check(self, request: CheckRequest) -> Checked:
        """Validate inputs, fill in defaults and names. UNKNOWN values pass."""
        raise _not_handled(request)

    def diff(self, request: DiffRequest) -> Diff:
        """Compare old inputs with new ones."""
        raise _not_handled(request)

    def create(self, request: CreateRequest) -> State:
        """Make the resource and wait until it is usable."""
        raise _not_handled(request)

    def read(self, request: ReadRequest) -> State | None:
        """Report the resource as the cloud has it; None when it is gone."""
        raise _not_handled(request)

    def update(self, request: UpdateRequest) -> State:
        """Change the resource in place and wait until it is usable."""
        raise _not_handled(request)

    def delete(self, request: DeleteRequest) -> None:
        """Remove the resource and wait until it is gone."""
        raise _not_handled(request)

    def invoke(self, token: str, args: Properties) -> Properties:
        """Answer a function such as ``aws:index/getRegion:getRegion``."""
        del args
        raise ProviderError(f"function {token} is not handled by the local stand-in")


def _not_handled(request: Request) -> ProviderError:
    return ProviderError(f"type {request.type} is not handled by the local stand-in")


class Package(ABC):
    """A provider, such as ``aws``.

    Attributes:
        name: Its name in type tokens.
        version: The version of the official provider whose behaviour it follows.
        threads: Requests answered at once. A component holds one while its children register.
        builds_components: Whether it answers Construct. The engine then requires that secrets
            are taken as such; a package of resources has them unwrapped and marked again.
    """

    name: str
    version: str
    threads: int = 16
    builds_components: bool = False

    @abstractmethod
    def configure(self, config: Properties) -> Session:
        """Make a session.

        `config` is as SDKs send it: every value that is not a string is JSON text; see
        :func:`local.providers.values.decode_nested`. May hold UNKNOWN at preview.
        """

    @abstractmethod
    def handled_types(self) -> frozenset[str]:
        """Type tokens of the resources (and components) that the package handles."""

    def check_config(self, config: Properties) -> list[CheckFailure]:
        """What is wrong with the provider's inputs; they may hold UNKNOWN."""
        del config
        return []

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """Difference between two sets of provider inputs; by default none needs a replacement.

        A replaced provider replaces every resource made with it.
        """
        del old, new
        return Diff()

    def construct(
        self, request: proto.ConstructRequest, engine_address: str
    ) -> proto.ConstructResponse:
        """Make a component and its children through ``request.monitorEndpoint``."""
        del engine_address
        raise ProviderError(f"component {request.type} is not handled by the local stand-in")
