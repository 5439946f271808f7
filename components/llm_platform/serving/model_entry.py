"""What a model's folder says to our gateway: ``gateway.yaml``, and ``template.jinja`` beside it.

An entry of the gateway's catalogue (``services/gateway/catalogue.py``) without its name, which is
the folder's. Pure; `entry_of` is given what the files hold.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from llm_platform.problems import Problem, did_you_mean

ENTRY_FILE = "gateway.yaml"
TEMPLATE_FILE = "template.jinja"
MAX_TEMPLATE = 65_536
"""Characters of a chat template."""
KINDS = ("chat", "embedding", "tensor")
SHIPPED = ("chatml", "smollm2")
"""Chat templates that come with the gateway."""
CAPABILITIES = ("json_schema", "tools", "logprobs")
CHAT = "chat"
CHAT_ONLY = ("template", "template_text", "stop", "max_output_tokens", "capabilities")
"""Keys that say something of models that chat, and of no others."""

Fits = Callable[[object], bool]


def entry_of(
    name: str, document: object, template: str | None
) -> tuple[dict[str, Any], list[Problem]]:
    """The entry of a model, and what is wrong with it.

    Args:
        name: The model's folder, and its name for clients.
        document: What `ENTRY_FILE` holds; None when it is empty.
        template: What `TEMPLATE_FILE` holds; None when it is not there.

    Returns:
        The entry with its name, and with the template's text in it; empty with a problem.
    """
    if not isinstance(document, Mapping):
        what = "is empty" if document is None else "is no mapping"
        return {}, [Problem(f"{name}/{ENTRY_FILE}", what, f"keys such as kind; {_keys()}")]
    own = {str(key): value for key, value in cast("Mapping[Any, Any]", document).items()}
    problems = list(_problems(own, template))
    if problems:
        return {}, [in_file(name, each) for each in problems]
    text = {} if template is None else {"template_text": template}
    return {"name": name, **own, **text}, []


def in_file(name: str, problem: Problem) -> Problem:
    """A problem of a key as it is told: with the file before it."""
    return Problem(f"{name}/{ENTRY_FILE}: {problem.path}", problem.problem, problem.allowed)


def _problems(own: Mapping[str, Any], template: str | None) -> Iterator[Problem]:
    for key, value in own.items():
        if key not in KEYS:
            yield Problem(key, f"is not a known key{did_you_mean(key, KEYS)}", _keys())
            continue
        fits, allowed = KEYS[key]
        if not fits(value):
            yield Problem(key, f"{_shown(value)} is not allowed", allowed)
    if "kind" not in own:
        yield Problem("kind", "is missing", " | ".join(KINDS))
    if template is not None and not _text(1, MAX_TEMPLATE)(template):
        what = f"{TEMPLATE_FILE} has {len(template)} characters"
        yield Problem("template_text", what, f"1 to {MAX_TEMPLATE}")
    if own.get("kind") == CHAT:
        yield from _of_chat(own, template)
    elif own.get("kind") in KINDS:
        yield from _of_others(own, template)


def _of_chat(own: Mapping[str, Any], template: str | None) -> Iterator[Problem]:
    given = [key for key in ("template", "template_text") if own.get(key)]
    given += [TEMPLATE_FILE] if template is not None else []
    if len(given) != 1:
        what = f"{' and '.join(given)} are there" if given else "no chat template is there"
        allowed = (
            f"one of template ({', '.join(SHIPPED)}), template_text, and a file {TEMPLATE_FILE}"
        )
        yield Problem("template", what, allowed)
    context, most = own.get("context_tokens", 0), own.get("max_output_tokens", 0)
    if context == 0:
        yield Problem("context_tokens", "is missing or 0", "1 to 10000000 for a model that chats")
    elif _whole(0)(context) and _whole(0)(most) and most > context:
        yield Problem("max_output_tokens", f"{most}", f"at most context_tokens, {context}")
    able: Any = own.get("capabilities", {})
    if isinstance(able, Mapping):
        stated = cast("Mapping[str, Any]", able)
        if stated.get("tools") and not stated.get("json_schema"):
            yield Problem("capabilities.tools", "needs json_schema", "json_schema: true as well")


def _of_others(own: Mapping[str, Any], template: str | None) -> Iterator[Problem]:
    for key in CHAT_ONLY:
        if own.get(key):
            yield Problem(key, f"with kind {own['kind']}", f"kind {CHAT}, or without it")
    if template is not None:
        what = f"{TEMPLATE_FILE} with kind {own['kind']}"
        yield Problem("template_text", what, f"kind {CHAT}, or without the file")


def _whole(low: int, high: int = 10_000_000) -> Fits:
    def fits(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return fits


def _text(low: int, high: int) -> Fits:
    def fits(value: object) -> bool:
        return isinstance(value, str) and low <= len(value) <= high

    return fits


def _texts(value: object) -> bool:
    each = _text(1, 64)
    return isinstance(value, list) and all(map(each, cast("Sequence[object]", value)))


def _one_of(*values: str) -> Fits:
    def fits(value: object) -> bool:
        return isinstance(value, str) and value in values

    return fits


def _capabilities(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        key in CAPABILITIES and isinstance(able, bool)
        for key, able in cast("Mapping[object, object]", value).items()
    )


KEYS: Mapping[str, tuple[Fits, str]] = {
    "kind": (_one_of(*KINDS), " | ".join(KINDS)),
    "context_tokens": (_whole(0), "0 to 10000000"),
    "max_output_tokens": (_whole(0), "0 to 10000000; 0: as many as fit"),
    "template": (_one_of(*SHIPPED), " | ".join(SHIPPED)),
    "template_text": (_text(1, MAX_TEMPLATE), f"a text of 1 to {MAX_TEMPLATE} characters"),
    "stop": (_texts, "a list of texts of 1 to 64 characters"),
    "control_tokens": (_texts, "a list of texts of 1 to 64 characters"),
    "bos_token": (_text(0, 64), "a text of at most 64 characters"),
    "eos_token": (_text(0, 64), "a text of at most 64 characters"),
    "longest_token": (_whole(1, 4096), "1 to 4096 bytes"),
    "capabilities": (_capabilities, f"true or false for {', '.join(CAPABILITIES)}"),
    "owned_by": (_text(1, 128), "a text of 1 to 128 characters"),
    "created": (_whole(0, 2**40), "seconds since 1970"),
}
"""Each key: what fits it, and that in words."""


def _keys() -> str:
    return f"{', '.join(sorted(KEYS))}; or a file {TEMPLATE_FILE} beside it"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
