"""Calls of tools, and JSON schemas: what is asked of the backend, and what its answer means."""

import json
from typing import Any

import pytest
from gateway.contract import TokenLogprob
from gateway.openai.structured import ANY_OBJECT
from gateway.openai.tools import may_be_call
from hypothesis import given, settings
from hypothesis import strategies as st
from openai_lab import Bench, Piece, Reply, words
from serving.schemas import schema_problems

CHAT = "/v1/chat/completions"
KEYWORDS = st.sampled_from(
    [
        *("type", "properties", "items", "$ref", "$defs", "anyOf", "enum", "const", "pattern"),
        *("patternProperties", "minItems", "maxItems", "minimum", "maximum", "required", "$id"),
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["object", "#", "#/$defs/a", "^a$", "(", "http://x", "\0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYWORDS, inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=8,
)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NESTED = {
    "type": "object",
    "properties": {"at": {"$ref": "#/$defs/Place"}, "more": {"$ref": "#"}},
    "$defs": {"Place": {"type": "object", "properties": {"in": {"$ref": "#/$defs/Place"}}}},
}


def tool(name: str, parameters: Any = None) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters or CITY}}


WEATHER, TIME = tool("weather"), tool("time", NESTED)
CALL = '{"name": "weather", "arguments": {"city": "Łódź"}}'


def asked(bench: Bench) -> Any:
    return bench.upstream.generations[0].sampling.json_schema


def chat(text: str, finish: str = "stop", **parameters: Any) -> tuple[Bench, Reply]:
    """One question, answered letter by letter."""
    bench = Bench()
    bench.upstream.script = words(*text, finish=finish)
    return bench, bench.chat(**{"tools": [WEATHER, TIME], **parameters})


def whole(reply: Reply) -> tuple[Any, list[tuple[str, str]], str]:
    choice = reply.json["choices"][0]
    calls = choice["message"].get("tool_calls", [])
    named = [(call["function"]["name"], call["function"]["arguments"]) for call in calls]
    return choice["message"]["content"], named, choice["finish_reason"]


def streamed(reply: Reply) -> tuple[Any, list[tuple[str, str]], str]:
    choices = [event["choices"][0] for event in reply.events[:-1]]
    calls = [call for choice in choices for call in choice["delta"].get("tool_calls", [])]
    named = [(call["function"]["name"], call["function"]["arguments"]) for call in calls]
    assert [call["index"] for call in calls] == list(range(len(calls)))
    text = None if calls else reply.streamed
    return text, named, choices[-1]["finish_reason"]


LODZ = ("weather", '{"city": "Łódź"}')
ANSWERS: dict[str, tuple[str, str, Any, tuple[Any, list[Any], str]]] = {
    "text": ("It rains.", "stop", "auto", ("It rains.", [], "stop")),
    "text about a call": ("<tool_x>", "stop", "auto", ("<tool_x>", [], "stop")),
    "json that is no call": ('{"name": 7}', "stop", "auto", ('{"name": 7}', [], "stop")),
    "unknown function": (
        CALL.replace("weather", "sun"),
        "stop",
        "auto",
        (CALL.replace("weather", "sun"), [], "stop"),
    ),
    "bare call": (CALL, "stop", "auto", (None, [LODZ], "tool_calls")),
    "tagged call": (
        f"\n<tool_call>\n{CALL}\n</tool_call>",
        "stop",
        "auto",
        (None, [LODZ], "tool_calls"),
    ),
    "two calls": (
        f"<tool_call>{CALL}</tool_call><tool_call>{CALL}</tool_call>",
        "stop",
        "auto",
        (None, [LODZ, LODZ], "tool_calls"),
    ),
    "a list of calls": (
        f"<tool_call>[{CALL}, {CALL}]</tool_call>",
        "stop",
        "auto",
        (None, [LODZ, LODZ], "tool_calls"),
    ),
    "forced": (CALL, "stop", "required", (None, [LODZ], "tool_calls")),
    "forced by name": (
        CALL,
        "stop",
        {"type": "function", "function": {"name": "weather"}},
        (None, [LODZ], "tool_calls"),
    ),
    "forced, cut short": (
        CALL[:40],
        "length",
        "required",
        (None, [("weather", '{"city"')], "length"),
    ),
    "forced, cut before its name": ('{"na', "length", "required", ("", [], "length")),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str) -> None:
    text, finish, choice, expected = ANSWERS[name]
    _, reply = chat(text, finish, tool_choice=choice)
    assert whole(reply) == expected
    _, reply = chat(text, finish, tool_choice=choice, stream=True)
    assert streamed(reply) == expected


