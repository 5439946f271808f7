"""Python's words in the words of other languages: `min_size` is `minSize` there. Pure."""

import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

from pulumi.provider.experimental.util import camel_case

Translate = Callable[[str], str]

_MEMBERS = ("items", "additionalProperties")


def translator(names: Iterable[str]) -> Translate:
    """What turns the `names` that occur in a text into those of the schema.

    Args:
        names: Names of inputs and outputs in Python. One without an underscore is the same
            word in every language.
    """
    compound = sorted((name for name in set(names) if "_" in name), key=len, reverse=True)
    if not compound:
        return str
    # Not within a longer name, a path of modules or a key of Kubernetes.
    word = re.compile(rf"(?<![\w/-])({'|'.join(map(re.escape, compound))})(?![\w/-])")
    return lambda text: word.sub(lambda found: camel_case(found[1]), text)


def described(schema: Any, translate: Translate) -> Any:
    """`schema` as it is served.

    Descriptions lose Python's indentation and names. What is null or empty goes, and so do the
    descriptions that the SDK repeats at the members of lists and maps, which have no place there.
    """
    if isinstance(schema, list):
        return [described(each, translate) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    served: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", schema).items():
        if value is None or value == []:
            continue
        if key == "description" and isinstance(value, str):
            served[key] = translate(inspect.cleandoc(value))
            continue
        inner = described(value, translate)
        if key in _MEMBERS:
            inner.pop("description", None)
        served[key] = inner
    return served
