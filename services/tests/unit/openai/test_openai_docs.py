"""docs/openai.md says what the code does."""

import re
from pathlib import Path

import gateway.openai
import pytest
import yaml
from gateway.catalogue import DEFAULT_MODELS, ModelSettings, make_catalogue
from gateway.contract import Kind
from gateway.openai.document import build
from gateway.openai.schemas_chat import ChatRequest
from gateway.openai.schemas_common import support_of
from gateway.openai.schemas_completion import CompletionRequest
from gateway.openai.schemas_embedding import EmbeddingRequest
from gateway.openai.template import shipped_names
from pydantic import BaseModel

SERVICES = Path(gateway.openai.__file__).parents[2]
PAGE = (SERVICES.parent / "docs" / "openai.md").read_text(encoding="utf-8")
PARAMETER = re.compile(r"^\| `(\w+)` \| (used|ignored|refused) \|", re.MULTILINE)


def section(title: str) -> str:
    """The text below a heading."""
    found = re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


@pytest.mark.parametrize(
    ("title", "model"),
    [("Chat", ChatRequest), ("Completions", CompletionRequest), ("Embeddings", EmbeddingRequest)],
)
def test_every_parameter_is_in_its_table(title: str, model: type[BaseModel]) -> None:
    told = dict(PARAMETER.findall(section(title)))
    assert told == {name: str(kind) for name, kind in support_of(model).items()}


def test_the_models_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", section("Models"), re.MULTILINE)
    told = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    served = make_catalogue(DEFAULT_MODELS).models
    assert set(told) == set(served)
    for name, model in served.items():
        able = model.capabilities
        chats = model.kind is Kind.CHAT
        words = [str(model.kind), str(model.context_tokens or "")]
        words.append(str(model.max_output_tokens) if chats else "")
        abilities = (able.json_schema, able.tools, able.logprobs)
        words += ["yes" if can else "no" if chats else "" for can in abilities]
        assert told[name] == words
    for name in shipped_names():
        assert f"`{name}`" in section("Models")


def test_routes_and_statuses_are_those_of_the_document() -> None:
    document = build()
    told = set(re.findall(r"^\| `(\w+) (/\S+)` \|", section("Routes"), re.MULTILINE))
    assert told == {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    statuses = set(re.findall(r"^\| (\d+) \|", section("Errors"), re.MULTILINE))
    chat = document["paths"]["/v1/chat/completions"]["post"]["responses"]
    assert statuses == set(chat) - {"200"}


def test_codes_exist() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (SERVICES / "gateway").rglob("*.py")]
    for cells in re.findall(r"^\| \d+ \| (.*?) \|", section("Errors"), re.MULTILINE):
        for code in re.findall(r"`(\w+)`", cells):
            assert any(f'"{code}"' in source for source in sources), code


def test_the_example_of_settings_is_complete() -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert block
    (model,) = yaml.safe_load(block[1])["models"]
    assert ModelSettings.model_validate(model).name == "assistant"
