"""Where a text may hold personal data or secrets, and how sure that is. No presidio in here."""

import ipaddress
import re
from collections.abc import Callable, Iterator

import phonenumbers

from gateway.guards import pii_patterns as forms
from gateway.guards.checksums import IBAN_LENGTHS, is_card, is_iban, is_nip, is_pesel

CHECKED = 1.0
"""It has a checksum that is right, and a form of its own."""
BY_FORM = 0.85
URL_PASSWORD = 0.9
"""Surer than the e-mail address that a password and a host look like."""
WEAK = 0.4
"""It may be something else; 0.75 when a fitting word stands before it."""

_PESEL = re.compile(forms.PESEL)
_NIP = re.compile(forms.NIP)
_IBAN_HEAD = re.compile(forms.IBAN_HEAD)
_IBAN_POLISH = re.compile(forms.IBAN_POLISH)
_CARD_HEAD = re.compile(forms.CARD_HEAD)
_EMAIL = re.compile(forms.EMAIL)
_PHONE = re.compile(forms.PHONE)
_IPV4 = re.compile(forms.IPV4)
_IPV6 = re.compile(forms.IPV6)
_TOKEN = re.compile(forms.KEY_TOKEN)
_ASSIGNED = re.compile(forms.KEY_ASSIGNED)
_VALUE = re.compile(forms.KEY_VALUE)
_BEARER = re.compile(forms.BEARER)
_BODY = re.compile(rf"{forms.KEY_BODY}{{16,2000}}")
_URL_PASSWORD = re.compile(forms.URL_PASSWORD)
_URL_SECRET = re.compile(r"[^\s/@]{3,128}(?=@)")
_PRIVATE_KEY = re.compile(forms.PRIVATE_KEY)
_PLACEHOLDER = re.compile(
    r"[$<{%*]|your|my[_-]|x{3}|example|changeme|placeholder|process\.env|os\.|none|null|true|false",
    re.IGNORECASE,
)
Found = Iterator[tuple[int, int, float]]


def pesels(text: str) -> Found:
    """Polish personal numbers."""
    for match in _PESEL.finditer(text):
        if is_pesel(match.group()):
            yield *match.span(), CHECKED


def nips(text: str) -> Found:
    """Polish tax numbers; ten bare digits are weak, since one number in eleven fits."""
    for match in _NIP.finditer(text):
        number = match.group()[len(match["country"] or "") :]
        if is_nip(number):
            yield *match.span(), BY_FORM if match["country"] or match["hyphens"] else WEAK


def ibans(text: str) -> Found:
    """Bank accounts, and Polish ones without PL."""
    for match in _IBAN_HEAD.finditer(text):
        length = IBAN_LENGTHS.get(match.group()[:2].upper(), 0)
        end = _walk(text, match.start(), length, str.isalnum)
        if end and is_iban(text[match.start() : end]):
            yield match.start(), end, CHECKED
    for match in _IBAN_POLISH.finditer(text):
        if is_iban("PL" + match.group()):
            yield *match.span(), CHECKED


def _walk(text: str, start: int, length: int, fits: Callable[[str], bool]) -> int:
    """The end of so many fitting characters with at most one separator between two; 0 if none."""
    taken, place, gap = 0, start, False
    while place < len(text) and taken < length:
        char = text[place]
        if char.isascii() and fits(char):
            taken, gap = taken + 1, False
        elif char in " -" and not gap:
            gap = True
        else:
            return 0
        place += 1
    done = taken == length and length > 0
    follows = place < len(text) and text[place].isalnum()
    return place if done and not follows else 0


def cards(text: str) -> Found:
    """Payment cards: of the lengths that fit, the longest with the right checksum."""
    for match in _CARD_HEAD.finditer(text):
        for length in (16, 15, 14, 19, 18, 17, 13):
            end = _walk(text, match.start(), length, str.isdigit)
            if end and is_card(text[match.start() : end]) and not text[end : end + 2].isdigit():
                yield match.start(), end, CHECKED
                break


def emails(text: str) -> Found:
    """E-mail addresses."""
    if "@" in text or "[at" in text.lower() or "(at" in text.lower() or "pa)" in text.lower():
        for match in _EMAIL.finditer(text):
            yield *match.span(), BY_FORM


class Phones:
    """Telephone numbers that exist by the plans of their countries.

    Args:
        regions: Countries whose national forms are known.
    """

    def __init__(self, regions: tuple[str, ...]) -> None:
        self._regions = regions

    def __call__(self, text: str) -> Found:
        """Numbers with a country's code are sure, national ones weak."""
        for match in _PHONE.finditer(text):
            number = match.group()
            digits = sum(char.isdigit() for char in number)
            if not 7 <= digits <= 15:
                continue
            if number.startswith(("+", "00")):
                if self._valid("+" + number.removeprefix("00").removeprefix("+"), None):
                    yield *match.span(), BY_FORM
            elif any(self._valid(number, region) for region in self._regions):
                yield *match.span(), WEAK

    @staticmethod
    def _valid(number: str, region: str | None) -> bool:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            return False
        return phonenumbers.is_valid_number(parsed)


def addresses(text: str) -> Found:
    """IP addresses, other than the unspecified one and loopback."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match.group())
            except ValueError:
                continue
            if not address.is_unspecified and not address.is_loopback:
                yield *match.span(), BY_FORM


def secrets(text: str) -> Found:
    """Keys, tokens, passwords after their name or in a URL, private keys."""
    for pattern in (_TOKEN, _PRIVATE_KEY):
        for match in pattern.finditer(text):
            yield *match.span(), CHECKED
    for match in _BEARER.finditer(text):
        value = _BODY.match(text, match.end())
        if value:
            yield *value.span(), BY_FORM
    for match in _URL_PASSWORD.finditer(text):
        value = _URL_SECRET.match(text, match.end())
        if value and not _PLACEHOLDER.match(value.group()):
            yield *value.span(), URL_PASSWORD
    for match in _ASSIGNED.finditer(text):
        value = _VALUE.match(text, match.end())
        if value and _looks_secret(value.group()):
            yield *value.span(), BY_FORM


def _looks_secret(value: str) -> bool:
    value = value.rstrip(".!?)]`")
    letters = any(char.isalpha() for char in value)
    other = any(not char.isalpha() for char in value.rstrip(".,;:!?"))
    return (
        len(value) >= 6
        and letters
        and other
        and any(char.isdigit() or char in "!@#$%^&*~" for char in value)
        and not _PLACEHOLDER.match(value)
    )
