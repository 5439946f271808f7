"""Whether an image in the store still is what its Dockerfile makes: a digest of what it copies."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from local.images.table import CONTEXT, OwnImage

CONTEXT_LABEL = "io.llm-platform.context"
"""Label with the digest of what an image was built from."""
_COPY = re.compile(r"^COPY (?!--from=)(.+)$", re.MULTILINE)
_SKIPPED = {"__pycache__"}


def digest(image: OwnImage, context: Path = CONTEXT) -> str:
    """Digest of an image's Dockerfile and of every file that it copies."""
    dockerfile = context / image.dockerfile
    text = dockerfile.read_text(encoding="utf-8")
    found = hashlib.sha256(text.encode())
    for folder, copies in ((context, _COPY), *_others(image)):
        for name in sorted(_copied(text, copies)):
            for file in sorted(_files(folder / name)):
                found.update(f"\0{file.relative_to(folder)}\0".encode())
                found.update(file.read_bytes())
    return found.hexdigest()[:16]


def _others(image: OwnImage) -> Iterator[tuple[Path, re.Pattern[str]]]:
    """Further folders, and what is copied from each."""
    for name, folder in image.contexts.items():
        yield folder, re.compile(rf"^COPY --from={re.escape(name)} (.+)$", re.MULTILINE)


def _copied(dockerfile: str, copies: re.Pattern[str]) -> set[str]:
    """What the build copies out of one of its contexts."""
    lines = (found.split() for found in copies.findall(dockerfile))
    return {name for words in lines for name in words[:-1] if not name.startswith("--")}


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for each in path.rglob("*"):
        inside = each.relative_to(path).parts
        hidden = any(part.startswith(".") for part in inside) or _SKIPPED & set(inside)
        if each.is_file() and not hidden and each.suffix != ".pyc":
            yield each
