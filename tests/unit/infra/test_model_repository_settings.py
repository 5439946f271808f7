"""A person's own folder of models, and what a model's folder says to the gateway."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra import service_arguments
from infra.model_repository import gateway_entry
from infra.settings import Settings
from infra.settings_source import read_stack_file, settings_from
from llm_platform.aws.model_files import read_model_repository
from llm_platform.problems import InvalidInputsError, Problem
from llm_platform.serving.gateway_transformer import gateway_shape, settings_text
from llm_platform.serving.llm_service_shape import shapes
from local.paths import MODELS_VARIABLE, REPOSITORY, model_repository

SMOLLM2 = REPOSITORY / "model_repo" / "smollm2"
ENTRY = """
kind: chat
context_tokens: 1024
stop: [<|end|>]
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a link to smollm2, and a model `own` that shares its version."""
    folder = tmp_path / "models"
    own = folder / "own"
    own.mkdir(parents=True)
    (folder / "smollm2").symlink_to(SMOLLM2)
    (own / "1").symlink_to(SMOLLM2 / "1")
    config = (SMOLLM2 / "config.pbtxt").read_text(encoding="utf-8")
    (own / "config.pbtxt").write_text(config.replace('name: "smollm2"', 'name: "own"'))
    monkeypatch.setenv(MODELS_VARIABLE, str(folder))
    return folder


def settings(model: str = "smollm2", candidate: str | None = None) -> Settings:
    values = read_stack_file(REPOSITORY / "stacks" / "Pulumi.local.yaml", "local")
    service: dict[str, Any] = values["llm-platform:services"][0]
    service["model"] = model
    if candidate is not None:
        service["candidate"] = {"model": candidate}
    return settings_from(values, "local", today=date(2026, 11, 25))


def problems(*models: str) -> list[Problem]:
    with pytest.raises(InvalidInputsError) as caught:
        settings(*models)
    return list(caught.value.problems)


def catalogues(of: Settings) -> list[dict[str, Any]]:
    """The only model of each variant's gateway, stable first."""
    args = service_arguments.service_args(of, of.services[0])
    found: list[dict[str, Any]] = []
    for index, shape in enumerate(shapes("chat", args)):
        entry = args.get("candidate", {}).get("model_settings") if index else None
        front = gateway_shape(args.get("gateway", {}), wakes=False, candidate=entry)
        (model,) = json.loads(settings_text(shape, front, "assistants"))["models"]
        found.append(model)
    return found


def test_the_folder_is_the_checkouts_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    assert model_repository() == REPOSITORY / "model_repo"
    monkeypatch.setenv(MODELS_VARIABLE, "")
    assert model_repository() == REPOSITORY / "model_repo"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(MODELS_VARIABLE, "~/mine")
    assert model_repository() == tmp_path / "mine"


def test_a_folder_that_is_not_there_is_one_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "nowhere"))
    (found,) = problems()
    assert found.path == "LLMP_MODELS"
    assert found.problem == f"there is no folder {tmp_path / 'nowhere'}"
    assert "no variable for model_repo/ of the checkout" in found.allowed


def test_links_to_folders_are_followed(models: Path) -> None:
    files = read_model_repository(models)
    assert files["smollm2/1/weights.json"] == files["own/1/weights.json"]
    assert [each for each in files if "__pycache__" in each] == []
    assert settings("own").services[0].model == "own"
    (models / "own" / "again").symlink_to(models)
    with pytest.raises(InvalidInputsError, match="own/again: it leads to a folder that holds it"):
        read_model_repository(models)


def test_a_candidates_model_must_be_there_too(models: Path) -> None:
    (found,) = problems("smollm2", "owm")
    assert found.path == "services[0].candidate.model"
    assert found.allowed == "own | smollm2"
    assert f"is not in the language models of {models}; did you mean own?" in found.problem


def test_without_an_entry_the_catalogue_holds_and_else_the_tensors(models: Path) -> None:
    assert gateway_entry("own") is None
    assert (gateway_entry("smollm2") or {})["template"] == "smollm2"
    (alone,) = catalogues(settings("own"))
    assert alone == {"name": "own", "kind": "tensor", "triton": "own"}
    # a candidate that says nothing is taken for a model like stable's
    stable, candidate = catalogues(settings("smollm2", "own"))
    assert candidate == {**stable, "triton": "own"}
    del models


def test_each_variant_has_the_entry_of_its_own_model(models: Path) -> None:
    (models / "own" / "gateway.yaml").write_text(ENTRY)
    (models / "own" / "template.jinja").write_text("{{ messages[0].content }}")
    stable, candidate = catalogues(settings("smollm2", "own"))
    assert (stable["template"], stable["context_tokens"]) == ("smollm2", 2048)
    assert candidate == {
        "name": "smollm2",
        "triton": "own",
        "kind": "chat",
        "context_tokens": 1024,
        "stop": ["<|end|>"],
        "template_text": "{{ messages[0].content }}",
    }
    (alone,) = catalogues(settings("own"))
    assert alone == {**candidate, "name": "own"}


@pytest.mark.parametrize(
    ("entry", "template", "expected"),
    [
        ("", None, {"gateway.yaml": "is empty"}),
        ("- a", None, {"gateway.yaml": "is no mapping"}),
        ("kind: [", None, {"gateway.yaml": "is no YAML: line 1"}),
        ("kind: tensor\nkind: chat", None, {"gateway.yaml: kind": "is given twice, in line 1"}),
        (None, "x", {"template.jinja": "nothing says what it is for"}),
        ("kind: chat\ncontext_tokens: 9\nname: a\ntempalte: chatml", None, {
            "gateway.yaml: name": "is not a known key",
            "gateway.yaml: tempalte": "is not a known key; did you mean template?",
            "gateway.yaml: template": "no chat template is there",
        }),
        ("kind: chat\ncontext_tokens: 9\ntemplate: chatml", "x", {
            "gateway.yaml: template": "template and template.jinja are there",
        }),
        ("kind: chat\ntemplate: llama\nstop: [1]\ncontext_tokens: many", None, {
            "gateway.yaml: template": "'llama' is not allowed",
            "gateway.yaml: stop": "[1] is not allowed",
            "gateway.yaml: context_tokens": "'many' is not allowed",
        }),
        ("kind: tensor\nstop: [a]", "x", {
            "gateway.yaml: stop": "with kind tensor",
            "gateway.yaml: template_text": "template.jinja with kind tensor",
        }),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_before_anything_is_touched(
    models: Path, entry: str | None, template: str | None, expected: dict[str, str]
) -> None:
    for name, text in (("gateway.yaml", entry), ("template.jinja", template)):
        if text is not None:
            (models / "own" / name).write_text(text)
    found = {each.path: each.problem for each in problems("smollm2", "own")}
    assert set(found) == {f"own/{path}" for path in expected}
    for path, words in expected.items():
        assert words in found[f"own/{path}"]
