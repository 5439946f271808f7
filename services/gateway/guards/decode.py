"""Texts within a text: base64, hexadecimal, percent signs, rot13, backwards, hidden characters."""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from gateway.guards.text import fold

MOST = 16
"""Payloads of one text that are decoded."""
LONGEST = 8192
"""Characters of one payload that are decoded."""
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_\-])(?:[A-Za-z0-9+/_\-]{4}[\s]?){5,2048}[A-Za-z0-9+/_\-]{0,3}={0,2}"
)
_BASE64_LINES = re.compile(r"\s")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:(?:0x|\\x|%)?[0-9A-Fa-f]{2}[ ,:]?){12,4096}")
_HEX_NOISE = re.compile(r"0x|\\x|[ ,:%]")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9._~+\-]){12,8192}")
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{8,}")
_BINARY = re.compile(r"(?<![01])(?:[01]{8}[ ,]?){8,1024}")
_WORD = re.compile(r"[a-z]{4,}")
_TELLING = frozenset(
    [
        "ignore",
        "ignorieren",
        "disregard",
        "forget",
        "instructions",
        "instruction",
        "previous",
        "prompt",
        "system",
        "reveal",
        "rules",
        "pretend",
        "unrestricted",
        "override",
        "bypass",
        "restrictions",
        "password",
        "everything",
        "above",
        "guidelines",
        "zignoruj",
        "zapomnij",
        "instrukcje",
        "poprzednie",
        "ujawnij",
        "zasady",
        "ignoriere",
        "anweisungen",
        "vorherigen",
        "olvida",
        "instrucciones",
        "anteriores",
        "oublie",
        "precedentes",
    ]
)
_ROT13 = frozenset(codecs.encode(word, "rot13") for word in _TELLING)
_BACKWARDS = frozenset(word[::-1] for word in _TELLING)


@dataclass(frozen=True, slots=True)
class Payload:
    """A text within a text.

    Attributes:
        text: What it says.
        start: Where the coded form begins.
        end: Where it ends.
        label: How it was coded.
        suspicion: How sure it is an attack by its form alone, 0 to 1.
    """

    text: str
    start: int
    end: int
    label: str
    suspicion: float = 0.0


def payloads(text: str) -> list[Payload]:
    """What is coded in a text, as far as it decodes to something readable."""
    found: list[Payload] = []
    for payload in _all(text):
        if sum(char.isalpha() for char in payload.text) >= 8:
            found.append(payload)
        if len(found) >= MOST:
            break
    return found


def _all(text: str) -> Iterator[Payload]:
    yield from _hidden(text)
    for match in _BASE64.finditer(text):
        decoded = _from_base64(match.group()[:LONGEST])
        if decoded:
            yield Payload(decoded, *match.span(), "base64")
    for match in _HEX.finditer(text):
        decoded = _readable(_from_hex(match.group()[:LONGEST]))
        if decoded:
            yield Payload(decoded, *match.span(), "hex")
    for match in _BINARY.finditer(text):
        bits = re.sub("[ ,]", "", match.group())
        decoded = _readable(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))
        if decoded:
            yield Payload(decoded, *match.span(), "binary")
    if "%" in text:
        for match in _PERCENT.finditer(text):
            if match.group().count("%") >= 4:
                yield Payload(unquote(match.group()).replace("+", " "), *match.span(), "percent")
    yield from _turned(text)


def _hidden(text: str) -> Iterator[Payload]:
    """Text in characters that nobody sees: there is no honest reason for a sentence in them."""
    if text.isascii():
        return
    for match in _TAGS.finditer(text):
        decoded = "".join(chr(ord(char) - 0xE0000) for char in match.group())
        letters = sum(char.isalpha() for char in decoded)
        yield Payload(decoded, *match.span(), "hidden", 0.95 if letters >= 8 else 0.0)
    for match in _SELECTORS.finditer(text):
        codes = (ord(char) for char in match.group())
        raw = bytes(code - 0xFE00 if code < 0xFE10 else code - 0xE0100 + 16 for code in codes)
        decoded = _readable(raw)
        if decoded:
            yield Payload(decoded, *match.span(), "hidden", 0.95)


def _turned(text: str) -> Iterator[Payload]:
    words = _WORD.findall(fold(text))
    if len(_ROT13.intersection(words)) >= 2:
        yield Payload(codecs.encode(text, "rot13"), 0, len(text), "rot13")
    if len(_BACKWARDS.intersection(words)) >= 2:
        yield Payload(text[::-1], 0, len(text), "backwards")


def _from_base64(coded: str) -> str:
    compact = _BASE64_LINES.sub("", coded).rstrip("=").replace("-", "+").replace("_", "/")
    if compact.isalpha() and (compact.islower() or compact.isupper()):
        return ""
    compact = compact[: len(compact) - (len(compact) % 4 == 1)]
    try:
        raw = base64.b64decode(compact + "=" * (-len(compact) % 4))
    except binascii.Error:
        return ""
    return _readable(raw)


def _from_hex(coded: str) -> bytes:
    digits = _HEX_NOISE.sub("", coded)
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _readable(raw: bytes) -> str:
    """The text that bytes stand for; empty when they do not look like one."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw[:-3].decode(errors="ignore") if len(raw) > 12 else ""
        if len(text.encode()) < len(raw) - 6:
            return ""
    printable = sum(char.isprintable() or char in "\n\t" for char in text)
    return text if text and printable >= 0.95 * len(text) else ""
