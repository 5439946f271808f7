"""Whether an object has the form that its schema says. Pure.

Schemas are those of OpenAPI v3 as Kubernetes uses them: the built-in kinds' documents, and the
structural schemas of CRDs. Rules in CEL are not evaluated. A value that is not known yet, or
that the engine hides, is passed over and counted; nothing is concluded from it.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from infra.offline import facets
from local.providers.diff import Path, path_text
from local.providers.kubernetes.trees import mapping

Schema = Mapping[str, Any]
Resolve = Callable[[str], Schema]

IMPLIED = frozenset({"apiVersion", "kind", "metadata"})
"""Fields of every object that a CRD's schema need not name."""

_SHOWN_FIELDS = 12


@dataclass
class Findings:
    """What was found about one object.

    Attributes:
        problems: Path and what is wrong there.
        unknown: Number of values that were passed over.
    """

    problems: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    unknown: int = 0

    def say(self, path: Path, problem: str) -> None:
        """Add a problem."""
        self.problems.append((path_text(path) or "(object)", problem))


@dataclass(frozen=True)
class Checker:
    """Compares values with schemas.

    Attributes:
        is_unknown: Whether a value is not known.
        resolve: Schema behind a ``$ref``.
    """

    is_unknown: Callable[[Any], bool]
    resolve: Resolve

    def check(self, value: Any, schema: Schema, findings: Findings, *, implied: bool) -> None:
        """Check an object.

        Args:
            value: The object.
            schema: Its schema.
            findings: Where problems go.
            implied: Whether apiVersion, kind and metadata are allowed without being named.
        """
        self._check((), value, schema, findings, implied=implied)

    def _check(
        self, path: Path, value: Any, schema: Schema, findings: Findings, *, implied: bool = False
    ) -> None:
        if value is None:
            return
        if self.is_unknown(value):
            findings.unknown += 1
            return
        schema = self._resolved(schema)
        problem = facets.wrong_type(value, schema)
        if problem:
            findings.say(path, problem)
            return
        if not self._holds_unknown(value):
            for words in (*facets.wrong_value(value, schema), *self._logic(value, schema)):
                findings.say(path, words)
        if isinstance(value, dict):
            embedded = implied or bool(schema.get("x-kubernetes-embedded-resource"))
            self._object(path, cast("dict[str, Any]", value), schema, findings, embedded)
        elif isinstance(value, list):
            items = schema.get("items")
            if isinstance(items, dict):
                for index, item in enumerate(cast("list[Any]", value)):
                    self._check((*path, index), item, cast("Schema", items), findings)

    def _object(
        self,
        path: Path,
        value: Mapping[str, Any],
        schema: Schema,
        findings: Findings,
        embedded: bool,
    ) -> None:
        known = cast("Mapping[str, Schema]", schema.get("properties") or {})
        for name in schema.get("required") or ():
            if value.get(name) is None:
                findings.say((*path, name), "is missing; it is required")
        extra = schema.get("additionalProperties")
        is_open = (
            extra is True
            or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
            or not (known or "additionalProperties" in schema)
        )
        for name, each in value.items():
            here = (*path, name)
            if name in known:
                self._check(here, each, known[name], findings)
            elif isinstance(extra, dict):
                self._check(here, each, cast("Schema", extra), findings)
            elif not is_open and not (embedded and name in IMPLIED):
                findings.say(here, _unknown_field(name, sorted(known)))
            elif self._holds_unknown(each):
                findings.unknown += 1

    def _logic(self, value: Any, schema: Schema) -> Iterator[str]:
        """What ``allOf``, ``anyOf``, ``oneOf`` and ``not`` say: of values, not of fields."""
        for part in schema.get("allOf") or ():
            yield from self._mismatches(value, part)
        for keyword, wanted in (("anyOf", "at least one"), ("oneOf", "exactly one")):
            branches = schema.get(keyword)
            if not branches:
                continue
            reasons = [list(self._mismatches(value, branch)) for branch in branches]
            fits = sum(not each for each in reasons)
            if fits == 0 or (keyword == "oneOf" and fits > 1):
                told = " or ".join(dict.fromkeys(text for each in reasons for text in each))
                found = f": {told}" if told else f", {fits} do"
                yield f"has to fit {wanted} of {len(branches)} forms{found}"
        if "not" in schema and not list(self._mismatches(value, schema["not"])):
            yield f"has a form that is excluded: {_describe(schema['not'])}"

    def _mismatches(self, value: Any, schema: Schema) -> Iterator[str]:
        """Why `value` is not of a form; fields that the form does not name are allowed."""
        schema = self._resolved(schema)
        problem = facets.wrong_type(value, schema)
        if problem:
            yield problem
            return
        yield from facets.wrong_value(value, schema)
        yield from self._logic(value, schema)
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            for name in schema.get("required") or ():
                if fields.get(name) is None:
                    yield f"{name} is missing"
            for name, part in mapping(schema.get("properties")).items():
                if fields.get(name) is not None:
                    for words in self._mismatches(fields[name], part):
                        yield f"{name} {words}"
        if isinstance(value, list) and isinstance(schema.get("items"), dict):
            for item in cast("list[Any]", value):
                yield from self._mismatches(item, schema["items"])

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found = self.resolve(str(schema["$ref"]))
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**found, **rest} if rest else found
        return schema

    def _holds_unknown(self, value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(self._holds_unknown, cast("dict[str, Any]", value).values()))
        if isinstance(value, list):
            return any(map(self._holds_unknown, cast("list[Any]", value)))
        return self.is_unknown(value)


def with_defaults(value: Any, schema: Schema) -> Any:
    """`value` with the defaults of a CRD's schema, which the API server fills in first."""
    if isinstance(value, dict):
        fields = dict(cast("dict[str, Any]", value))
        known = cast("Mapping[str, Schema]", schema.get("properties") or {})
        for name, part in known.items():
            if name not in fields and "default" in part:
                fields[name] = part["default"]
            if fields.get(name) is not None:
                fields[name] = with_defaults(fields[name], part)
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            for name in fields.keys() - known.keys():
                fields[name] = with_defaults(fields[name], cast("Schema", extra))
        return fields
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return [with_defaults(item, cast("Schema", items)) for item in cast("list[Any]", value)]
    return cast("Any", value)


def _unknown_field(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"is no field of this kind; did you mean {near[0]}?"
    shown = ", ".join(known[:_SHOWN_FIELDS])
    more = f" and {len(known) - _SHOWN_FIELDS} more" if len(known) > _SHOWN_FIELDS else ""
    return f"is no field of this kind; there are: {shown}{more}" if known else "is no field here"


def _describe(schema: Schema) -> str:
    required = schema.get("required")
    return f"with {', '.join(required)}" if required else str(dict(schema))
