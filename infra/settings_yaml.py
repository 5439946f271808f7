"""YAML as the engine reads it: nothing twice, nothing guessed; errors with line and column."""

import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import BaseResolver

from llm_platform.problems import InvalidInputsError, Problem, raise_if_any

STACK_FILE = "stack file"
"""Path of what is wrong with the file as a whole."""

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_GUESSED = {f"{_TAG}timestamp", f"{_TAG}bool", f"{_TAG}int"}
_BOOL = re.compile(r"^(true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^[-+]?(0|[1-9][0-9]*)$")


class _Loader(yaml.SafeLoader):
    """Safe YAML without its first version's guesses: `no` is a text, as are dates and `1:30`."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _GUESSED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_untyped: Any = _Loader
_untyped.add_implicit_resolver(f"{_TAG}bool", _BOOL, list("tTfF"))
_untyped.add_implicit_resolver(f"{_TAG}int", _INT, list("-+0123456789"))


def read_yaml(content: bytes) -> Any:
    """The document in a file; None when it is empty.

    Raises:
        InvalidInputsError: It is no YAML, holds several documents, or a mapping has a key twice
            or one that is no text. Subject is `STACK_FILE`.
    """
    try:
        text = content.decode("utf-8")
        loader: Any = _Loader(text)
        node: Node | None = loader.get_single_node()
        if node is None:
            return None
        raise_if_any(STACK_FILE, _key_problems(node, ""))
        return loader.construct_document(node)
    except UnicodeDecodeError as error:
        what = f"is not UTF-8: byte {error.start + 1} cannot be read"
        raise _wrong(what) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _wrong(f"is no YAML: {where}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _wrong(f"is no YAML: {' '.join(str(error).split())}") from None


def _wrong(what: str) -> InvalidInputsError:
    return InvalidInputsError(STACK_FILE, [Problem(STACK_FILE, what, "a YAML mapping in UTF-8")])


def _key_problems(node: Node, path: str) -> list[Problem]:
    """Keys that are given twice, which YAML forbids and PyYAML passes over, or are no texts."""
    if isinstance(node, SequenceNode):
        items: list[Node] = node.value
        return [
            found
            for index, item in enumerate(items)
            for found in _key_problems(item, f"{path}[{index}]")
        ]
    if not isinstance(node, MappingNode):
        return []
    problems: list[Problem] = []
    first: dict[Hashable, int] = {}
    pairs: list[tuple[Node, Node]] = node.value
    for key, value in pairs:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            problems.append(Problem(path or STACK_FILE, f"line {line}: a key is no text", "a text"))
            continue
        if key.tag == _MERGE:
            continue
        where = _joined(path, str(key.value))
        if key.value in first:
            what = f"is given twice, in line {first[key.value]} and in line {line}"
            problems.append(Problem(where, what, "every key once"))
        first.setdefault(key.value, line)
        # a key such as 1 or yes is one of a settings' names as little as any other wrong text
        key.tag = BaseResolver.DEFAULT_SCALAR_TAG
        problems += _key_problems(value, where)
    return problems


def _joined(path: str, key: str) -> str:
    """Paths of settings leave out the engine's `config` and the project's name."""
    if path == "config":
        return key.removeprefix("llm-platform:")
    return f"{path}.{key}" if path else key
