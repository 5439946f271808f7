"""Sampling parameters of a request: vLLM's names on the outside, llama.cpp's on the inside. Pure.

The defaults are vLLM's too, so that a request means the same whichever of the two answers it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from serving.schemas import schema_problems

DEFAULT_MAX_TOKENS = 16
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 256
MAX_LOGPROBS = 20


class RequestError(ValueError):
    """A request that cannot be answered as it is; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for.

    Attributes:
        context_tokens: Prompt and answer together.
        max_tokens: Tokens of an answer.
        prompt_bytes: Size of a prompt; a longer one is refused before it is split into tokens,
            which takes seconds for megabytes.
    """

    context_tokens: int
    max_tokens: int
    prompt_bytes: int


@dataclass(frozen=True, slots=True)
class _Number:
    low: float
    high: float
    whole: bool = False


_NUMBERS: Mapping[str, _Number] = {
    "temperature": _Number(0, 100),
    "top_p": _Number(0, 1),
    "top_k": _Number(-1, 2**31 - 1, whole=True),
    "min_p": _Number(0, 1),
    "seed": _Number(-(2**63), 2**63 - 1, whole=True),
    "presence_penalty": _Number(-2, 2),
    "frequency_penalty": _Number(-2, 2),
    "repetition_penalty": _Number(0.01, 10),
    "logprobs": _Number(0, MAX_LOGPROBS, whole=True),
}
_GRAMMARS = ("structured_outputs", "guided_decoding")
"""vLLM's name for it, and the one it had before version 0.11."""
_LLAMA = {"presence_penalty", "frequency_penalty", "temperature", "top_p", "min_p"}
"""Parameters that llama.cpp knows by the same name and with the same meaning."""

ALLOWED = sorted({*_NUMBERS, *_GRAMMARS, "max_tokens", "stop", "ignore_eos"})


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn.

    Attributes:
        max_tokens: Tokens of the answer, at most.
        logprobs: Alternatives wanted for every token; None for no log probabilities.
        json_schema: What the answer must match; None for free text.
        body: The other parameters, for llama.cpp.
    """

    max_tokens: int
    logprobs: int | None
    json_schema: Mapping[str, Any] | None
    body: Mapping[str, Any]

    def request(self, prompt: str) -> dict[str, Any]:
        """llama.cpp's request for this prompt."""
        body: dict[str, Any] = {
            **self.body,
            "prompt": prompt,
            "max_tokens": self.max_tokens,
            "stream": True,
            "cache_prompt": True,
            # Counts of tokens with every piece, and a sign of life while the prompt is read.
            "timings_per_token": True,
            "return_progress": True,
        }
        if self.logprobs is not None:
            # 1 is the least that makes llama.cpp report the chosen token at all.
            body["logprobs"] = max(self.logprobs, 1)
        if self.json_schema is not None:
            # Without white space that means nothing: a small model can go on with it for ever.
            body["json_schema"] = {
                **self.json_schema,
                "x-guidance": {"whitespace_flexible": False},
            }
        return body


def read_sampling(text: bytes, limits: Limits) -> Sampling:
    """Read the JSON object of the input ``sampling_parameters``.

    Raises:
        RequestError: It is none, or something in it is unknown or out of range; names all.
    """
    try:
        loaded: Any = json.loads(text or b"{}")
    except (ValueError, RecursionError):
        loaded = None
    if not isinstance(loaded, dict):
        message = "sampling_parameters is not a JSON object"
        raise RequestError(message)
    # Null means not given, as in vLLM.
    given = {
        key: value for key, value in cast("dict[str, Any]", loaded).items() if value is not None
    }
    problems = _problems(given, limits)
    schema = _schema(given, problems)
    if problems:
        raise RequestError("; ".join(problems))
    return Sampling(
        max_tokens=given.get("max_tokens", DEFAULT_MAX_TOKENS),
        logprobs=given.get("logprobs"),
        json_schema=schema,
        body=_body(given, limits),
    )


