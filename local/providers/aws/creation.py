"""Creation when the answer may be lost: nothing is made twice, nothing is left behind.

A call that makes something and whose outcome is unknown is not simply repeated. What stands is
looked at first: what has appeared since and carries this resource's tags, or has its name, is
what the call made. Where nothing has, the call is made again. Only what this very request made
is taken: what stood before is not adopted.
"""

import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from local import patience
from local.aws.retries import attempts_of, note_attempts, watching
from local.limits import limits
from local.providers.aws.cloud import Cloud, cause, missing_as_none
from local.providers.aws.handler import Handler
from local.providers.aws.project import means_the_same
from local.providers.model import PartialError, ProviderError, State

Failed = (ClientError, BotoCoreError, ResponseParserError, ProviderError, patience.StoppedError)


def create(handler: Handler, cloud: Cloud, inputs: Mapping[str, Any]) -> str:
    """Make a resource and return its id; see :meth:`Handler.create`.

    Raises:
        PartialError: It may have been made, under an id that is known beforehand.
        ProviderError: It may have been made and cannot be told, or several have been.
    """
    if handler.named(cloud, inputs) is not None:
        return _created(handler, cloud, inputs, None)
    with _TURNS.of(handler, inputs):
        return _created(handler, cloud, inputs, handler.alike(cloud, inputs))


def _created(
    handler: Handler, cloud: Cloud, inputs: Mapping[str, Any], before: frozenset[str] | None
) -> str:
    began, lost = time.monotonic(), 0
    while True:
        with watching() as watch:
            try:
                return handler.create(cloud, inputs)
            except Failed as error:
                if not watch.lost:
                    raise
                failure = error
        with patience.last_look():
            made = _made(handler, cloud, inputs, before, _words(failure, watch.lost))
        if made is not None:
            return made
        lost += len(watch.lost)
        note_attempts(failure, max(lost, attempts_of(failure)))
        allowed = limits().allow(lost, time.monotonic() - began)
        if not allowed or isinstance(failure, patience.StoppedError):
            raise failure
        patience.pause(patience.with_jitter(limits().pause(lost)))


def _words(failure: BaseException, lost: list[str]) -> str:
    text = cause(failure)
    return text if lost[-1] in text else f"{lost[-1]}: {text}"


def _made(
    handler: Handler,
    cloud: Cloud,
    inputs: Mapping[str, Any],
    before: frozenset[str] | None,
    failure: str,
) -> str | None:
    """What a call made although it failed with `failure`; None: nothing."""
    named = None
    try:
        named = handler.named(cloud, inputs)
        if named is not None:
            seen = missing_as_none(lambda: handler.read(cloud, named, inputs))
            return named if seen is not None and _is_ours(handler, seen, inputs) else None
        now = handler.alike(cloud, inputs)
    except Failed as error:
        reason = f"{failure}; it may have been made, and looking for it failed: {cause(error)}"
        if named is not None:
            plain = {key: value for key, value in inputs.items() if not key.startswith("__")}
            raise PartialError(State(named, plain), [reason]) from error
        raise ProviderError(f"{reason}. {_advice(inputs)}") from error
    if now is None or before is None:
        raise ProviderError(f"{failure}; it may have been made. {_advice(inputs)}")
    appeared = sorted(now - before)
    if len(appeared) > 1:
        raise ProviderError(
            f"{failure}; it may have been made, and several have appeared that carry its tags: "
            f"{', '.join(appeared)}. Delete what is not wanted, then run the same command again"
        )
    return appeared[0] if appeared else None


def _is_ours(handler: Handler, seen: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Whether what has the name is what was to be made, and not something that stood before.

    What has its tags is told by what cannot be changed; what has none, by all that is reported.
    """
    if handler.looks_first:
        return True
    wanted: Mapping[str, str] = inputs.get("tagsAll") or {}
    has: Mapping[str, str] = seen.get("tagsAll") or {}
    return wanted.items() <= has.items() and all(
        means_the_same(field, inputs[name], seen[name])
        for name, field in handler.schema.fields.items()
        if (field.replace or not wanted)
        and not field.kept
        and inputs.get(name) is not None
        and seen.get(name) is not None
    )


def _advice(inputs: Mapping[str, Any]) -> str:
    tags: Mapping[str, str] = inputs.get("tagsAll") or {}
    if not tags:
        return "It has no tags by which it could be found: look for it by hand before the next run"
    told = ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
    return f"Look for what has the tags {told} and is in no state, before the next run"


class _Turns:
    """One creation at a time of resources that could be taken for each other."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, ...], tuple[threading.Lock, int]] = {}
        self._own = threading.Lock()

    @contextmanager
    def of(self, handler: Handler, inputs: Mapping[str, Any]) -> Generator[None]:
        """Hold the turn of resources of this type and these tags."""
        tags: Mapping[str, Any] = inputs.get("tagsAll") or {}
        key = (handler.urn_type, *(f"{name}={value}" for name, value in sorted(tags.items())))
        with self._own:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._own:
                users = self._locks[key][1] - 1
                if users:
                    self._locks[key] = lock, users
                else:
                    del self._locks[key]


_TURNS = _Turns()