def test_one_call_at_most_if_so_wished() -> None:
    text, *_ = ANSWERS["two calls"]
    _, reply = chat(text, parallel_tool_calls=False)
    assert whole(reply) == (None, [LODZ], "tool_calls")


def test_text_is_not_held_back_longer_than_needed() -> None:
    _, reply = chat("It rains.", stream=True)
    assert len(reply.writes) == len("It rains.") + 1


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("", True),
        ("  ", True),
        ("<tool", True),
        ("<tool_call>x", True),
        ('{ "na', True),
        ('{"name": "f"', True),
        ("<b", False),
        ('{"nope', False),
        ("a{", False),
    ],
)
def test_what_may_be_a_call(text: str, may: bool) -> None:
    assert may_be_call(text) is may


def test_a_forced_call_is_held_to_a_schema_that_the_backend_takes() -> None:
    bench, _ = chat(CALL, tool_choice="required")
    schema = asked(bench)
    assert schema_problems(schema, "schema") == []
    assert [each["properties"]["name"]["const"] for each in schema["anyOf"]] == ["weather", "time"]
    assert bench.upstream.generations[0].prompt.endswith("assistant\n<tool_call>\n")
    one, _ = chat(CALL, tool_choice={"type": "function", "function": {"name": "weather"}})
    assert asked(one)["properties"]["name"] == {"const": "weather"}
    assert '"time"' not in one.upstream.generations[0].prompt


def test_a_free_answer_is_not_held_to_one() -> None:
    bench, _ = chat("Hi")
    assert asked(bench) is None
    assert '"name": "weather"' in bench.upstream.generations[0].prompt
    assert bench.cache.questions[0].tools
    none, _ = chat("Hi", tool_choice="none")
    assert "weather" not in none.upstream.generations[0].prompt


def test_calls_and_their_answers_go_back_to_the_model() -> None:
    bench = Bench()
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    body = {
        "model": "smollm2",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "rain"}]},
        ],
    }
    assert bench.ask("/v1/chat/completions", body).status == 200
    prompt = bench.upstream.generations[0].prompt
    assert '{"name": "weather", "arguments": {}}' in prompt
    assert "<|im_start|>tool\nrain<|im_end|>" in prompt


def test_json_output() -> None:
    bench = Bench()
    bench.chat(response_format={"type": "json_object"})
    wanted = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
    bench.chat(response_format=wanted)
    bench.chat(response_format={"type": "text"})
    schemas = [each.sampling.json_schema for each in bench.upstream.generations]
    assert schemas == [ANY_OBJECT, CITY, None]


