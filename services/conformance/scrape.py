"""Metrics: there, readable, and moved by requests."""

import time
from collections.abc import Mapping

from conformance.answers import SHORT
from conformance.place import Place
from conformance.prometheus import grown, read
from conformance.words import Finding, met, not_met, not_run

NAMED = 4
"""Counters that are named to people."""


def check(place: Place) -> list[Finding]:
    """Whether there are metrics, and whether one grows with requests."""
    before = _scrape(place)
    if isinstance(before, str):
        counted = not_run("metrics-count", "there are no metrics that can be read")
        return [not_met("metrics", before), counted]
    found = met("metrics", f"GET {place.scraper.url}{place.metrics}: {len(before)} counters")
    return [found, _check_count(place, before)]


def _check_count(place: Place, before: Mapping[str, float]) -> Finding:
    answer = place.client.post(place.surface.path, place.surface.question(SHORT))
    if answer.status != 200:
        return not_run("metrics-count", f"no request was answered: {answer.told()}")
    deadline = time.monotonic() + place.limits.metrics_seconds
    while True:
        after = _scrape(place)
        names = grown(before, after) if not isinstance(after, str) else []
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            return met("metrics-count", f"{', '.join(names[:NAMED])}{more}")
        if time.monotonic() > deadline:
            seconds = f"{place.limits.metrics_seconds:.0f} s"
            return not_met("metrics-count", f"no counter has grown {seconds} after a request")
        time.sleep(0.5)


def _scrape(place: Place) -> Mapping[str, float] | str:
    answer = place.scraper.get(place.metrics)
    where = f"GET {place.scraper.url}{place.metrics}"
    if answer.status != 200 or not answer.whole:
        return f"{where}: {answer.told()}"
    counters = read(answer.body.decode(errors="replace"))
    return f"{where}: {counters}" if isinstance(counters, str) else counters
