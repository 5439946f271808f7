"""Property values: protobuf Struct on the wire, plain Python inside."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, cast

from google.protobuf import struct_pb2
from pulumi.runtime import rpc


class _Unknown(Enum):
    """Has one member, so that it is a type and a value and survives copying."""

    VALUE = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        """An unknown value is no reason to leave it out, so it counts as there."""
        return True


UNKNOWN: Final = _Unknown.VALUE
"""A value that is not known at preview."""

UNKNOWN_TEXT: Final = rpc.UNKNOWN
"""What UNKNOWN is on the wire."""

_UNKNOWN_TEXTS = frozenset(
    {
        UNKNOWN_TEXT,  # string, and whatever an SDK sends
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature of the wire format
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_BIGGEST_EXACT_INTEGER = 2**53


@dataclass(frozen=True)
class Asset:
    """A file or a text given as an asset. Exactly one of `text` and `path` is set.

    Attributes:
        hash: SHA-256 of the content in hexadecimal, as the engine computed it.
        text: The content.
        path: The file that holds the content.
    """

    hash: str
    text: str | None = None
    path: str | None = None

    def content(self) -> bytes:
        """The asset's bytes.

        Raises:
            OSError: The file cannot be read.
        """
        if self.text is not None:
            return self.text.encode()
        return Path(self.path or "").read_bytes()


@dataclass(frozen=True)
class Secret:
    """A value that goes to the engine as a secret, so that its state and output hide it."""

    value: Any


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Python values of a message's properties.

    Raises:
        ValueError: A value of a kind that a stand-in cannot take, such as an archive.
    """
    return {name: from_value(value) for name, value in struct.fields.items()}


def from_value(value: struct_pb2.Value) -> Any:
    """Python value of one wire value; integral numbers become ints."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWN_TEXTS else value.string_value
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _from_object(value.struct_value)
    return None


def _number(number: float) -> int | float:
    exact = number.is_integer() and abs(number) <= _BIGGEST_EXACT_INTEGER
    return int(number) if exact else number


def _from_object(struct: struct_pb2.Struct) -> Any:
    fields = from_struct(struct)
    signature = fields.get(_SIGNATURE)
    if signature is None:
        return fields
    if signature in {_SECRET, _OUTPUT}:
        return fields.get("value", UNKNOWN)
    if signature == _RESOURCE:
        return fields.get("id") or fields.get("urn")
    if signature == _ASSET and not fields.get("uri"):
        path = fields.get("path") or None
        text = None if path else fields.get("text", "")
        return Asset(fields.get("hash", ""), text, path)
    raise ValueError(f"a value with signature {signature} is not handled by the local stand-in")


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The message for `properties`; keys whose value is None are left out.

    Raises:
        ValueError: A value of a type that has no place on the wire.
    """
    struct = struct_pb2.Struct()
    for name, item in properties.items():
        if item is not None:
            struct.fields[name].CopyFrom(to_value(item))
    return struct


def to_value(value: Any) -> struct_pb2.Value:
    """The wire value for a Python value; bytes become base64 text, UNKNOWN its sentinel."""
    value = UNKNOWN_TEXT if value is UNKNOWN else value
    value = base64.b64encode(value).decode() if isinstance(value, bytes) else value
    if isinstance(value, bool):  # before int, which it is too
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, (int, float)):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    return _to_compound(value)


def _to_compound(value: Any) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, Asset):
        return struct_pb2.Value(struct_value=_asset_struct(value))
    if isinstance(value, Secret):
        return struct_pb2.Value(struct_value=to_struct({_SIGNATURE: _SECRET, "value": value.value}))
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return struct_pb2.Value(struct_value=to_struct(fields))
    if isinstance(value, (list, tuple, set, frozenset)):
        items = cast("list[Any]", value)
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=map(to_value, items)))
    raise ValueError(f"a value of type {type(value).__name__} has no place on the wire")


def _asset_struct(asset: Asset) -> struct_pb2.Struct:
    fields: dict[str, Any] = {_SIGNATURE: _ASSET, "hash": asset.hash}
    fields["path" if asset.path is not None else "text"] = asset.path or asset.text or ""
    return to_struct(fields)


def has_unknown(value: Any) -> bool:
    """Whether `value` is UNKNOWN or holds it at any depth."""
    if isinstance(value, Mapping):
        return any(map(has_unknown, cast("Mapping[str, Any]", value).values()))
    if isinstance(value, list):
        return any(map(has_unknown, cast("list[Any]", value)))
    return value is UNKNOWN


def decode_nested(config: Mapping[str, Any], nested: Iterable[str]) -> dict[str, Any]:
    """Provider inputs with the properties in `nested` decoded from the JSON text they travel as.

    SDKs send every input of a provider that is not a string as JSON text. Which of them these
    are only the package knows: a kubeconfig may look like JSON and must stay a string.

    Raises:
        ValueError: A text that is not JSON; names the property.
    """
    decoded = dict(config)
    for name in nested:
        text = decoded.get(name)
        if not isinstance(text, str):
            continue
        try:
            decoded[name] = json.loads(text, parse_float=_float) if text else None
        except json.JSONDecodeError as error:
            raise ValueError(f"provider input {name!r} is not JSON: {error}") from error
    return decoded


def _float(text: str) -> int | float:
    return _number(float(text))
