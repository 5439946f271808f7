"""Inputs of components held against their declaration, before anything reads them.

A component's inputs are a `TypedDict`. A type checker holds callers to it in Python; programs in
other languages, plain dictionaries and casts get past it, so the declaration is checked again
when a component is made. Pure: nothing of Pulumi is needed to tell that a value is not known yet.
"""

import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from types import UnionType
from typing import Any, Final, TypeVar, cast, is_typeddict

from llm_platform.problems import Problem, did_you_mean, raise_if_any

Args = TypeVar("Args")

_PLAIN = (str, int, float, Mapping, list, tuple)
_LISTS = (list, tuple, Sequence)
_MAPPINGS = (dict, Mapping)
_WORDS = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


class _Unfit:
    """Stands for a value of which nothing fits its declaration."""


_UNFIT: Final = _Unfit()


def raise_if_wrong(
    subject: str,
    declared: type[Args],
    args: Args,
    check: Callable[[Args], Iterable[Problem]],
) -> None:
    """Raise one error for everything that is wrong with a component's inputs.

    Args:
        subject: What is checked, e.g. ``GpuNodePool 'l4'``.
        declared: The `TypedDict` of the inputs.
        args: The inputs as they were given.
        check: Judges values. It gets only what fits the declaration, so keys may be missing,
            required ones too; everything that is there has its declared type.

    Raises:
        InvalidInputsError: A required key is missing, a key is not known, a value has another
            type than declared, or `check` found something. All are named at once.
    """
    problems, fitting = fitting_inputs(declared, args)
    raise_if_any(subject, [*problems, *check(fitting)])


def fitting_inputs(declared: type[Args], args: Args) -> tuple[list[Problem], Args]:
    """What is wrong with the form of inputs, and the part of them that fits.

    Values that only the run decides are left as they are. ``None`` counts as absent.
    """
    form = _Form()
    if not isinstance(args, Mapping):
        form.say("args", args, declared)
        return form.problems, cast("Args", {})
    given = cast("Mapping[Any, Any]", args)
    return form.problems, cast("Args", form.record("", declared, given))


class _Form:
    """Collects problems while it takes inputs apart."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def say(self, path: str, value: object, hint: Any) -> _Unfit:
        """Note that a value is not of its type."""
        self.problems.append(Problem(path, f"{_shown(value)} is {_kind_of(value)}", _words(hint)))
        return _UNFIT

    def record(self, path: str, declared: Any, given: Mapping[Any, Any]) -> dict[str, Any]:
        """The fitting part of a mapping whose keys are declared."""
        hints: dict[str, Any] = {key: _bare(hint) for key, hint in _annotations(declared).items()}
        required: frozenset[str] = declared.__required_keys__
        fitting: dict[str, Any] = {}
        for key, value in given.items():
            where = f"{path}.{key}" if path else str(key)
            if key not in hints:
                what = f"is not a known input{did_you_mean(str(key), hints)}"
                self.problems.append(Problem(where, what, f"one of {', '.join(sorted(hints))}"))
            elif value is not None:
                fitted = self.value(where, hints[key], value)
                if fitted is not _UNFIT:
                    fitting[key] = fitted
        for key in sorted(required):
            if given.get(key) is None:
                where = f"{path}.{key}" if path else key
                self.problems.append(Problem(where, "is missing", _words(hints[key])))
        return fitting

    def value(self, path: str, hint: Any, value: object) -> object:
        """The fitting part of a value, or `_UNFIT`."""
        options = _options(hint)
        if not _is_plain(value) or Any in options or object in options:
            return value
        for option in options:
            kind: Any = typing.get_origin(option) or option
            if kind in _LISTS and isinstance(value, (list, tuple)):
                return self._list(path, option, cast("Sequence[Any]", value))
            if isinstance(value, Mapping):
                given = cast("Mapping[Any, Any]", value)
                if is_typeddict(option) or kind in _MAPPINGS:
                    judge = self.record if is_typeddict(option) else self._mapping
                    return judge(path, option, given)
            elif _is_scalar_of(value, kind):
                return value
        return self.say(path, cast("object", value), hint)

    def _list(self, path: str, hint: Any, given: Sequence[Any]) -> Any:
        inner: Any = next(iter(typing.get_args(hint)), Any)
        fitted = [self.value(f"{path}[{i}]", inner, value) for i, value in enumerate(given)]
        # the whole list goes, or places in it would no longer be those that were given
        return _UNFIT if any(each is _UNFIT for each in fitted) else fitted

    def _mapping(self, path: str, hint: Any, given: Mapping[Any, Any]) -> Any:
        inner: Any = (*typing.get_args(hint), Any, Any)[1]
        fitted = {key: self.value(f"{path}.{key}", inner, value) for key, value in given.items()}
        return {key: value for key, value in fitted.items() if value is not _UNFIT}


def _annotations(declared: Any) -> dict[str, Any]:
    return {
        key: hint
        for base in reversed(declared.__mro__)
        for key, hint in getattr(base, "__annotations__", {}).items()
    }


def _bare(hint: Any) -> Any:
    wrapped = typing.get_origin(hint) in {typing.NotRequired, typing.Required}
    return typing.get_args(hint)[0] if wrapped else hint


def _options(hint: Any) -> list[Any]:
    """The plain types of a hint; outputs and awaitables are never compared."""
    if typing.get_origin(hint) in {typing.Union, UnionType}:
        return [option for part in typing.get_args(hint) for option in _options(part)]
    return [hint]


def _is_plain(value: object) -> bool:
    return isinstance(value, _PLAIN)


def _is_scalar_of(value: object, kind: Any) -> bool:
    if not isinstance(kind, type):
        return isinstance(kind, TypeVar)
    if issubclass(kind, Enum):
        return isinstance(value, str)
    if kind is int and isinstance(value, float):
        # numbers of other languages arrive as floating point
        return value.is_integer()
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _words(hint: Any) -> str:
    for option in _options(hint):
        kind: Any = typing.get_origin(option) or option
        if is_typeddict(option):
            return f"a mapping with {', '.join(_annotations(option))}"
        if kind in _LISTS:
            return "a list"
        if kind in _MAPPINGS:
            return "a mapping"
        if isinstance(kind, type) and issubclass(kind, Enum):
            return f"one of {', '.join(str(member.value) for member in kind)}"
        if kind in _WORDS:
            return _WORDS[kind]
    return "a value"


def _kind_of(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return next((words for kind, words in _WORDS.items() if type(value) is kind), "no such value")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
