"""The reference of all settings, made of the models and the rules: docs/settings.md.

    python -m infra.settings_reference

writes the page and the schema for editors; a test holds both equal to what this makes.
"""

import ast
import inspect
import json
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from itertools import pairwise
from typing import Any, cast

from pydantic.fields import FieldInfo

from infra.settings import Settings
from infra.settings_base import Room
from infra.settings_capacity import POOL_RULES, SERVICE_RULES, TENANT_RULES
from infra.settings_money import MONEY_RULES
from infra.settings_problems import PROJECT, PROVIDER_NAMESPACES
from infra.settings_rules import RULES, version_is_supported
from infra.settings_source import FILE_KEYS
from infra.settings_words import allowed_words, room_in
from llm_platform import versions
from local.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "settings.md"
SCHEMA = REPOSITORY / "stacks" / "schema.json"

INTRODUCTION = """# Settings

Made by `python -m infra.settings_reference` from the models in `infra/settings*.py`; do not edit.

An environment is a file `stacks/Pulumi.NAME.yaml`. Under `config` it has `aws:region` and one key
`llm-platform:ROOM` for each of the rooms below; what is left out has its default. All that is
wrong with a file is told in one error, each problem with its path, what is wrong, and what is
allowed; `llmp` then ends with exit code 2 and has started nothing. Keys that are not known are
refused with the nearest one that is, a key that is given twice is refused, a number is no text and
a text no number: a Kubernetes version stands in quotes.

Paths leave out `config` and `llm-platform:`. `NAME[]` stands for every item of a list.

The first line of each file in `stacks/`, `# yaml-language-server: $schema=schema.json`, lets
editors complete keys and mark wrong ones. The schema knows forms, not the rules between settings.
"""

RULES_INTRODUCTION = """## Rules between settings

Every component of the library checks its own inputs, and settings are held against those checks
before anything is started: that the VPC's block has room for every pod of every node, that EKS's
image has a driver for the GPUs, that an empty pool has somebody who fills it, that log retentions
are ones that CloudWatch knows, and more. Beyond that:
"""

CHANGE_RULES = """
The following change with time although the file does not, with prices and with what AWS supports.
They stop `up` and `preview`; a stack can still be looked at and destroyed when they are broken.
"""

VERSIONS = """
The last days of standard support are a warning of the policy `eks-version-ending`, not an error.
After them EKS would upgrade the cluster by itself, since its support type is STANDARD. Dates were
last looked up on {day}:

| Kubernetes | standard support ends | can be chosen |
|---|---|---|
"""

NOT_JUDGED = """
A rule is passed over when a setting that it needs is missing or malformed; that setting's own
problem is told, and the rule's with the next run.

What cannot be judged from a file: which availability zone has which instance type. A zone's letter
means another building in every account of the older regions; `gpuPools[].zones` chooses zones, and
AWS answers when a node is asked for.
"""


CHOICES = """## Choices
"""


def page() -> str:
    """The text of docs/settings.md."""
    parts = [INTRODUCTION, "## Rooms\n", *_rooms(), RULES_INTRODUCTION, *_rules(_lasting_rules())]
    parts += [CHANGE_RULES, *_rules([version_is_supported, *MONEY_RULES]), _versions(), NOT_JUDGED]
    return "\n".join([*parts, CHOICES, *_choices()])


def schema() -> str:
    """JSON Schema of a stack file, as editors take it."""
    made = Settings.model_json_schema(by_alias=True)
    others: dict[str, Any] = {f"^({'|'.join(PROVIDER_NAMESPACES)}):": {}}
    config: dict[str, Any] = {
        "type": "object",
        "properties": {_full_key(key): value for key, value in made["properties"].items()},
        "required": [_full_key(key) for key in made["required"]],
        "patternProperties": others,
        "additionalProperties": False,
    }
    document: dict[str, Any] = {
        "type": "object",
        "properties": {**{key: {} for key in FILE_KEYS}, "config": config},
        "required": ["config"],
        "additionalProperties": False,
        "$defs": made["$defs"],
    }
    dialect = "https://json-schema.org/draft/2020-12/schema"
    slim = {"$schema": dialect, **_slim(document)}
    return json.dumps(slim, indent=2, ensure_ascii=False) + "\n"


