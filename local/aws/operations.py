"""A service as a table of operations: functions from the request's parameters to the answer."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

Document = dict[str, Any]
"""A value in the shape that the AWS API gives it."""


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        region: Region that the request was signed for.
        access_key: Access key id of the caller; "" when the request is not signed.
        parameters: Parameters by their names in the API, those of the path included.
    """

    region: str
    access_key: str
    parameters: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A parameter that the API requires to be a string."""
        return str(self.parameters[name])

    def get(self, name: str) -> Any:
        """A parameter, or None when the request does not have it."""
        return self.parameters.get(name)

    def document(self, name: str) -> Document:
        """A structure or map; empty when the request does not have it."""
        return as_document(self.parameters.get(name))

    def items(self, name: str) -> list[Any]:
        """A list; empty when the request does not have it."""
        return as_items(self.parameters.get(name))


def as_document(value: Any) -> Document:
    """A copy of a structure of the API; empty for None."""
    return dict(value) if value else {}


def many(value: Any) -> list[Any]:
    """What a policy document says of one or of several: always a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownArgumentType]


def as_items(value: Any) -> list[Any]:
    """A copy of a list of the API; empty for None."""
    return list(value) if value else []


Operation = Callable[[Call], Document]
"""Answers a call."""

Guard = Callable[[Call], None]
"""Raises `AwsError` for a call that AWS refuses and moto would accept."""


class AwsError(ServiceException):
    """An error as AWS answers it: `code` is a shape of the service's model.

    Further members of the error's shape (``clusterName`` …) are set as attributes.
    """

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(code, message)
        for name, value in members.items():
            setattr(self, name, value)


class TableResponse(BaseResponse):
    """Answers the operations of `operations`; everything else falls to moto's class beside it.

    Attributes:
        operations: Operations that are ours, by name.
        guards: Checks in front of operations that stay moto's, by name.
    """

    operations: Mapping[str, Operation] = {}
    guards: Mapping[str, Guard] = {}

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        """The region that the request is signed for.

        Moto looks for it in the URL first, where a principal such as
        ``role/aws-reserved/sso.amazonaws.com/…`` leads it astray.
        """
        scope = str(request.headers.get("Authorization", "")).partition("Credential=")[2]
        parts = scope.partition(",")[0].split("/")
        return parts[2] if len(parts) == 5 else super().get_region_from_url(request, full_url)

    def call_action(self) -> TYPE_RESPONSE:
        """Answer the request from the table, else let moto answer it."""
        action = self._get_action()
        operation, guard = self.operations.get(action), self.guards.get(action)
        if operation is None and guard is None:
            return super().call_action()
        self.parse_parameters(self.normalized_request)
        parameters: Document = {**self.uri_match, **self.params}
        call = Call(self.region, self.get_access_key(), parameters)
        try:
            if guard is not None:
                guard(call)
            result = ActionResult(operation(call) or None) if operation is not None else None
        except ServiceException as error:
            result = ActionResult(error)
        return super().call_action() if result is None else self.serialized(result)


def page(
    items: Sequence[Any], call: Call, *, limit_name: str = "maxResults", invalid: str
) -> tuple[list[Any], str | None]:
    """Cut the page that `call` asks for out of `items`.

    Args:
        items: All items, in a stable order.
        call: The request, with ``nextToken`` and the limit as the API names it.
        limit_name: Name of the parameter that limits the page (1 to 100, the default).
        invalid: Error code for a limit or token that is not valid.

    Returns:
        The page, and the token of the next one or None.
    """
    limit = int(call.get(limit_name) or 100)
    if not 1 <= limit <= 100:
        message = f"{limit_name} must be between 1 and 100, got {limit}"
        raise AwsError(invalid, message)
    start = _offset(str(call.get("nextToken") or ""), len(items), invalid)
    end = start + limit
    token = None if end >= len(items) else base64.b64encode(f"offset:{end}".encode()).decode()
    return list(items[start:end]), token


def _offset(token: str, count: int, invalid: str) -> int:
    if not token:
        return 0
    try:
        word, _, number = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        word, number = "", ""
    if word != "offset" or not number.isdigit() or int(number) > count:
        message = "Invalid NextToken"
        raise AwsError(invalid, message)
    return int(number)
