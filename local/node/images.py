"""Images in the node's store: imported once, found again by the next cloud."""

import fcntl
import json
import os
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.cluster.processes import write_private
from local.errors import LocalCloudError

KNOWN_FILE = "imported.json"
LOCK_FILE = "imported.lock"

Ctr = Callable[[Sequence[str]], str]


def import_archive(ctr: Ctr, store: Path, tar: Path, names: Sequence[str]) -> bool:
    """Import `tar` and give its image the names `names`; see `LiveCloud.import_image`.

    One import at a time: two at once may remove what the other has just unpacked.
    """
    if not names:
        raise ValueError("an image without a name can be found by nobody")
    print_of = _fingerprint(tar)
    with _locked(store):
        known = _read(store)
        missing = [name for name in names if known.get(name) != print_of]
        if not missing:
            present = set(ctr(["images", "ls", "-q"]).split())
            missing = [name for name in names if name not in present]
        if not missing:
            return False
        _import(ctr, tar, names, known)
        known.update(dict.fromkeys(names, print_of))
        write_private(store / KNOWN_FILE, json.dumps(known, indent=1, sort_keys=True))
    return True


def _import(ctr: Ctr, tar: Path, names: Sequence[str], kept: Collection[str]) -> None:
    said = ctr(["images", "import", str(tar)])
    # "unpacking NAME (sha256:DIGEST)...done"
    unpacked = [line.split() for line in said.splitlines() if line.startswith("unpacking ")]
    own = [words[1] for words in unpacked]
    # one image may have several names: buildah writes an image of ours with its local one too
    digests = {words[2] for words in unpacked}
    if len(digests) != 1:
        raise LocalCloudError(
            f"{tar} holds {len(digests)} images with a name, one is wanted", "make it again", said
        )
    for name in names:
        if name not in own:
            ctr(["images", "tag", "--force", own[0], name])
    for name in own:
        if name not in names and name not in kept:
            ctr(["images", "rm", name])


def _fingerprint(tar: Path) -> str:
    """What tells one archive from another without reading it."""
    status = tar.stat()
    return f"{tar.resolve()} {status.st_size} {status.st_mtime_ns}"


def _read(store: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((store / KNOWN_FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return {}


@contextmanager
def _locked(store: Path) -> Generator[None]:
    handle = os.open(store / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
