"""Chat templates: from a conversation to the text that a model reads."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, cast

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.contract import Message, ServedModel
from gateway.errors import InvalidRequestError

SHIPPED = Path(__file__).parent / "templates"

# What code inside a template can raise when it is given a conversation that it was not made for.
_OF_TEMPLATES = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class _RefusedError(TemplateError):
    """The template called ``raise_exception``."""


def shipped_names() -> list[str]:
    """Names of the templates that come with the gateway."""
    return sorted(path.stem for path in SHIPPED.glob("*.jinja"))


def shipped(name: str) -> str:
    """Text of a template that comes with the gateway."""
    return (SHIPPED / f"{name}.jinja").read_text(encoding="utf-8")


def _raise(message: object) -> NoReturn:
    raise _RefusedError(str(message))


def _to_json(value: object, indent: int | None = None) -> str:
    # Jinja's own filter escapes for HTML, which is not what models have learned from.
    return json.dumps(value, ensure_ascii=False, indent=indent)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = _to_json
    cast("dict[str, Any]", environment.globals)["raise_exception"] = _raise
    return environment


class ChatTemplate:
    """The template of one model, compiled.

    It sees ``messages`` (``role``, ``content`` and, for an assistant that called tools,
    ``tool_calls`` with ``name`` and ``arguments``), ``tools`` (``name``, ``description``,
    ``parameters``), ``add_generation_prompt``, ``forced_call`` (the answer must be a call),
    ``bos_token``, ``eos_token``, and the function ``raise_exception``.

    Raises:
        jinja2.TemplateSyntaxError: It is not a template.
    """

    def __init__(self, model: ServedModel) -> None:
        self._template = _environment().from_string(model.chat_template)
        self._model = model
        tokens = sorted(model.control_tokens, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, tokens))) if tokens else None

    def render(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        forced_call: bool = False,
    ) -> str:
        """The prompt, up to where the model's answer begins.

        Control tokens in the texts are broken up by a space: text is never structure.

        Raises:
            InvalidRequestError: The template does not take these messages.
        """
        turns = [{**self._plain(each.extra), **self._turn(each)} for each in messages]
        try:
            return self._template.render(
                messages=turns,
                tools=self._plain(list(tools)),
                forced_call=forced_call,
                add_generation_prompt=True,
                bos_token=self._model.bos_token,
                eos_token=self._model.eos_token,
            )
        except _OF_TEMPLATES as error:
            said = str(error) if isinstance(error, _RefusedError) else type(error).__name__
            raise InvalidRequestError(
                f"The chat template of {self._model.name} does not take these messages: {said}.",
                param="messages",
            ) from error

    def _turn(self, message: Message) -> dict[str, Any]:
        return {"role": message.role, "content": self._plain(message.content)}

    def _plain(self, value: Any) -> Any:
        if self._control is None:
            return value
        if isinstance(value, str):
            return self._control.sub(lambda found: f"{found[0][0]} {found[0][1:]}", value)
        if isinstance(value, Mapping):
            pairs = cast("Mapping[str, Any]", value).items()
            return {self._plain(key): self._plain(each) for key, each in pairs}
        if isinstance(value, list | tuple):
            return [self._plain(each) for each in cast("Sequence[Any]", value)]
        return value
