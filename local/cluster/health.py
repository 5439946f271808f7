"""Asking the processes of a cloud whether they work, and saying why not."""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.cluster.processes import (
    Health,
    KeeperStatus,
    ProcessSpec,
    ProcessStatus,
    State,
    log_file,
)

POLL_SECONDS = 0.1
QUICK_SECONDS = 0.4
PATIENT_SECONDS = 2.0
HURRY_SECONDS = 6.0
TAIL_LINES = 15
LINE_LENGTH = 300
HTTP_OK = 200


@dataclass(frozen=True)
class Sick:
    """A process that does not work.

    Attributes:
        process: Which.
        why: How it shows, in words.
        hopeless: Whether waiting longer cannot help.
    """

    process: ProcessSpec
    why: str
    hopeless: bool = False


def probe(health: Health, timeout: float = PATIENT_SECONDS) -> str:
    """Ask once; returns the empty string when healthy, else why not, in words."""
    parts = urlsplit(health.url)
    host, port = parts.hostname or "", parts.port or 0
    # Not urllib: it would send loopback requests to a proxy that the environment names.
    connection = (
        http.client.HTTPSConnection(host, port, timeout=timeout, context=_tls(health))
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=timeout)
    )
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer from {health.url}: {error}"
    finally:
        connection.close()
    if response.status != HTTP_OK:
        return f"{health.url} answered {response.status}: {_unready(body)}"
    return _unexpected(health, body)


def wait(
    processes: Sequence[ProcessSpec],
    status: Callable[[], KeeperStatus | None],
    seconds: float,
    healthy: Callable[[ProcessSpec], None] = lambda _: None,
) -> Sick | None:
    """Wait until all `processes` work.

    Args:
        processes: What must work, in order of dependence: the first that does not is blamed.
        status: What the keeper says right now.
        seconds: How long to wait at most.
        healthy: Called once for each process when it has become healthy.

    Returns:
        None when all work, else the one to blame.
    """
    began = time.monotonic()
    pending = list(processes)
    # At once, because a process that is not ready yet may take its time to say so.
    with ThreadPoolExecutor(max_workers=len(pending)) as askers:
        while True:
            known = status()
            waited = time.monotonic() - began
            # One that does not answer holds the others up, which a slow machine may need later.
            patience = repeat(QUICK_SECONDS if waited < HURRY_SECONDS else PATIENT_SECONDS)
            answers = list(askers.map(probe, [spec.health for spec in pending], patience))
            reasons = {spec.name: why for spec, why in zip(pending, answers, strict=True) if why}
            for spec in pending:
                if spec.name not in reasons:
                    healthy(spec)
            pending = [spec for spec in pending if spec.name in reasons]
            if not pending:
                return None
            sick = blamed(pending, reasons, known)
            if sick.hopeless or waited >= seconds:
                return sick
            time.sleep(POLL_SECONDS)


def blamed(
    pending: Sequence[ProcessSpec], reasons: Mapping[str, str], status: KeeperStatus | None
) -> Sick:
    """The one process to blame among those that do not work.

    A process that has ended for good comes before one that keeps ending, and that before one that
    runs but does not answer: the latter may only be waiting for the former.
    """
    known: Mapping[str, ProcessStatus] = status.processes if status else {}
    for spec in pending:
        entry = known.get(spec.name)
        if entry and entry.state in {State.FAILED, State.ENDED}:
            return Sick(spec, entry.last_end, hopeless=True)
    for spec in pending:
        entry = known.get(spec.name)
        if entry and entry.last_end:
            return Sick(spec, f"{entry.last_end}, {entry.restarts} times so far")
    if status and status.ended:
        return Sick(pending[0], status.ended, hopeless=True)
    return Sick(pending[0], reasons[pending[0].name])


def tail(folder: Path, name: str) -> str:
    """The last lines of a process's log, cut to a readable length."""
    path = log_file(folder, name)
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 64 * 1024))
            lines = log.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
    except OSError as error:
        return f"(its log cannot be read: {error})"
    if not lines:
        return f"(its log is empty: {path})"
    return "\n".join(line[:LINE_LENGTH] for line in lines)


def _tls(health: Health) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=health.ca_file)
    if health.cert_file:
        context.load_cert_chain(health.cert_file, health.key_file)
    return context


def _unready(body: bytes) -> str:
    """The interesting lines of a /readyz answer: the checks that failed."""
    lines = body.decode(errors="replace").splitlines()
    failing = [line for line in lines if line.startswith("[-]")]
    return "; ".join(failing or lines)[:LINE_LENGTH]


def _unexpected(health: Health, body: bytes) -> str:
    if not health.expect:
        return ""
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return f"{health.url} answered something that is not JSON"
    for key, value in health.expect.items():
        found = answer.get(key) if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if found != value:
            return f"{health.url} answered {key} {found!r} instead of {value!r}"
    return ""
