"""What a language model is asked for: understood, or refused with all that is wrong."""

import json
from typing import Any

import pytest
from serving.sampling import Limits, RequestError, check_prompt, read_sampling
from serving.schemas import schema_problems

LIMITS = Limits(context_tokens=2048, max_tokens=512, prompt_bytes=1000)


def read(**given: Any) -> Any:
    return read_sampling(json.dumps(given).encode(), LIMITS)


def refusal(text: bytes) -> str:
    with pytest.raises(RequestError) as caught:
        read_sampling(text, LIMITS)
    return str(caught.value)


def test_without_parameters_it_is_what_vllm_does() -> None:
    body = read_sampling(b"", LIMITS).request("Hello")
    assert body["max_tokens"] == 16
    assert (body["temperature"], body["top_p"], body["top_k"], body["min_p"]) == (1.0, 1.0, 0, 0.0)
    assert body["prompt"] == "Hello"
    assert "seed" not in body
    assert "logprobs" not in body


def test_parameters_get_the_names_of_llama() -> None:
    body = read(
        max_tokens=5, top_k=-1, seed=-1, stop="END", repetition_penalty=1.1, logprobs=0, min_p=None
    ).request("x")
    assert body["top_k"] == 0
    assert body["seed"] == 2**32 - 1
    assert body["stop"] == ["END"]
    assert body["repeat_penalty"] == 1.1
    assert body["logprobs"] == 1
    assert body["min_p"] == 0.0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"[]", "not a JSON object"),
        (b"{", "not a JSON object"),
        (b"\xff", "not a JSON object"),
        (b"[" * 100_000, "not a JSON object"),
        (b'{"max_tokens": 0}', "max_tokens must be a whole number from 1 to 512"),
        (b'{"max_tokens": 513}', "max_tokens must be a whole number from 1 to 512"),
        (b'{"max_tokens": 1.5}', "max_tokens must be a whole number"),
        (b'{"max_tokens": true}', "max_tokens must be a whole number"),
        (b'{"temperature": NaN}', "temperature must be a number from 0 to 100"),
        (b'{"temperature": "hot"}', "temperature must be a number"),
        (b'{"top_p": 1.1}', "top_p must be a number from 0 to 1"),
        (b'{"top_k": -2}', "top_k must be a whole number from -1"),
        (b'{"logprobs": 21}', "logprobs must be a whole number from 0 to 20"),
        (b'{"stop": 1}', "stop must be a text or a list"),
        (b'{"stop": [""]}', "every text of stop"),
        (b'{"stop": ["a\\u0000"]}', "every text of stop"),
        (b'{"ignore_eos": 1}', "ignore_eos must be true or false"),
        (b'{"best_of": 2}', "unknown sampling parameter 'best_of'; allowed: frequency_penalty"),
        (b'{"structured_outputs": {"regex": "a"}}', 'structured_outputs must be {"json": SCHEMA}'),
        (b'{"guided_decoding": "{"}', 'guided_decoding must be {"json": SCHEMA}'),
    ],
)
def test_parameters_that_are_refused(text: bytes, found: str) -> None:
    assert found in refusal(text)


def test_every_problem_is_named() -> None:
    message = refusal(b'{"top_p": 2, "min_p": -1, "nothing": 0}')
    assert all(word in message for word in ("top_p", "min_p", "nothing"))


def test_a_huge_key_is_not_repeated_in_full() -> None:
    assert len(refusal(json.dumps({"k" * 100_000: 1}).encode())) < 400


@pytest.mark.parametrize("name", ["structured_outputs", "guided_decoding"])
@pytest.mark.parametrize("as_text", [True, False])
def test_a_schema_in_every_form_that_vllm_has(name: str, as_text: bool) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    value: Any = {"json": schema}
    sampling = read(**{name: json.dumps(value) if as_text else value})
    assert sampling.json_schema == schema
    assert sampling.request("x")["json_schema"]["properties"] == schema["properties"]


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        (b"", "text_input is empty"),
        (b"a\x00b", "NUL"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"x" * 1001, "text_input has 1001 bytes; allowed: 1000"),
    ],
)
def test_prompts_that_are_refused(prompt: bytes, found: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_prompt(prompt, LIMITS)
    assert found in str(caught.value)


def test_a_prompt_may_hold_anything_else() -> None:
    text = "Zażółć gęślą jaźń 😀 <|im_start|>\r\n\t"
    assert check_prompt(text.encode(), LIMITS) == text


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": ["string", "null"], "maxLength": 4},
        {"anyOf": [{"type": "null"}, {"const": 1}], "title": "T"},
        {
            "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}},
            "$ref": "#/$defs/n",
        },
        {"type": "array", "prefixItems": [{"type": "integer"}], "items": False},
    ],
)
def test_schemas_that_can_be_used(schema: Any) -> None:
    assert schema_problems(schema, "s") == []


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ([], "s must be a JSON schema that is an object"),
        ({"type": "banana"}, "s.type must be of object"),
        ({"type": []}, "s.type must be of object"),
        ({"type": [1]}, "s.type must be of object"),
        ({"pattern": "^a"}, "s: 'pattern' is not supported"),
        ({"properties": {"a": {"format": "date"}}}, "s.properties.a: 'format' is not supported"),
        ({"properties": {"a": 1}}, "s.properties.a must be an object, true or false"),
        ({"properties": []}, "s.properties must be an object"),
        ({"required": "a"}, "s.required must be a list of names"),
        ({"required": [1]}, "s.required must be a list of names"),
        ({"enum": []}, "s.enum must be a list that is not empty"),
        ({"anyOf": []}, "s.anyOf must be a list that is not empty"),
        ({"maxItems": 1001}, "s.maxItems must be a whole number from 0 to 1000"),
        ({"minimum": "1"}, "s.minimum must be a number"),
        ({"$ref": "#/$defs/none"}, "s.$ref must lead to a schema of the same document"),
        ({"$ref": "http://example.com/s"}, "s.$ref must lead to a schema of the same document"),
    ],
)
def test_schemas_that_cannot_be_used(schema: Any, found: str) -> None:
    assert any(found in each for each in schema_problems(schema, "s"))


def test_schemas_that_are_too_large() -> None:
    deep: dict[str, Any] = {}
    for _ in range(30):
        deep = {"items": deep}
    assert "too large" in schema_problems(deep, "s")[0]
    wide = {"properties": {str(at): True for at in range(3000)}}
    assert "too large" in schema_problems(wide, "s")[0]
