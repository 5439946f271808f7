"""What a model's folder says to the gateway: the stack and the gateway judge it alike."""

from pathlib import Path
from typing import Any

import pytest
from gateway.catalogue import CapabilitySettings, ModelSettings
from gateway.contract import Kind
from gateway.openai.template import shipped_names
from pydantic import ValidationError
from repositories import copy
from serving.checking import check_repository

from llm_platform.serving.model_entry import CAPABILITIES, KEYS, KINDS, SHIPPED, entry_of

CHAT: dict[str, Any] = {"kind": "chat", "context_tokens": 10, "template": "chatml"}
BOTH: list[dict[str, Any]] = [
    CHAT,
    {**CHAT, "template": "llama"},
    {**CHAT, "template_text": "x"},
    {"kind": "chat", "context_tokens": 10},
    {"kind": "chat", "context_tokens": 10, "template_text": "x" * 65_536},
    {"kind": "chat", "context_tokens": 10, "template_text": "x" * 65_537},
    {**CHAT, "context_tokens": 0},
    {**CHAT, "context_tokens": 10_000_000},
    {**CHAT, "context_tokens": 10_000_001},
    {**CHAT, "context_tokens": -1},
    {**CHAT, "max_output_tokens": 10},
    {**CHAT, "max_output_tokens": 11},
    {**CHAT, "stop": ["a" * 64]},
    {**CHAT, "stop": ["a" * 65]},
    {**CHAT, "stop": [""]},
    {**CHAT, "control_tokens": ["a", 1]},
    {**CHAT, "bos_token": "a" * 64},
    {**CHAT, "eos_token": "a" * 65},
    {**CHAT, "longest_token": 4096},
    {**CHAT, "longest_token": 4097},
    {**CHAT, "longest_token": 0},
    {**CHAT, "capabilities": {"json_schema": True, "tools": True}},
    {**CHAT, "capabilities": {"tools": True}},
    {**CHAT, "capabilities": {"sight": True}},
    {**CHAT, "owned_by": ""},
    {**CHAT, "created": 2**40},
    {**CHAT, "created": 2**40 + 1},
    {**CHAT, "colour": 1},
    {"kind": "tensor"},
    {"kind": "embedding", "context_tokens": 256},
    {"kind": "tensor", "stop": ["a"]},
    {"kind": "tensor", "template_text": "x"},
    {"kind": "tensor", "max_output_tokens": 5},
    {"kind": "tensor", "capabilities": {"logprobs": True}},
    {"kind": "picture"},
    {"context_tokens": 1},
]


def test_the_stack_knows_every_key_of_the_gateway() -> None:
    assert set(KEYS) == set(ModelSettings.model_fields) - {"name", "triton", "template_file"}
    assert set(CAPABILITIES) == set(CapabilitySettings.model_fields)
    assert set(KINDS) == set(Kind)
    assert list(SHIPPED) == shipped_names()


@pytest.mark.parametrize("entry", BOTH, ids=lambda entry: str(entry)[:60])
def test_both_give_the_same_verdict(entry: dict[str, Any]) -> None:
    _, problems = entry_of("m", entry, None)
    try:
        ModelSettings.model_validate({"name": "m", **entry})
    except ValidationError:
        assert problems
    else:
        assert problems == []


@pytest.mark.parametrize(
    ("entry", "template", "found"),
    [
        ("kind: chat\ncontext_tokens: 9", "{{ messages[0].content }}", []),
        ("kind: chat\ncontext_tokens: 9\ntemplate: smollm2", None, []),
        ("", None, ["synthetic/gateway.yaml: is empty"]),
        ("kind: [", None, ["synthetic/gateway.yaml: while parsing"]),
        ("kind: tensor\ncolour: 1", None, ["synthetic/gateway.yaml: colour: is not a known key"]),
        (
            "kind: chat\ncontext_tokens: 9",
            "{% if %}",
            ["synthetic/gateway.yaml: synthetic.template_text: Expected an expression"],
        ),
        (
            "kind: chat\ncontext_tokens: 9",
            "mute",
            ["synthetic/gateway.yaml: synthetic.template_text: it does not show what the user"],
        ),
        (None, "x", ["synthetic/template.jinja: nothing reads it"]),
    ],
)
def test_the_check_of_a_repository_tries_the_template(
    tmp_path: Path, entry: str | None, template: str | None, found: list[str]
) -> None:
    folder = copy(tmp_path / "repository", "synthetic")
    for name, text in (("gateway.yaml", entry), ("template.jinja", template)):
        if text is not None:
            (folder / "synthetic" / name).write_text(text)
    said = [str(each) for each in check_repository(folder)]
    assert len(said) == len(found)
    for line, words in zip(said, found, strict=True):
        assert line.startswith(words)
