"""Checksums of numbers that have one. All take the number as written, separators and all."""

import re
from datetime import date

_SEPARATORS = re.compile(r"[\s\-.]")
_PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
_CARD = re.compile(
    "4([0-9]{12}|[0-9]{15}|[0-9]{18})|3[47][0-9]{13}|3(0[0-59]|[689][0-9])[0-9]{11}"
    "|(5[0-8][0-9]|2(2[2-9]|[3-6][0-9]|7[0-2])|35[2-8])[0-9]{13}|6[0-9]{15,18}"
)
"""Visa, American Express, Diners, Mastercard, JCB, Discover, UnionPay and Maestro."""
_CENTURIES = {0: 1900, 20: 2000, 40: 2100, 60: 2200, 80: 1800}

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30,
    "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22,
    "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23,
    "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an IBAN by country."""


def bare(number: str) -> str:
    """A number without spaces, hyphens and dots."""
    return _SEPARATORS.sub("", number)


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def is_pesel(number: str) -> bool:
    """Whether it is a Polish personal number: eleven digits, a date of birth, a check digit."""
    digits = bare(number)
    if not re.fullmatch("[0-9]{11}", digits) or digits == "0" * 11:
        return False
    month = int(digits[2:4])
    century = _CENTURIES.get(month // 20 * 20)
    if century is None:
        return False
    try:
        date(century + int(digits[:2]), month % 20, int(digits[4:6]))
    except ValueError:
        return False
    return (10 - _weighted(digits, _PESEL_WEIGHTS) % 10) % 10 == int(digits[10])


def is_nip(number: str) -> bool:
    """Whether it is a Polish tax number: ten digits, the last one checks the others."""
    digits = bare(number)
    if not re.fullmatch("[0-9]{10}", digits) or len(set(digits)) == 1:
        return False
    return _weighted(digits, _NIP_WEIGHTS) % 11 == int(digits[9])


def is_card(number: str) -> bool:
    """Whether it can be a payment card: an issuer's prefix, 13 to 19 digits, Luhn's checksum."""
    digits = bare(number)
    if not _CARD.fullmatch(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_iban(number: str) -> bool:
    """Whether it is an IBAN: length of its country, remainder 1 by 97."""
    text = bare(number).upper()
    if not re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", text):
        return False
    if IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1