def check_prompt(prompt: bytes, limits: Limits) -> str:
    """The prompt as text.

    Raises:
        RequestError: It is empty, too long, no UTF-8, or holds a NUL character.
    """
    if not prompt:
        message = "text_input is empty; allowed: at least one character"
        raise RequestError(message)
    if len(prompt) > limits.prompt_bytes:
        message = (
            f"text_input has {len(prompt)} bytes; allowed: {limits.prompt_bytes}, for a context of "
            f"{limits.context_tokens} tokens"
        )
        raise RequestError(message)
    if b"\x00" in prompt:
        message = "text_input holds a NUL character, which no prompt may"
        raise RequestError(message)
    try:
        return prompt.decode()
    except UnicodeDecodeError as error:
        message = f"text_input is not UTF-8 at byte {error.start}"
        raise RequestError(message) from None


def _problems(given: Mapping[str, Any], limits: Limits) -> list[str]:
    problems = [
        f"unknown sampling parameter {key[:40]!r}; allowed: {', '.join(ALLOWED)}"
        for key in given
        if key not in ALLOWED
    ]
    if "max_tokens" in given:
        allowed = _Number(1, limits.max_tokens, whole=True)
        problems += _number_problems("max_tokens", given["max_tokens"], allowed)
    for key, allowed in _NUMBERS.items():
        if key in given:
            problems += _number_problems(key, given[key], allowed)
    if not isinstance(given.get("ignore_eos", False), bool):
        problems.append("ignore_eos must be true or false")
    stops = _stops(given)
    if stops is None or len(stops) > MAX_STOPS:
        problems.append(f"stop must be a text or a list of at most {MAX_STOPS}")
    elif any(not 0 < len(each) <= MAX_STOP_CHARACTERS or "\x00" in each for each in stops):
        problems.append(f"every text of stop must have 1 to {MAX_STOP_CHARACTERS} characters")
    return problems


def _number_problems(key: str, value: Any, allowed: _Number) -> list[str]:
    kinds = (int,) if allowed.whole else (int, float)
    # The range is written so that NaN, which JSON's readers let in, falls out of it.
    if (
        isinstance(value, bool)
        or not isinstance(value, kinds)
        or not (allowed.low <= value <= allowed.high)
    ):
        kind = "a whole number" if allowed.whole else "a number"
        return [f"{key} must be {kind} from {allowed.low:g} to {allowed.high:g}"]
    return []


def _stops(given: Mapping[str, Any]) -> list[str] | None:
    """The stop texts; None if they are of the wrong type."""
    value = given.get("stop", [])
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        return None
    stops = cast("list[Any]", value)
    return stops if all(isinstance(each, str) for each in stops) else None


def _schema(given: Mapping[str, Any], problems: list[str]) -> Mapping[str, Any] | None:
    """The JSON schema that the answer must match; adds to `problems` what is wrong with it."""
    names = [name for name in _GRAMMARS if name in given]
    if not names:
        return None
    name = names[0]
    where = f"{name}.json"
    value = _parsed(given[name])
    if not isinstance(value, dict) or set(cast("dict[str, Any]", value)) != {"json"}:
        problems.append(f'{name} must be {{"json": SCHEMA}}, as JSON or as a text that holds it')
        return None
    schema = _parsed(cast("dict[str, Any]", value)["json"])
    found = schema_problems(schema, where)
    problems += found
    return None if found else schema


def _parsed(value: Any) -> Any:
    """A value, or what a text that holds JSON says; None if it cannot be read."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _body(given: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Parameters for llama.cpp; those that were not given have vLLM's defaults."""
    body: dict[str, Any] = {
        "temperature": 1.0,
        "top_p": 1.0,
        "min_p": 0.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        **{key: value for key, value in given.items() if key in _LLAMA},
        # vLLM: 0 and -1 for all tokens. llama.cpp: 0 or less.
        "top_k": max(given.get("top_k", 0), 0),
        "repeat_penalty": given.get("repetition_penalty", 1.0),
        # Penalties look at the whole text; in vLLM those for presence and frequency leave the
        # prompt out.
        "repeat_last_n": limits.context_tokens,
        "ignore_eos": given.get("ignore_eos", False),
        "stop": _stops(given) or [],
    }
    if "seed" in given:
        body["seed"] = given["seed"] % 2**32
    return body
