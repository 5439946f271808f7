"""What one resource type of the stand-in does."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from local.providers.aws.cloud import Cloud
from local.providers.aws.schema import Schema
from local.providers.model import CheckFailure

Properties = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """An update.

    Attributes:
        id: The resource's id.
        old: Recorded inputs.
        new: New inputs.
        state: Recorded outputs.
        changed: Top-level inputs that differ.
    """

    id: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    state: Mapping[str, Any]
    changed: frozenset[str]


class Handler(ABC):
    """Creates, reads, updates and deletes resources of one type.

    Calls to AWS are made through `cloud`; a failed call may be left to surface, the session
    words it for the user. Property names are those of the official provider.

    Attributes:
        looks_first: :meth:`create` refuses by itself what stands already, because AWS would
            take the call for a change of that.
    """

    urn_type: ClassVar[str]
    schema: ClassVar[Schema]
    looks_first: ClassVar[bool] = False

    @abstractmethod
    def create(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
        """Make it and return its id, at once: what is left to do belongs into :meth:`finish`."""

    def named(self, cloud: Cloud, inputs: Mapping[str, Any]) -> str | None:
        """The id that it will have, where that follows from the inputs; None: AWS chooses it."""
        del cloud, inputs
        return None

    def alike(self, cloud: Cloud, inputs: Mapping[str, Any]) -> frozenset[str] | None:
        """Ids of what stands and could be taken for it, where AWS chooses the id.

        Asked before a creation, and after one whose answer was lost: what has appeared between
        is what was made. None: it cannot be told.
        """
        del cloud, inputs
        return None

    def finish(self, cloud: Cloud, rid: str, inputs: Mapping[str, Any]) -> None:
        """Do what the call that makes it cannot do, and wait until it is usable."""
        del cloud, rid, inputs

    @abstractmethod
    def read(
        self,
        cloud: Cloud,
        rid: str,
        known: Mapping[str, Any],
    ) -> Properties | None:
        """Everything that the cloud reports of it, None when it is gone.

        `known` is what was recorded (or given, just after create); empty for an import. It may
        help to find the resource, not to describe it. All tags go into ``tagsAll``.
        """

    def update(self, cloud: Cloud, change: Change) -> None:
        """Change it. Tags are done by :meth:`retag`."""
        raise NotImplementedError(f"{self.urn_type} is never updated in place")

    def retag(
        self, cloud: Cloud, change: Change, added: dict[str, str], removed: list[str]
    ) -> None:
        """Set `added` and remove `removed` tags."""
        raise NotImplementedError(f"{self.urn_type} has no tags")

    @abstractmethod
    def delete(self, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> None:
        """Remove it and wait until it is gone. `state` holds inputs and outputs."""

    def validate(self, inputs: Mapping[str, Any]) -> list[CheckFailure]:
        """What is wrong with the inputs together; each alone is checked by the schema."""
        del inputs
        return []

    def complete(self, inputs: Properties, logical: str) -> None:
        """Fill in defaults that the table of fields cannot say."""
        del inputs, logical


def given(inputs: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    """Arguments of a call: input name → argument name, for the inputs that were given."""
    return {
        argument: inputs[name] for name, argument in names.items() if inputs.get(name) is not None
    }


def renamed(answer: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    """Properties from an answer: property name → name in the answer."""
    return {name: answer[key] for name, key in names.items() if answer.get(key) is not None}


def block(answer: Mapping[str, Any] | None, key: str) -> Properties:
    """The object at `key`, empty when there is none."""
    found: Properties = (answer or {}).get(key) or {}
    return found


def many(answer: Mapping[str, Any] | None, key: str) -> list[Any]:
    """The list at `key`, empty when there is none."""
    found: list[Any] = (answer or {}).get(key) or []
    return found


def pages(call: Callable[..., Any], key: str, **arguments: Any) -> list[Any]:
    """Every item of a paginated answer that uses ``NextToken``."""
    found: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        answer = call(**arguments, **more)
        found.extend(answer.get(key) or [])
        if not answer.get("NextToken"):
            return found
        more = {"NextToken": answer["NextToken"]}
