"""The catalogue: settings with all their problems, and who may ask for what."""

from pathlib import Path
from typing import Any

import pytest
from gateway.catalogue import (
    DEFAULT_MODELS,
    CatalogueError,
    Models,
    ModelSettings,
    make_catalogue,
)
from gateway.contract import Kind, Tenant
from gateway.errors import ForbiddenError, InvalidRequestError, NotFoundError
from pydantic import TypeAdapter, ValidationError

READ: TypeAdapter[tuple[ModelSettings, ...]] = TypeAdapter(Models)
ANYBODY = Tenant("a", "k")


def chat(**fields: Any) -> dict[str, Any]:
    return {"name": "m", "kind": "chat", "context_tokens": 10, "template": "chatml", **fields}


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ([], ["at least 1"]),
        ([chat(), chat()], ["more than once: m"]),
        ([chat(name="a/b")], ["should match pattern"]),
        ([chat(name="")], ["should match pattern"]),
        ([chat(colour=1)], ["colour"]),
        ([chat(context_tokens=0)], ["context_tokens must be at least 1"]),
        ([chat(max_output_tokens=11)], ["more than context_tokens (10)"]),
        ([chat(template="")], ["needs one of template, template_file and template_text"]),
        ([chat(template_file="x")], ["needs one of template, template_file and template_text"]),
        ([chat(template_text="x")], ["needs one of template, template_file and template_text"]),
        ([chat(template="", template_text="x" * 65_537)], ["at most 65536 characters"]),
        ([chat(template="x")], ["template must be one of chatml, smollm2"]),
        ([chat(capabilities={"tools": True})], ["capabilities.tools needs"]),
        (
            [chat(context_tokens=0, template="x", max_output_tokens=3)],
            ["context_tokens must be", "max_output_tokens is more", "template must be one of"],
        ),
        ([chat(kind="tensor")], ["template is for models of kind chat only"]),
        (
            [{"name": "e", "kind": "embedding", "capabilities": {"logprobs": True}}],
            ["capabilities are for models of kind chat only"],
        ),
    ],
)
def test_wrong_settings_are_all_named(section: Any, words: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        READ.validate_python(section)
    for each in words:
        assert each in str(caught.value)


def test_template_files(tmp_path: Path) -> None:
    (tmp_path / "good.jinja").write_text("{{ messages[0].content }}")
    (tmp_path / "broken.jinja").write_text("{% if %}")
    (tmp_path / "mute.jinja").write_text("nothing")
    files = ["good.jinja", "broken.jinja", "mute.jinja", "absent.jinja"]
    section = READ.validate_python(
        [chat(name=name, template="", template_file=name) for name in files]
    )
    assert make_catalogue(section[:1], tmp_path).models["good.jinja"].max_output_tokens == 10
    with pytest.raises(CatalogueError) as caught:
        make_catalogue(section, tmp_path)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [f"{name}.template_file" for name in files[1:]]
    assert "does not show what the user says" in lines[1]
    assert "No such file" in lines[2]


def test_the_text_of_a_template() -> None:
    text = "{{ messages[0].content }}"
    section = READ.validate_python([chat(template="", template_text=text)])
    assert make_catalogue(section).models["m"].chat_template == text
    broken = READ.validate_python([chat(template="", template_text="{% if %}")])
    with pytest.raises(CatalogueError, match=r"^m\.template_text: "):
        make_catalogue(broken)


def test_who_may_ask_for_what() -> None:
    catalogue = make_catalogue(DEFAULT_MODELS)
    narrow = Tenant("n", "k", frozenset({"minilm"}))
    assert catalogue.find("smollm2", ANYBODY, Kind.CHAT).name == "smollm2"
    assert [model.name for model in catalogue.listed(narrow)] == ["minilm"]
    with pytest.raises(NotFoundError, match="'gpt' does not exist"):
        catalogue.find("gpt", ANYBODY)
    with pytest.raises(ForbiddenError, match="is not for that model"):
        catalogue.find("smollm2", narrow)
    with pytest.raises(InvalidRequestError, match="is of kind embedding; this route is for chat"):
        catalogue.find("minilm", ANYBODY, Kind.CHAT)


def test_the_fingerprint_follows_the_settings() -> None:
    one = make_catalogue(READ.validate_python([chat()]))
    same = make_catalogue(READ.validate_python([chat()]))
    other = make_catalogue(READ.validate_python([chat(max_output_tokens=5)]))
    prints = [each.fingerprint(each.models["m"]) for each in (one, same, other)]
    assert prints[0] == prints[1] != prints[2]
