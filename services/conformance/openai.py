"""OpenAI's API as a surface: chat completions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.bodies import (
    FINISHED,
    PROMPT,
    UNKNOWN_MODEL,
    as_json,
    at,
    first,
    is_count,
    malformed,
    texts,
)


@dataclass(frozen=True)
class OpenAi:
    """Chat completions."""

    model: str
    name = "openai"
    description = "/v1/models"
    path = "/v1/chat/completions"
    stream_path = path
    tells_finish = True
    ends_by_word = True

    def question(self, tokens: int, *, stream: bool = False) -> dict[str, Any]:
        """See `Surface`."""
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": PROMPT}],
            "max_tokens": tokens,
            "temperature": 0,
            "stream": stream,
        }

    def wrong(self) -> Sequence[tuple[str, bytes]]:
        """See `Surface`."""
        good = self.question(1)
        message = {"role": "user", "content": "hi"}
        changed: Sequence[tuple[str, Any]] = (
            ("messages missing", {key: good[key] for key in good if key != "messages"}),
            ("messages a text", {**good, "messages": "hi"}),
            ("messages empty", {**good, "messages": []}),
            ("message a number", {**good, "messages": [5]}),
            ("role unknown", {**good, "messages": [{**message, "role": "nobody"}]}),
            ("content a number", {**good, "messages": [{**message, "content": 5}]}),
            ("max_tokens negative", {**good, "max_tokens": -1}),
            ("max_tokens a text", {**good, "max_tokens": "many"}),
            ("temperature a text", {**good, "temperature": "hot"}),
            ("stream a text", {**good, "stream": "perhaps"}),
        )
        return [*malformed(), *((what, as_json(body)) for what, body in changed)]

    def extreme(self) -> Sequence[tuple[str, bytes]]:
        """See `Surface`."""
        good = self.question(1)
        return [
            (what, as_json({**good, "messages": [{"role": "user", "content": text}]}))
            for what, text in texts()
        ]

    def elsewhere(self) -> tuple[str, dict[str, Any]]:
        """See `Surface`."""
        return self.path, {**self.question(1), "model": UNKNOWN_MODEL}

    def problem(self, answer: Any) -> str:
        """See `Surface`."""
        choice = first(answer, "choices")
        if not isinstance(at(choice, "message", "content"), str):
            return "choices[0].message.content is no text"
        if choice.get("finish_reason") not in FINISHED:
            return f"choices[0].finish_reason is {choice.get('finish_reason')!r}"
        for count in ("prompt_tokens", "completion_tokens"):
            if not is_count(at(answer, "usage", count)):
                return f"usage.{count} is no whole number above 0"
        return ""

    def text_of(self, event: Any) -> str | None:
        """See `Surface`."""
        text = at(first(event, "choices"), "delta", "content")
        return text if isinstance(text, str) else None

    def is_last(self, event: Any) -> bool:
        """See `Surface`."""
        return first(event, "choices").get("finish_reason") in FINISHED
