"""What the emulated AWS is and is not: the table behind ``llmp doctor --emulation`` and the docs.

Plain data, so that reading it loads nothing of moto. ``python -m local.aws.emulation`` prints
the page `docs/emulation.md`; a test holds the page and the code against this table.
"""

import sys

from local.aws.data.notes import Kind, Note
from local.aws.data.notes_done import ADDED, CORRECTED
from local.aws.data.notes_limits import DIFFERENT, REFUSED

EMULATION: tuple[Note, ...] = (*ADDED, *CORRECTED, *REFUSED, *DIFFERENT)
"""The whole table."""

_TITLES = {
    Kind.ADDED: "Added to moto",
    Kind.CORRECTED: "Corrected",
    Kind.REFUSED: "Refused as AWS refuses it",
    Kind.DIFFERENT: "Different from AWS",
}


def markdown() -> str:
    """The page of the docs."""
    lines = [
        "# What the emulated AWS is, and is not",
        "",
        "`make up` runs AWS as one moto process with parts of",
        "our own in it. This page is printed by `python -m local.aws.emulation`; do not edit it.",
        "An operation that neither moto nor this table has is answered with the error code",
        "`NotEmulated` and status 501.",
    ]
    for kind, title in _TITLES.items():
        lines += ["", f"## {title}", ""]
        refused = kind is Kind.REFUSED
        lines.append(f"| service | what | {'error code' if refused else 'operations'} |")
        lines.append("|---|---|---|")
        for note in EMULATION:
            if note.kind is kind:
                last = f"`{note.code}`" if refused else ", ".join(note.operations)
                lines.append(f"| {note.service} | {note.what} | {last} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
