"""What people and programs read, and the exit code."""

import json
import textwrap
from collections.abc import Sequence

from conformance.words import REQUIREMENTS, Finding, Verdict

MARKS = {
    Verdict.MET: "✓",
    Verdict.NOT_MET: "✗",
    Verdict.NOT_RUN: "?",
    Verdict.NOT_WANTED: "-",
}
CONFORMS, FAILS, INCOMPLETE = 0, 1, 3
"""Exit codes; 2 is for what cannot be examined at all."""
WIDTH = 100


def exit_code(findings: Sequence[Finding]) -> int:
    """0: all is met; 1: something is not; 3: nothing is unmet, but not all was looked at."""
    verdicts = {each.verdict for each in findings}
    if Verdict.NOT_MET in verdicts:
        return FAILS
    return INCOMPLETE if Verdict.NOT_RUN in verdicts else CONFORMS


def text(title: str, findings: Sequence[Finding]) -> str:
    """The report for people."""
    width = max(map(len, REQUIREMENTS)) + 2
    lines = [title, ""]
    for each in findings:
        lines += _indented(f"  {MARKS[each.verdict]} {each.requirement:<{width}}", each.detail)
        if each.verdict is Verdict.NOT_MET:
            lines += _indented(" " * (width + 4), f"wanted: {REQUIREMENTS[each.requirement]}")
    return "\n".join([*lines, "", _closing(findings)])


def as_json(title: str, findings: Sequence[Finding]) -> str:
    """The report for programs."""
    rows = [
        {
            "requirement": each.requirement,
            "verdict": each.verdict.value,
            "detail": each.detail,
            "wanted": REQUIREMENTS[each.requirement],
        }
        for each in findings
    ]
    told = {"server": title, "conforms": exit_code(findings) == CONFORMS, "findings": rows}
    return json.dumps(told, indent=2, ensure_ascii=False)


def _indented(head: str, detail: str) -> list[str]:
    """`detail` beside `head`, wrapped; lines of it stay lines."""
    space = " " * len(head)
    lines: list[str] = []
    for line in detail.splitlines() or [""]:
        lines += textwrap.wrap(line, WIDTH - len(head)) or [""]
    return [f"{head}{lines[0]}", *(f"{space}{line}" for line in lines[1:])]


def _closing(findings: Sequence[Finding]) -> str:
    looked_at = [each for each in findings if each.verdict in (Verdict.MET, Verdict.NOT_MET)]
    unmet = [each.requirement for each in findings if each.verdict is Verdict.NOT_MET]
    not_run = [each.requirement for each in findings if each.verdict is Verdict.NOT_RUN]
    if unmet:
        closing = f"{len(unmet)} of {len(looked_at)} requirements not met: {', '.join(unmet)}"
    else:
        closing = f"all {len(looked_at)} requirements that were looked at are met"
    return f"{closing}; NOT RUN: {', '.join(not_run)}" if not_run else closing
