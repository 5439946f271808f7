"""Bad input: refused by 4xx, in words, and survived."""

from collections.abc import Sequence
from typing import Any

from conformance.answers import patiently
from conformance.place import Place
from conformance.wire import Answer
from conformance.words import Finding, met, not_met

NAMED = 5
"""Wrong answers that are named to people."""
TOO_MUCH = (413, 431, 503)
"""Statuses of a server that will not even look."""


def check(place: Place) -> list[Finding]:
    """Send what is wrong, then what is extreme, then something good."""
    surface = place.surface
    wrong: list[str] = []
    untold: list[str] = []
    asked = 0
    path, elsewhere = surface.elsewhere()
    refused = [(what, _send(place, body)) for what, body in surface.wrong()]
    refused += [("unknown model", place.client.post(path, elsewhere))]
    for what, answer in refused:
        asked += 1
        if not (answer.whole and 400 <= answer.status < 500):
            wrong.append(f"{what}: {answer.told()}")
        elif not _says_why(answer):
            untold.append(f"{what}: {answer.told()}")
    survived = [(what, _send(place, body)) for what, body in surface.extreme()]
    survived += [
        ("unknown path", place.client.get("/no/such/path")),
        ("wrong method", place.client.ask("PUT", surface.path, b"{}")),
    ]
    for what, answer in survived:
        asked += 1
        if not answer.whole or (answer.status >= 500 and answer.status not in TOO_MUCH):
            wrong.append(f"{what}: {answer.told()}")
    after = patiently(place, 1)
    if after.status != 200:
        wrong.append(f"a good request after it: {after.told()}")
    return [
        _judged("bad-input", wrong, f"{asked} bad requests, then a good one: 200"),
        _judged("bad-input-told", untold, "every refusal says what is wrong"),
    ]


def _send(place: Place, body: bytes) -> Answer:
    return place.client.ask("POST", place.surface.path, body)


def _says_why(answer: Answer) -> bool:
    body: Any = answer.json()
    return isinstance(body, dict) and body != {}


def _judged(requirement: str, wrong: Sequence[str], good: str) -> Finding:
    if not wrong:
        return met(requirement, good)
    more = f"; and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
    return not_met(requirement, "; ".join(wrong[:NAMED]) + more)
