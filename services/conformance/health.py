"""Liveness, readiness, and whether readiness is true."""

import time
from collections.abc import Callable

from conformance.place import Place
from conformance.wire import Client
from conformance.words import Finding, met, not_met


def check_live(place: Place) -> Finding:
    """Whether liveness answers 200."""
    return _is_200("live", place.client, place.live)


def check_ready(place: Place) -> Finding:
    """Whether readiness answers 200."""
    return _is_200("ready", place.client, place.ready)


def check_ready_is_true(place: Place) -> Finding:
    """Whether a server that says it is ready answers."""
    surface = place.surface
    ready = place.client.get(place.ready)
    answer = place.client.post(surface.path, surface.question(1))
    return judged("ready-when-loaded", place.ready, ready.status, answer.status, answer.told())


def judged(requirement: str, path: str, ready: int, status: int, told: str) -> Finding:
    """Judge an answer that was asked for right after readiness answered."""
    if ready != 200:
        return not_met(requirement, f"GET {path} answers {ready or 'nothing'}")
    if status != 200:
        return not_met(requirement, f"GET {path} answered 200, the request right after: {told}")
    return met(requirement, f"GET {path} answered 200, the request right after too")


def wait(
    client: Client, path: Callable[[], str], seconds: float, alive: Callable[[], bool]
) -> tuple[bool, str]:
    """Wait until readiness answers 200.

    Args:
        client: Asks.
        path: Where readiness is; asked every time, since it may be unknown until the server is up.
        seconds: For how long.
        alive: Whether waiting still makes sense.

    Returns:
        Whether it did, and what was seen.
    """
    began = time.monotonic()
    told = "nothing was asked"
    while time.monotonic() - began < seconds:
        if not alive():
            return False, "it ended"
        answer = client.get(path(), seconds=min(5, client.seconds))
        told = answer.told()
        if answer.status == 200:
            return True, f"ready after {time.monotonic() - began:.1f} s"
        time.sleep(0.05)
    return False, f"not ready after {seconds:.0f} s; GET {path()}: {told}"


def _is_200(requirement: str, client: Client, path: str) -> Finding:
    answer = client.get(path)
    if answer.status == 200 and answer.whole:
        return met(requirement, f"GET {path}: 200")
    return not_met(requirement, f"GET {path}: {answer.told()}")
