"""Leaks of the system prompt: a canary in it, and long stretches of it in an answer."""

import base64
import codecs
import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from gateway.contract import Message
from gateway.guards.findings import Finding
from gateway.guards.monitors import PhraseMonitor, Report
from gateway.guards.needles import Needle, Needles, letters, squash
from gateway.guards.settings import LeakSettings

GRAM = 20
"""Letters after which an answer counts as following the system prompt."""
SHORTEST = 60
"""A system prompt with fewer letters is not watched for: nothing in it is private."""
KEPT = 256
"""System prompts whose tables are kept."""
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
SYSTEM_ROLES = frozenset({"system", "developer"})


class Canaries:
    """A random marker for each tenant.

    Args:
        secret: What they are made from; random where None, and then of this process alone.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or os.urandom(32)

    def of(self, tenant: str) -> str:
        """The tenant's marker: begins and ends with letters that are rarely side by side."""
        digest = hmac.digest(self._secret, tenant.encode(), hashlib.sha256)
        return f"ZX{base64.b32encode(digest)[:12].decode()}XZ"


def disguises(canary: str) -> Needles:
    """A canary and the simple codes that a model can write it in."""
    raw = canary.encode()
    forms = [
        canary,
        canary[::-1],
        codecs.encode(canary, "rot13"),
        raw.hex(),
        raw.lower().hex(),
        *_base64_forms(raw),
    ]
    return Needles([Needle(form, "canary", whole=False) for form in forms])


def _base64_forms(raw: bytes) -> list[str]:
    """Base64 of it at each offset, without the characters that its neighbours decide."""
    forms: list[str] = []
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        forms.append(coded[(offset * 8 + 5) // 6 : -2])
    return forms


class Watched:
    """A system prompt, by stretches of `GRAM` letters. Digits do not count: lists number them."""

    def __init__(self, text: str) -> None:
        self.squashed = "".join(filter(str.isalpha, squash(text)))
        self.grams: dict[str, int] = {}
        if len(self.squashed) >= SHORTEST:
            for place in range(len(self.squashed) - GRAM + 1):
                self.grams.setdefault(self.squashed[place : place + GRAM], place + GRAM)


class OverlapMonitor:
    """Reports an answer that follows the system prompt for too long.

    What follows it for `GRAM` characters is held back until it departs from it again.

    Args:
        watched: The system prompt.
        characters: Letters in a row that are too many.
    """

    def __init__(self, watched: Watched, characters: int) -> None:
        self.hold: int | None = None
        self._watched = watched
        size = len(watched.squashed)
        self._most = max(GRAM + 1, min(characters, size * 4 // 5))
        self._tail = ""
        self._place = 0
        self._length = 0

    def step(self, char: str, place: int, report: Report) -> None:
        """Compare the letters of the character with what follows in the system prompt."""
        for letter in filter(str.isalpha, letters(char)):
            self._tail = (self._tail + letter)[-GRAM:]
            text = self._watched.squashed
            if self._length and self._place < len(text) and text[self._place] == letter:
                self._place, self._length = self._place + 1, self._length + 1
            else:
                found = self._watched.grams.get(self._tail)
                self._place, self._length = (found, GRAM) if found else (0, 0)
            if not self._length:
                self.hold = None
            elif self.hold is None:
                self.hold = place
        if self._length >= self._most and self.hold is not None:
            report(Finding(self.hold, place + 1, "system_prompt"))

    def finish(self, place: int, report: Report) -> None:
        """Nothing is left to say."""
        del place, report
        self.hold = None


class LeakGuard:
    """Marks system prompts and watches answers for them.

    Raises:
        LookupError: The environment variable for the secret is not set.
    """

    def __init__(self, settings: LeakSettings) -> None:
        self.settings = settings
        variable = settings.canary_secret_env
        if variable and not os.environ.get(variable):
            raise LookupError(f"environment variable {variable} (canary_secret_env) is not set")
        secret = os.environ[variable].encode() if variable else None
        self._canaries = Canaries(secret)
        self._needles: OrderedDict[str, Needles] = OrderedDict()
        self._watched: OrderedDict[bytes, Watched] = OrderedDict()

    def canary(self, tenant: str) -> str:
        """The tenant's marker."""
        return self._canaries.of(tenant)

    def mark(self, tenant: str, messages: Sequence[Message]) -> list[Message]:
        """The messages with a canary before the first system message, if there is one."""
        marked = list(messages)
        if not self.settings.canary:
            return marked
        for place, message in enumerate(marked):
            if message.role in SYSTEM_ROLES and message.content.strip():
                content = f"[{self._canaries.of(tenant)}]\n{message.content}"
                marked[place] = Message(message.role, content, message.extra)
                break
        return marked

    def monitors(self, tenant: str, system: str) -> list[PhraseMonitor | OverlapMonitor]:
        """Watchers of one answer, given the system prompt without its canary."""
        made: list[PhraseMonitor | OverlapMonitor] = []
        if not system.strip():
            return made
        if self.settings.canary:
            canary = self._canaries.of(tenant)
            needles = _kept(self._needles, canary, lambda: disguises(canary))
            made.append(PhraseMonitor(needles, certain=4))
        if self.settings.overlap_characters:
            key = hashlib.blake2b(system.encode(), digest_size=16).digest()
            watched = _kept(self._watched, key, lambda: Watched(system))
            if watched.grams:
                made.append(OverlapMonitor(watched, self.settings.overlap_characters))
        return made


def _kept(table: OrderedDict[Key, Value], key: Key, make: Callable[[], Value]) -> Value:
    value = table.get(key)
    if value is None:
        value = table[key] = make()
        while len(table) > KEPT:
            table.popitem(last=False)
    else:
        table.move_to_end(key)
    return value
