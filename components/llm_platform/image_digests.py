"""The lock file of image digests: how it is read, and what may be wrong with it. Pure.

A digest says which bytes a tag stood for when somebody looked. It is looked up by
``llmp images lock``; one that was never looked up is never written.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NAME = re.compile(r"[a-z0-9][a-z0-9./_-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*")


def locked(file: Path) -> Mapping[str, str]:
    """Digests by repository and tag; none when there is no such file.

    Raises:
        ValueError: The file is damaged; names every problem.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    digests, problems = parse(text)
    if problems:
        where = "; ".join(problems)
        raise ValueError(f"{file.name}: {where}. Remove it, or write it anew: llmp images lock")
    return digests


def parse(text: str) -> tuple[dict[str, str], list[str]]:
    """Digests in a lock file's text, and every problem with it."""
    try:
        read: Any = json.loads(text)
    except ValueError as error:
        return {}, [f"is no JSON ({error})"]
    if not isinstance(read, dict):
        return {}, ["is no object of names and digests"]
    entries = cast("dict[str, Any]", read)
    problems = [
        *(f"{name!r} is no name with a tag" for name in entries if not NAME.fullmatch(name)),
        *(
            f"the digest of {name!r} is {digest!r}, wanted: sha256: and 64 hexadecimal digits"
            for name, digest in entries.items()
            if not (isinstance(digest, str) and DIGEST.fullmatch(digest))
        ),
    ]
    return ({} if problems else {name: str(value) for name, value in entries.items()}), problems


def render(digests: Mapping[str, str]) -> str:
    """The text of a lock file."""
    return json.dumps(dict(sorted(digests.items())), indent=2) + "\n"
