"""What makes two questions the same, and which questions are for a cache at all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from gateway.contract import Call, Question, Sampling


def is_deterministic(sampling: Sampling) -> bool:
    """Whether the same prompt is to give the same answer: greedy, or drawn with a seed."""
    return sampling.temperature == 0 or sampling.seed is not None


def is_exact(question: Question, *, tools: bool) -> bool:
    """Whether an exact answer may be kept; log probabilities never are.

    Args:
        question: What is asked.
        tools: Whether questions that offer tools may be kept.
    """
    return (
        is_deterministic(question.sampling)
        and question.sampling.logprobs is None
        and (tools or not question.tools)
    )


def exact_key(call: Call, question: Question, fingerprint: str) -> str:
    """Key of an exact answer: a digest from which no prompt can be read."""
    sampling = question.sampling
    drawn = {each.name: getattr(sampling, each.name) for each in fields(sampling)}
    return _digest(
        [call.tenant.name, call.model.name, call.model.triton, fingerprint, question.prompt, drawn]
    )


def meaning(question: Question, *, conversations: bool) -> str:
    """The text that stands for a question in the semantic cache; empty when it is not for it.

    That is the user's last message, where nothing but text was sent, no tool offered, no log
    probabilities asked for and no JSON schema given.

    Args:
        question: What is asked.
        conversations: Whether there may be messages before the last.
    """
    sampling, messages = question.sampling, question.messages
    if question.tools or sampling.logprobs is not None or sampling.json_schema is not None:
        return ""
    if not messages or any(each.extra for each in messages):
        return ""
    *before, last = messages
    if last.role != "user" or (before and not conversations):
        return ""
    return last.content.strip()


def partition_key(call: Call, question: Question, fingerprints: tuple[str, str]) -> str:
    """What two questions must share to the letter before their meaning is compared.

    Tenant, model, version of the model and of the embedding, system prompt, all messages but
    the last, and how the answer is drawn. The length is left out: whether an answer is short
    enough is seen by the answer.
    """
    sampling = question.sampling
    drawn = {
        each.name: getattr(sampling, each.name)
        for each in fields(sampling)
        if each.name != "max_tokens"
    }
    before = [[each.role, each.content] for each in question.messages[:-1]]
    return _digest(
        [
            call.tenant.name,
            call.model.name,
            call.model.triton,
            fingerprints,
            call.route,
            question.system,
            before,
            drawn,
        ]
    )


def _digest(parts: list[Any]) -> str:
    # the order inside a schema stays: the answer follows it
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    raise TypeError(f"a sampling parameter of type {type(value).__name__}")
