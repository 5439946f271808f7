"""The examples of components/README.md run, and use no key that a component does not know."""

import ast
import inspect
import re
from typing import Any

import pytest
from aws_recording import record

import llm_platform
from llm_platform.host.provider import components
from local.paths import REPOSITORY

TEXT = (REPOSITORY / "components" / "README.md").read_text(encoding="utf-8")
COMPONENTS = {one.__name__: one for one in components()}
ROW = re.compile(r"^\| \[`(\w+)`\]\(#(\w+)\) \| (.+) \|$", re.MULTILINE)
SECTION = re.compile(r"^### (\w+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
EXAMPLES = {name: BLOCK.findall(body) for name, body in SECTION.findall(TEXT)}


def unknown_keys(code: str) -> list[str]:
    """Keys of the inputs that an example gives to a component, which its inputs do not have."""
    return [
        f"{name}: {key.value}"
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if (name := call.func.id) in COMPONENTS
        for given in call.args
        if isinstance(given, ast.Dict)
        for key in given.keys
        if isinstance(key, ast.Constant) and key.value not in inputs(name)
    ]


def inputs(component: str) -> frozenset[str]:
    args = getattr(llm_platform, f"{component}Args")
    return args.__required_keys__ | args.__optional_keys__


def test_the_table_is_taken_from_the_docstrings() -> None:
    rows = {name: said for name, link, said in ROW.findall(TEXT) if link == name.lower()}
    assert rows == {
        name: (inspect.getdoc(one) or "").partition("\n\n")[0].replace("\n", " ")
        for name, one in COMPONENTS.items()
    }


def test_every_component_has_one_example() -> None:
    assert {name: len(blocks) for name, blocks in EXAMPLES.items()} == dict.fromkeys(COMPONENTS, 1)


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_example_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    (code,) = EXAMPLES[name]

    def program() -> dict[str, Any]:
        exec(compile(code, f"example of {name}", "exec"), {})  # noqa: S102 - our own text
        return {}

    made = [one.type for one in record(program).resources]
    assert f"llm-platform:index:{name}" in made
    assert any("llm-platform" not in each for each in made)


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_example_gives_only_known_inputs(name: str) -> None:
    assert unknown_keys(EXAMPLES[name][0]) == []


def test_a_misspelt_input_is_found() -> None:
    assert unknown_keys('Network("n", {"cidr": "10.0.0.0/16", "zone": []})') == ["Network: zone"]
