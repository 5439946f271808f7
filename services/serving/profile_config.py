"""Reading and changing the measured values of a ``config.pbtxt``, comments left alone.

The text is edited field by field, then parsed: an edit whose result does not mean what was asked
for is refused. Pure but for the protobuf definitions of tritonclient.
"""

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import text_format

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<word>[A-Za-z0-9_.+-]+)|(?P<sign>[{}\[\]<>:,;])"""
)
_PREFERRED = re.compile(r"\bpreferred_batch_size\s*:?\s*(?:\[[^\]]*\]|\d+)[,;]?")
_OPEN = {"{": "}", "<": ">"}


class ConfigError(Exception):
    """A configuration that cannot be read, or cannot be changed as asked."""


@dataclass(frozen=True)
class Tuned:
    """The values that profiling decides.

    Attributes:
        instance_count: Copies of the model, all instance groups together.
        max_batch_size: Requests in one execution, at most; 0: no batching.
        preferred_batch_size: Sizes at which a batch goes before its time; none: only full ones.
        max_queue_delay_microseconds: How long a request may wait for others to form a batch with;
            None: no dynamic batching.
    """

    instance_count: int
    max_batch_size: int
    preferred_batch_size: tuple[int, ...]
    max_queue_delay_microseconds: int | None

    def as_dict(self) -> dict[str, Any]:
        """The values by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True)
class _Value:
    """A scalar in the text: its path of field names, and where it stands."""

    path: tuple[str, ...]
    start: int
    end: int


def read(text: str) -> Tuned:
    """The values of a configuration.

    Raises:
        ConfigError: It is no configuration of Triton.
    """
    config = _parsed(text)
    batching = config.WhichOneof("scheduling_choice") == "dynamic_batching"
    delay = config.dynamic_batching.max_queue_delay_microseconds if batching else None
    count = sum(max(1, group.count) for group in config.instance_group) or 1
    preferred = tuple(config.dynamic_batching.preferred_batch_size)
    return Tuned(count, config.max_batch_size, preferred, delay)


def change(text: str, wanted: Tuned) -> str:
    """The text with other values; what has the right value already stays as it is.

    Raises:
        ConfigError: It is no configuration, or one that this cannot change: several instance
            groups, or another scheduler than the dynamic batcher.
    """
    before = _parsed(text)
    if len(before.instance_group) > 1:
        raise ConfigError("it has several instance groups: which of them counts is for a person")
    scheduler = before.WhichOneof("scheduling_choice")
    if scheduler not in {None, "dynamic_batching"}:
        raise ConfigError(f"it has {scheduler}, so that no batches are formed by delay")
    now = read(text)
    changed = text
    if now.max_batch_size != wanted.max_batch_size:
        changed = _set(changed, ("max_batch_size",), wanted.max_batch_size)
    if now.instance_count != wanted.instance_count:
        changed = _set(changed, ("instance_group", "count"), wanted.instance_count)
    delay = wanted.max_queue_delay_microseconds
    if now.max_queue_delay_microseconds != delay:
        if delay is None:
            raise ConfigError("dynamic batching is not taken out by this: do it by hand")
        changed = _set(changed, ("dynamic_batching", "max_queue_delay_microseconds"), delay)
    if now.preferred_batch_size != wanted.preferred_batch_size:
        changed = _prefer(changed, wanted.preferred_batch_size)
    _check(before, changed, wanted)
    return changed


def rename(text: str, name: str) -> str:
    """The text with another name of the model."""
    there = next((each for each in _values(text) if each.path == ("name",)), None)
    if there is None:
        return f'name: "{name}"\n{text}'
    return f'{text[: there.start]}"{name}"{text[there.end :]}'


def _check(before: Any, changed: str, wanted: Tuned) -> None:
    """Refuse a text that says anything else than `before` with the wanted values."""
    if read(changed) != wanted:
        raise ConfigError(f"its text cannot be changed to {wanted}: do it by hand")
    after = _parsed(changed)
    for config in (before, after):
        config.ClearField("max_batch_size")
        config.dynamic_batching.ClearField("max_queue_delay_microseconds")
        config.dynamic_batching.ClearField("preferred_batch_size")
        for group in config.instance_group:
            group.ClearField("count")
        if not before.instance_group:
            config.ClearField("instance_group")
    if before != after:
        raise ConfigError("changing its text would change other fields: do it by hand")


