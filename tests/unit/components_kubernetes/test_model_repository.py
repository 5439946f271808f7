"""model_repo/: what Triton reads, text only, and what the stacks ask for is there."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from llm_platform.aws.model_files import read_model_repository
from llm_platform.serving.triton import is_model_name
from local.paths import REPOSITORY

MODELS = sorted(
    folder for folder in (REPOSITORY / "model_repo").iterdir() if (folder / "config.pbtxt").exists()
)
STACKS = sorted((REPOSITORY / "stacks").glob("Pulumi.*.yaml"))


def setting(config: str, key: str) -> str:
    """A quoted setting at the top level of a model's configuration."""
    found = re.search(rf'^{key}: "([^"]+)"$', config, re.MULTILINE)
    assert found, key
    return found.group(1)


def test_there_are_models() -> None:
    assert {"smollm2", "llm-vllm", "minilm", "sentiment"} <= {folder.name for folder in MODELS}


def test_the_store_takes_the_repository_as_it_is() -> None:
    files = read_model_repository(REPOSITORY / "model_repo")
    assert "smollm2/config.pbtxt" in files
    assert "smollm2/1/model.py" in files
    assert not [key for key in files if key.endswith((".gguf", ".onnx", ".bin", ".safetensors"))]


@pytest.mark.parametrize("folder", MODELS, ids=lambda each: each.name)
def test_a_model_is_named_after_its_folder_and_has_a_version(folder: Path) -> None:
    config = (folder / "config.pbtxt").read_text()
    assert setting(config, "name") == folder.name
    assert is_model_name(folder.name)
    versions = [each for each in folder.iterdir() if each.is_dir() and each.name.isdecimal()]
    assert versions
    assert config.count("{") == config.count("}")
    assert config.count("[") == config.count("]")


@pytest.mark.parametrize("folder", MODELS, ids=lambda each: each.name)
def test_a_python_model_is_a_class_of_the_services(folder: Path) -> None:
    """Its code comes with Triton's image; the store has only the name of it."""
    for file in folder.glob("*/model.py"):
        tree = ast.parse(file.read_text())
        model = next(
            each
            for each in tree.body
            if isinstance(each, ast.ClassDef) and each.name == "TritonPythonModel"
        )
        imported = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        assert [node.module.split(".")[0] for node in imported if node.module] == ["serving"]
        names = [alias.name for node in imported for alias in node.names]
        assert [ast.unparse(base) for base in model.bases] == names


def test_what_the_model_is_said_to_need_is_where_its_weights_are() -> None:
    folder = REPOSITORY / "model_repo/smollm2"
    needed = re.findall(
        r"^([a-z0-9-]+)([=<>][^\n]+)", (folder / "requirements.txt").read_text(), re.MULTILINE
    )
    manifest: dict[str, Any] = json.loads((folder / "1/weights.json").read_text())
    package = manifest["files"]["model"]["package"]
    assert (package["name"], f"=={package['version']}") in needed
    assert {name for name, _ in needed} == {"numpy", "xllamacpp", package["name"]}


@pytest.mark.parametrize("stack", STACKS, ids=lambda each: each.name)
def test_stacks_serve_models_that_are_there(stack: Path) -> None:
    config: dict[str, Any] = yaml.safe_load(stack.read_text())["config"]
    wanted = {service["model"] for service in config.get("llm-platform:services", [])}
    assert wanted <= {folder.name for folder in MODELS}
