from typing import Any

import pytest
from google.protobuf import struct_pb2

from local.providers.values import (
    UNKNOWN,
    UNKNOWN_TEXT,
    Asset,
    decode_nested,
    from_struct,
    from_value,
    has_unknown,
    to_struct,
    to_value,
)

SENTINELS = [
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]


def test_values_come_back_as_they_went() -> None:
    values: dict[str, Any] = {
        "text": "a",
        "yes": True,
        "number": 3,
        "fraction": 0.5,
        "list": [1, "two", None, UNKNOWN, {"deep": [False]}],
        "unknown": UNKNOWN,
        "asset": Asset("00", text="hello"),
        "file": Asset("01", path="a/b"),
    }
    assert from_struct(to_struct(values)) == values


def test_a_none_property_is_left_out_and_a_none_item_is_kept() -> None:
    struct = to_struct({"gone": None, "list": [None]})
    assert from_struct(struct) == {"list": [None]}


@pytest.mark.parametrize("sentinel", SENTINELS)
def test_every_sentinel_of_the_engine_is_unknown(sentinel: str) -> None:
    assert from_value(struct_pb2.Value(string_value=sentinel)) is UNKNOWN


def test_unknown_goes_out_as_the_engines_sentinel() -> None:
    assert to_value(UNKNOWN).string_value == UNKNOWN_TEXT


@pytest.mark.parametrize(
    ("number", "kind"), [(2.0, int), (2.5, float), (float(2**53), int), (1e300, float)]
)
def test_integral_numbers_become_ints(number: float, kind: type) -> None:
    value = from_value(struct_pb2.Value(number_value=number))
    assert value == number
    assert type(value) is kind


def test_secrets_and_outputs_are_unwrapped() -> None:
    signature = "4dabf18193072939515e22adb298388d"
    secret = {signature: "1b47061264138c4ac30d75fd1eb44270", "value": "s"}
    unknown_output = {signature: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    assert from_struct(to_struct({"a": secret, "b": unknown_output})) == {"a": "s", "b": UNKNOWN}


def test_an_archive_is_refused() -> None:
    archive = {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7"}
    with pytest.raises(ValueError, match="not handled by the local stand-in"):
        from_struct(to_struct({"code": archive}))


def test_a_foreign_type_has_no_place_on_the_wire() -> None:
    with pytest.raises(ValueError, match="object has no place"):
        to_value(object())


def test_unknown_is_found_at_any_depth() -> None:
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": "x"}], "c": None})


def test_only_named_provider_inputs_are_decoded() -> None:
    config = {"kubeconfig": '{"a": 1}', "endpoints": '[{"ec2": "x"}]', "limit": "3.0"}
    assert decode_nested(config, ("endpoints", "limit", "absent")) == {
        "kubeconfig": '{"a": 1}',
        "endpoints": [{"ec2": "x"}],
        "limit": 3,
    }


def test_a_provider_input_that_is_not_json_is_named() -> None:
    with pytest.raises(ValueError, match="'endpoints' is not JSON"):
        decode_nested({"endpoints": "{"}, ("endpoints",))
