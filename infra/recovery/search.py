"""What a rule gets to look with, and what it may answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.recovery.decide import at
from infra.recovery.model import Found, Unfinished
from llm_platform.tags import RESOURCE_TAG, STACK_TAG

IDENTITY = (STACK_TAG, RESOURCE_TAG)


class CannotTellError(Exception):
    """What was made cannot be told apart from other things; the reason is a sentence."""


@dataclass(frozen=True)
class Search:
    """One operation, and the account and region that it went to.

    Attributes:
        unfinished: The operation.
        client: Gives the boto3 client of a service.
    """

    unfinished: Unfinished
    client: Callable[[str], Any]

    def input(self, path: str) -> Any:
        """An input; None when it was not given."""
        return at(self.unfinished.inputs, path)

    def text(self, path: str) -> str:
        """An input that has to be there.

        Raises:
            CannotTellError: It was not recorded.
        """
        value = self.input(path)
        if not isinstance(value, str) or not value:
            raise CannotTellError(f"the recorded inputs have no {path}")
        return value

    @property
    def tags(self) -> Mapping[str, str]:
        """Every tag that was asked for."""
        return self.input("tagsAll") or self.input("tags") or {}

    @property
    def identity(self) -> Mapping[str, str]:
        """The tags that name stack and resource.

        Raises:
            CannotTellError: It was given none.
        """
        found = {key: self.tags[key] for key in IDENTITY if self.tags.get(key)}
        if len(found) < len(IDENTITY):
            raise CannotTellError(f"it was given no tags {' and '.join(IDENTITY)}")
        return found

    def ours(self, tags: Mapping[str, str]) -> bool | None:
        """Whether something with `tags` is what was made; None when tags do not say."""
        if not tags or not self.tags:
            return None
        wanted = {key: self.tags[key] for key in IDENTITY if key in self.tags} or self.tags
        return all(tags.get(key) == value for key, value in wanted.items())


Finder = Callable[[Search], Sequence[Found]]


@dataclass(frozen=True)
class Rule:
    """How objects of one type are found.

    Attributes:
        find: Finds what an operation could have made, whatever its condition.
        natural: Inputs under which there can be one object only; none for types that are found
            by their tags.
    """

    find: Finder
    natural: tuple[str, ...] = ()


def from_list(items: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """Tags of an answer that lists them as ``Key`` and ``Value``, in any spelling."""
    return {
        str(each.get("Key", each.get("key"))): str(each.get("Value", each.get("value", "")))
        for each in items or ()
    }


def part(answer: Mapping[str, Any] | None, key: str) -> dict[str, Any]:
    """The object at `key` of an answer, empty when there is none."""
    found: dict[str, Any] = (answer or {}).get(key) or {}
    return found


def items(answer: Mapping[str, Any] | None, key: str) -> list[Any]:
    """The list at `key` of an answer, empty when there is none."""
    found: list[Any] = (answer or {}).get(key) or []
    return found


_GONE = frozenset({"404", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


def or_none(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer of an AWS call, or None when what it asks for is not there."""
    try:
        return call(**arguments)
    except ClientError as error:
        untyped: Any = error
        code = str(untyped.response.get("Error", {}).get("Code", ""))
        if code in _GONE or "NotFound" in code or code.startswith("NoSuch"):
            return None
        raise


def everything(service: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    """All items of a list operation, over all pages."""
    if service.can_paginate(operation):
        pages = service.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page.get(key) or ()]
    return list(getattr(service, operation)(**arguments).get(key) or ())