def _set(text: str, path: tuple[str, ...], value: int) -> str:
    """Put a value at `path`: over the one that is there, into its block, or at the end."""
    there = [each for each in _values(text) if each.path == path]
    if there:
        return f"{text[: there[0].start]}{value}{text[there[0].end :]}"
    name = path[-1]
    if len(path) == 1:
        return f"{text.rstrip()}\n\n{name}: {value}\n"
    block = _block(text, path[0])
    if block is None:
        kind = "kind: KIND_CPU " if path[0] == "instance_group" else ""
        opening, closing = ("[ {", "} ]") if path[0] == "instance_group" else ("{", "}")
        return f"{text.rstrip()}\n\n{path[0]} {opening} {kind}{name}: {value} {closing}\n"
    return f"{text[:block]} {name}: {value}{text[block:]}"


def _prefer(text: str, sizes: tuple[int, ...]) -> str:
    """Put other preferred batch sizes into the block of the dynamic batcher."""
    start = _block(text, "dynamic_batching")
    if start is None:
        raise ConfigError("preferred batch sizes need dynamic batching")
    plain = _TOKEN.sub(_masked, text)
    end = _closing(plain, start)
    there = list(_PREFERRED.finditer(plain, start, end))
    written = f"preferred_batch_size: [ {', '.join(map(str, sizes))} ]" if sizes else ""
    for found in reversed(there[1:]):
        text = text[: found.start()] + text[found.end() :]
    if there:
        before, after = text[: there[0].start()], text[there[0].end() :]
        if not written and before.rstrip(" ").endswith("\n") and after.startswith("\n"):
            return before.rstrip(" ") + after[1:]
        return f"{before}{written}{after}" if written else before + after.removeprefix(" ")
    return f"{text[:start]} {written}{text[start:]}"


def _masked(token: re.Match[str]) -> str:
    """Comments and strings as blanks of the same length, so that positions stay."""
    return " " * len(token.group()) if token.lastgroup in {"comment", "string"} else token.group()


def _closing(plain: str, start: int) -> int:
    """Where the block ends whose inside begins at `start`."""
    depth = 1
    for at in range(start, len(plain)):
        depth += (plain[at] in "{<") - (plain[at] in "}>")
        if depth == 0:
            return at
    return len(plain)


def _values(text: str) -> Iterator[_Value]:
    """Every scalar, in order."""
    for path, kind, start, end in _walk(text):
        if kind == "value":
            yield _Value(path, start, end)


def _block(text: str, name: str) -> int | None:
    """Where the first block of a top-level field begins, just after its bracket."""
    for path, kind, _, end in _walk(text):
        if kind == "open" and path == (name,):
            return end
    return None


def _walk(text: str) -> Iterator[tuple[tuple[str, ...], str, int, int]]:
    """Path, kind (``value`` or ``open``), start and end of scalars and opening brackets."""
    stack: list[str] = []
    name, after_colon = "", False
    for token in _TOKEN.finditer(text):
        word, kind = token.group(), token.lastgroup
        if kind == "comment":
            continue
        if word in _OPEN:
            stack.append(name)
            yield tuple(stack), "open", token.start(), token.end()
            after_colon = False
        elif word in _OPEN.values():
            # The elements of a list of blocks all have the name before the list.
            name = stack.pop() if stack else ""
            after_colon = False
        elif word == ":":
            after_colon = True
        elif kind in {"word", "string"} and after_colon:
            yield (*stack, name), "value", token.start(), token.end()
            after_colon = False
        elif kind == "word":
            name = word


def _parsed(text: str) -> Any:
    config = _config()
    try:
        text_format.Parse(text, config)
    except text_format.ParseError as error:
        raise ConfigError(f"it is no configuration of Triton: {error}") from error
    return config


@cache
def _definitions() -> Any:
    """The protobuf definitions, without the package around them, which clashes with KServe's."""
    package = importlib.util.find_spec("tritonclient")
    folder = Path(package.origin).parent if package and package.origin else Path()
    file = folder / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("triton_model_config", file)
    if spec is None or spec.loader is None or not file.exists():
        raise ConfigError("tritonclient, which says what a configuration is, is not installed")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _config() -> Any:
    return _definitions().ModelConfig()
