"""The library's lazy exports are true; its schema is tested in `tests/unit/library`."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

import llm_platform
from llm_platform.host.provider import components

COMPONENTS = Path(llm_platform.__file__).parents[1]


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
    for component in components():
        module = import_module(component.__module__)
        assert "annotations" not in vars(module), module.__name__