def _versions() -> str:
    rows = [
        f"| {version} | {support.standard_ends or 'not announced'} | "
        f"{'yes' if version in versions.ADDONS else 'no: no pinned add-ons'} |"
        for version, support in versions.KUBERNETES_SUPPORT.items()
    ]
    return VERSIONS.format(day=versions.AS_OF) + "\n".join(rows)


def _choices() -> Iterator[str]:
    for choice in sorted(set(_choices_in(Settings)), key=lambda each: each.__name__):
        yield f"**{choice.__name__}**: {_plain(choice.__doc__)}\n"
        yield from (f"- `{name}`: {text}" for name, text in _meanings(choice).items())
        yield ""


def _choices_in(room: type[Room]) -> Iterator[type[Enum]]:
    for field in room.model_fields.values():
        inner = room_in(field.annotation)
        if inner is not None:
            yield from _choices_in(inner)
        for kind in (field.annotation, *typing.get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Enum):
                yield kind


def _meanings(choice: type[Enum]) -> dict[str, str]:
    """What the text below each member of an enumeration says."""
    (made,) = ast.parse(inspect.getsource(choice)).body
    found: dict[str, str] = {}
    for member, text in pairwise(cast("ast.ClassDef", made).body):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr):
            name = cast("ast.Name", member.targets[0]).id
            found[str(choice[name].value)] = _plain(ast.literal_eval(text.value))
    return found


def _full_key(key: str) -> str:
    return key if ":" in key else f"{PROJECT}:{key}"


def _slim(value: Any) -> Any:
    """Without titles, which repeat the keys, and without the words for error messages."""
    if isinstance(value, Mapping):
        found = cast("Mapping[str, Any]", value)
        return {
            key: _slim(each)
            for key, each in found.items()
            if not (key in {"title", "allowed"} and isinstance(each, str))
        }
    if isinstance(value, list):
        return [_slim(each) for each in cast("list[Any]", value)]
    return value


def _rooms() -> Iterator[str]:
    own: list[tuple[str, FieldInfo]] = []
    for name, field in Settings.model_fields.items():
        if room_in(field.annotation) is None:
            own.append((field.alias or name, field))
    yield from _table("", "Not in a room:", own)
    for name, field in Settings.model_fields.items():
        room = room_in(field.annotation)
        if room is not None:
            key = field.alias or name
            words = "must be there" if field.is_required() else "may be left out"
            yield f"### {key}\n"
            text = f"{_plain(room.__doc__)} The room {words}."
            yield from _room(f"{key}[]" if _is_list(field) else key, text, room)


def _room(path: str, text: str, room: type[Room]) -> Iterator[str]:
    fields = [(field.alias or name, field) for name, field in room.model_fields.items()]
    yield from _table(path, text, [each for each in fields if room_in(each[1].annotation) is None])
    for key, field in fields:
        inner = room_in(field.annotation)
        if inner is not None:
            deeper = f"{path}.{key}[]" if _is_list(field) else f"{path}.{key}"
            yield from _room(deeper, f"`{path}.{key}`: {_plain(field.description)}", inner)


def _table(path: str, text: str, fields: Iterable[tuple[str, FieldInfo]]) -> Iterator[str]:
    yield f"{text}\n"
    yield "| key | type | default | allowed | meaning |"
    yield "|---|---|---|---|---|"
    for key, field in fields:
        full = f"{path}.{key}" if path else key
        cells = (f"`{full}`", _type(field), _default(field), _allowed(field))
        yield f"| {' | '.join((*cells, _plain(field.description)))} |"
    yield ""


def _is_list(field: FieldInfo) -> bool:
    return typing.get_origin(field.annotation) is tuple


def _type(field: FieldInfo) -> str:
    annotation = field.annotation
    if _is_list(field):
        return "list"
    options = [each for each in typing.get_args(annotation) if each is not type(None)]
    kind: Any = options[0] if options else annotation
    kind = typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "choice"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names[kind]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        return f"`[{', '.join(map(str, items))}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _allowed(field: FieldInfo) -> str:
    if field.annotation is bool:
        return "true, false"
    return allowed_words(field).replace(" | ", ", ")


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _lasting_rules() -> list[Any]:
    return [*RULES, *POOL_RULES, *TENANT_RULES, *SERVICE_RULES]


def _rules(rules: Iterable[Any]) -> Iterator[str]:
    for rule in rules:
        yield f"- {(inspect.getdoc(rule) or '').splitlines()[0]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} and {SCHEMA.name} written\n")
