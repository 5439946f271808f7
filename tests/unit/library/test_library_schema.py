"""The schema that programs in other languages are written against."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

import llm_platform
from llm_platform.host.provider import PlatformProvider, components
from llm_platform.host.wording import translator

PREFIX = "llm-platform:index:"
CAMEL = re.compile(r"^[a-z][A-Za-z0-9]*$")
FREE_FORM = {
    "HelmAddon.overrides": "values of a chart have the chart's form",
    "HelmAddon.values": "values of a chart have the chart's form",
    "LlmCandidate.modelSettings": "the gateway's own settings have the gateway's form",
    "LlmGateway.modelSettings": "the gateway's own settings have the gateway's form",
    "LlmGateway.settings": "the gateway's own settings have the gateway's form",
    "ServingPlatform.overrides": "values of a chart have the chart's form",
}
"""Inputs of any form, and why."""


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(PlatformProvider().schema or "")


def properties(schema: Any) -> Iterator[tuple[str, str, Any]]:
    """Every property: where it is declared, its name, what is said of it."""
    for token, each in schema["resources"].items():
        kind = token.removeprefix(PREFIX)
        for part in ("inputProperties", "properties"):
            for name, one in each[part].items():
                yield kind, name, one
    for token, each in schema["types"].items():
        for name, one in each.get("properties", {}).items():
            yield token.removeprefix(PREFIX), name, one


def test_every_exported_component_is_there(schema: Any) -> None:
    exported = {name for name in llm_platform.EXPORTS if f"{name}Args" in llm_platform.EXPORTS}
    assert {token.removeprefix(PREFIX) for token in schema["resources"]} == exported
    assert {each.__name__ for each in components()} == exported
    assert all(each["isComponent"] for each in schema["resources"].values())


def test_tokens_and_package_are_the_librarys(schema: Any) -> None:
    assert schema["name"] == "llm-platform"
    assert re.fullmatch(r"\d+\.\d+\.\d+", schema["version"])
    assert schema["license"] == "Apache-2.0"
    assert schema["description"]
    tokens = [*schema["resources"], *schema["types"]]
    assert [token for token in tokens if not token.startswith(PREFIX)] == []


def test_everything_is_described(schema: Any) -> None:
    silent = [f"{kind}.{name}" for kind, name, one in properties(schema) if not one["description"]]
    for token, each in {**schema["resources"], **schema["types"]}.items():
        silent += [] if each.get("description") else [token]
        silent += [
            f"{token}.{one['name']}" for one in each.get("enum", []) if not one.get("description")
        ]
    assert silent == []


def test_descriptions_are_in_the_words_of_the_schema(schema: Any) -> None:
    names = {name for _, name, _ in properties(schema)}
    python = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in names} - names
    python = {name for name in python if "_" in name}
    left = re.compile(rf"(?<![\w/-])({'|'.join(python)})(?![\w/-])")
    declared = [*schema["resources"].values(), *schema["types"].values()]
    told: list[str] = [each["description"] for each in declared]
    told += [one["description"] for _, _, one in properties(schema)]
    assert len(told) > 200
    assert [text for text in told if left.search(text) or "\n    " in text] == []


def test_names_are_in_camel_case(schema: Any) -> None:
    assert [name for _, name, _ in properties(schema) if not CAMEL.match(name)] == []


def test_nothing_has_any_form_but_what_has_to(schema: Any) -> None:
    found = {
        f"{kind}.{name}"
        for kind, name, one in properties(schema)
        if "pulumi.json#/Any" in json.dumps(one)
    }
    assert found == set(FREE_FORM)
    formless = [
        f"{kind}.{name}"
        for kind, name, one in properties(schema)
        if one.get("type") == "object" and "additionalProperties" not in one
    ]
    assert formless == []


def test_required_inputs_are_those_of_python(schema: Any) -> None:
    for component in components():
        args = getattr(llm_platform, f"{component.__name__}Args")
        each = schema["resources"][f"{PREFIX}{component.__name__}"]
        required = {name.replace("_", "").lower() for name in args.__required_keys__}
        optional = {name.replace("_", "").lower() for name in args.__optional_keys__}
        assert {name.lower() for name in each.get("requiredInputs", [])} == required
        assert {name.lower() for name in each["inputProperties"]} == required | optional


@pytest.mark.parametrize(
    ("component", "name", "plain"),
    [
        ("Network", "cidr", True),
        ("Network", "zones", True),
        ("Network", "kmsKeyArn", False),
        ("GpuNodePool", "clusterName", False),
        ("GpuNodePool", "minSize", True),
        ("LlmService", "repositoryUri", False),
        ("LlmService", "namespace", True),
    ],
)
def test_what_must_be_known_early_is_plain(
    component: str, name: str, plain: bool, schema: Any
) -> None:
    one = schema["resources"][f"{PREFIX}{component}"]["inputProperties"][name]
    assert one.get("plain", False) is plain


def test_every_component_takes_tags_whose_values_may_come_later(schema: Any) -> None:
    for token, each in schema["resources"].items():
        tags = each["inputProperties"]["tags"]
        assert tags["additionalProperties"] == {"type": "string"}, token


def test_types_are_never_outputs_nor_come_later(schema: Any) -> None:
    """The host's reading of inputs relies on it: only simple values are not known yet."""
    for kind, name, one in properties(schema):
        members = [one, one.get("items", {}), one.get("additionalProperties", {})]
        for each in members:
            if each.get("$ref", "").startswith("#"):
                assert each.get("plain") is True, f"{kind}.{name}"


def test_enums_tell_all_their_values(schema: Any) -> None:
    modes = schema["types"][f"{PREFIX}NatMode"]
    assert modes["type"] == "string"
    assert [one["value"] for one in modes["enum"]] == ["SINGLE", "PER_ZONE", "NONE"]


def test_words_are_translated_whole() -> None:
    translate = translator(["min_size", "max_size", "cidr", "pool"])
    assert translate("`min_size`, at most max_size") == "`minSize`, at most maxSize"
    assert translate("a/min_size, my_min_size, min_size_x, pool") == (
        "a/min_size, my_min_size, min_size_x, pool"
    )
