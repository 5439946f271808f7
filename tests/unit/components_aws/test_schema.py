"""The library stays representable for other languages, and its lazy exports are true."""

import ast
import importlib.util
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

import llm_platform

COMPONENTS = Path(llm_platform.__file__).parents[1]


def hosted() -> list[type[pulumi.ComponentResource]]:
    """What `components/__main__.py` hosts."""
    spec = importlib.util.spec_from_file_location("host", COMPONENTS / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.components()


@pytest.fixture(scope="module")
def schema() -> Any:
    return Analyzer("llm-platform").analyze(hosted())


def test_every_component_of_this_half_is_in_the_schema(schema: Any) -> None:
    assert set(schema["component_definitions"]) >= {
        "Cluster",
        "CostBudget",
        "GpuNodePool",
        "ModelStore",
        "Network",
        "PrivateBucket",
        "WorkloadIdentity",
    }


def _members(type_: Any) -> list[Any]:
    return type_.enum or []


def test_everything_is_described(schema: Any) -> None:
    silent: list[str] = []
    for component in schema["component_definitions"].values():
        fields = {**component.inputs, **component.outputs}
        silent += [f"{component.name}.{key}" for key, one in fields.items() if not one.description]
        silent += [] if component.description else [component.name]
    for type_ in schema["type_definitions"].values():
        fields = {**type_.properties, **{one.name: one for one in _members(type_)}}
        silent += [f"{type_.name}.{key}" for key, one in fields.items() if not one.description]
        silent += [] if type_.description else [type_.name]
    assert silent == []


def test_every_component_takes_tags(schema: Any) -> None:
    for component in schema["component_definitions"].values():
        if component.module.startswith(("llm_platform.aws", "llm_platform.gpu")):
            assert "tags" in component.inputs, component.name


@pytest.mark.parametrize("name", sorted(llm_platform.EXPORTS))
def test_lazy_exports_exist(name: str) -> None:
    assert getattr(llm_platform, name) is not None
    assert name in dir(llm_platform)


def test_unknown_names_are_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        getattr(llm_platform, "Nonsense")  # noqa: B009 - the name is not in the stub


def test_stub_and_exports_agree() -> None:
    stub = ast.parse((COMPONENTS / "llm_platform" / "__init__.pyi").read_text())
    imported = {
        alias.name: f"{node.module}"
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    exports = {name: f"llm_platform.{module}" for name, module in llm_platform.EXPORTS.items()}
    assert imported == exports


def test_component_modules_keep_annotations_at_run_time() -> None:
    """The analyser reads annotations as objects; postponed ones would break it."""
    for component in hosted():
        module = import_module(component.__module__)
        assert "annotations" not in vars(module), module.__name__
