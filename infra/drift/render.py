"""Drift as people and as programs read it. Pure.

The JSON document is stable: `version` counts up when a field changes its meaning or goes.
"""

from typing import Any

from rich.table import Table
from rich.text import Text

from infra.drift.model import Drift, Kind, OwnerKind, Remedy, Report
from infra.drift.values import shown

DOCUMENT_VERSION = 1

_MARKS = {
    Remedy.REPAIRED: ("repairs it", "yellow"),
    Remedy.LEFT_ALONE: ("leaves it", "dim"),
    Remedy.REFUSED: ("stops at it", "red"),
}
_OWNERS = {
    OwnerKind.UNKNOWN: "not known",
    OwnerKind.OTHER: "another client",
    OwnerKind.CREATION: "fixed at creation",
}


def document(report: Report) -> dict[str, Any]:
    """The report for programs."""
    return {
        "version": DOCUMENT_VERSION,
        "stack": report.stack,
        "checked": report.checked,
        "exitCode": report.exit_code,
        "summary": {remedy.value: report.count(remedy) for remedy in Remedy},
        "drift": [_entry(each) for each in report.drifts],
        "warnings": list(report.warnings),
    }


def _entry(drift: Drift) -> dict[str, Any]:
    return {
        "urn": drift.urn,
        "type": drift.type,
        "name": drift.name,
        "id": drift.id,
        "path": drift.path,
        "kind": drift.kind.value,
        "recorded": drift.recorded,
        "current": drift.current,
        "owner": {
            "kind": drift.owner.kind.value,
            "name": drift.owner.name,
            "detail": drift.owner.detail,
        },
        "remedy": drift.remedy.value,
        "why": drift.why,
    }


def table(report: Report) -> Table:
    """One row for each difference, those that `up` repairs first."""
    made = Table(box=None, pad_edge=False)
    made.add_column("resource", overflow="fold")
    made.add_column("field", overflow="fold")
    made.add_column("recorded → in the cloud", overflow="fold")
    made.add_column("owner", overflow="fold")
    made.add_column("up", no_wrap=True)
    order = [Remedy.REFUSED, Remedy.REPAIRED, Remedy.LEFT_ALONE]
    for drift in sorted(report.drifts, key=lambda each: order.index(each.remedy)):
        words, style = _MARKS[drift.remedy]
        made.add_row(
            f"{_kind_of(drift.type)} {drift.name}",
            drift.path or "(the object)",
            Text(_difference(drift)),
            owner_words(drift),
            Text(words, style=style),
        )
    return made


def _difference(drift: Drift) -> str:
    if not drift.path:
        return drift.kind.value
    match drift.kind:
        case Kind.ADDED:
            return f"added {shown(drift.current)}"
        case Kind.DELETED:
            return f"{shown(drift.recorded)} → deleted"
        case Kind.CHANGED:
            return f"{shown(drift.recorded)} → {shown(drift.current)}"


def owner_words(drift: Drift) -> str:
    """Whose the field is, in few words."""
    kind = _OWNERS.get(drift.owner.kind, drift.owner.kind.value)
    return f"{kind} ({drift.owner.name})" if drift.owner.name else kind


def notes(report: Report) -> list[str]:
    """What is worth a sentence: where owners can be found, and why `up` stops or leaves alone."""
    said: dict[str, None] = {}
    for drift in report.drifts:
        if drift.owner.kind is OwnerKind.UNKNOWN and drift.owner.detail:
            said[f"{_kind_of(drift.type)} {drift.name}: {drift.owner.detail}"] = None
        if drift.remedy is not Remedy.REPAIRED:
            said[f"{_kind_of(drift.type)} {drift.name} {drift.path}: {drift.why}"] = None
    return list(said)


def verdict(report: Report) -> Text:
    """The last line."""
    stopping, repaired = report.count(Remedy.REFUSED), report.count(Remedy.REPAIRED)
    left = report.count(Remedy.LEFT_ALONE)
    if not report.drifts:
        return Text(f"✓ no drift in {report.checked} resources", style="green")
    words = f"{repaired} repaired by up, {left} left alone"
    if stopping:
        words = f"{stopping} that up stops at, {words}"
    style = "yellow" if report.exit_code else "green"
    return Text(f"{words}; {report.checked} resources compared", style=style)


def _kind_of(type_token: str) -> str:
    return type_token.rpartition(":")[2]