def nest(depth: int) -> Any:
    return {"items": nest(depth - 1)} if depth else {}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "strin"}, "at type it is not a JSON schema"),
        ({"properties": {"a": {"type": 7}}}, "at properties/a/type"),
        ({"$ref": "http://example.org/x"}, "must refer to this schema itself"),
        ({"maxItems": 10**6}, "maxItems must be at most 1000"),
        ({"maximum": 10**30}, "beyond 2^53"),
        ({"enum": ["a\0"]}, "NUL"),
        (nest(40), "nested deeper than 24"),
        ({"enum": ["x" * 40_000]}, "allowed are 32768"),
        ({"$ref": "#"}, "$ref leads to itself"),
        ({"pattern": "("}, "at pattern it is not a JSON schema"),
        ({"pattern": "a{99999999999999999999}"}, "a pattern that cannot be read"),
        ({"patternProperties": {"(" * 5000: {}}}, "a pattern must have at most 256"),
        (
            {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "type": "null"},
            "at its root/$defs/",
        ),
        ({"properties": {"a": False}}, "at its root/properties/a nothing is allowed"),
        ({"items": {"minLength": 9, "maxLength": 2}}, "minLength is more than maxLength"),
        ({"anyOf": [{"minimum": 3, "maximum": 2}]}, "minimum is more than maximum"),
    ],
)
def test_schemas_that_are_refused(schema: Any, words: str) -> None:
    bench = Bench()
    reply = bench.chat(
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    )
    assert (reply.status, reply.error["code"]) == (400, "invalid_json_schema")
    assert reply.error["param"] == "response_format.json_schema.schema"
    assert words in reply.error["message"]
    reply = bench.chat(tools=[tool("f", schema)])
    assert reply.error["param"] == "tools[0].function.parameters"
    assert bench.upstream.generations == []


@pytest.mark.parametrize(
    "schema",
    [
        {},
        NESTED,
        {"type": "object", "additionalProperties": False},
        {"const": False},
        {"minimum": 2, "maximum": 2},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"a": NESTED}}}},
        {"items": {"$ref": "#"}},
    ],
)
def test_schemas_that_are_taken(schema: Any) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert Bench().chat(response_format=wanted).status == 200


@settings(max_examples=60, deadline=None)
@given(schema=st.dictionaries(KEYWORDS, JSON, max_size=4))
def test_any_object_is_taken_for_a_schema_or_refused(schema: Any) -> None:
    bench = Bench()
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    body = {"model": "smollm2", "messages": [{"role": "user", "content": "Hi"}]}
    assert bench.ask(CHAT, {**body, "response_format": wanted}).status in {200, 400}
    offered = {"tools": [tool("f", schema)], "tool_choice": "required"}
    assert bench.ask(CHAT, {**body, **offered}).status in {200, 400}


def test_a_format_and_tools_exclude_each_other() -> None:
    reply = Bench().chat(tools=[WEATHER], response_format={"type": "json_object"})
    assert (reply.status, reply.error["param"]) == (400, "response_format")


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs(stream: bool) -> None:
    bench = Bench()
    top = (("é", -0.1), ("b", -3.0), ("c", -4.0))
    bench.upstream.script = [
        Piece("é", "", 7, 1, (TokenLogprob("é", -0.1, top),)),
        Piece("", "stop", 7, 1, (TokenLogprob("b", -0.2, top),)),
    ]
    reply = bench.chat(logprobs=True, top_logprobs=2, stream=stream)
    parts = reply.events[:-1] if stream else [reply.json]
    choices = [part["choices"][0] for part in parts]
    tokens = [
        token for choice in choices if choice["logprobs"] for token in choice["logprobs"]["content"]
    ]
    assert [token["token"] for token in tokens] == ["é", "b"]
    assert tokens[0]["bytes"] == [195, 169]
    assert [each["token"] for each in tokens[0]["top_logprobs"]] == ["é", "b"]
    assert bench.upstream.generations[0].sampling.logprobs == 2


def test_logprobs_of_completions() -> None:
    bench = Bench()
    bench.upstream.script = [
        Piece("ab", "", 7, 1, (TokenLogprob("ab", -0.1, (("ab", -0.1), ("x", -2.0))),)),
        Piece("c", "stop", 7, 1, (TokenLogprob("c", -0.2),)),
    ]
    body = {"model": "smollm2", "prompt": "p", "logprobs": 1}
    logprobs = bench.ask("/v1/completions", body).json["choices"][0]["logprobs"]
    assert logprobs == {
        "tokens": ["ab", "c"],
        "token_logprobs": [-0.1, -0.2],
        "top_logprobs": [{"ab": -0.1}, {}],
        "text_offset": [0, 2],
    }


def test_arguments_are_json() -> None:
    _, reply = chat(CALL, tool_choice="required")
    assert json.loads(whole(reply)[1][0][1]) == {"city": "Łódź"}
