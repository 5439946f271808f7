"""Names of images: taken apart, and written out as containerd knows them. Pure."""

import re
from dataclasses import dataclass

from local.errors import LocalCloudError

HUB = "docker.io"
"""The registry of names that have none."""
OFFICIAL = "library"
"""The hub's folder of names that have none."""

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST = r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))(?::[0-9]+)?"
_REPOSITORY = re.compile(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Name:
    """The name of an image.

    Attributes:
        repository: With its registry, always.
        tag: Its tag; ``latest`` where none was given, empty beside a digest.
        digest: ``sha256:…``, or empty.
    """

    repository: str
    tag: str
    digest: str = ""

    @property
    def full(self) -> str:
        """As containerd and the kubelet know it."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag}"

    @property
    def registry(self) -> str:
        """Host, with a port if it has one."""
        return self.repository.partition("/")[0]


def parse(image: str) -> Name:
    """Take a name apart as the kubelet does.

    Raises:
        LocalCloudError: It is no name of an image.
    """
    rest, _, digest = image.partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, ""
    wrong = (
        not _REPOSITORY.fullmatch(head)
        or (bool(tag) and not _TAG.fullmatch(tag))
        or ("@" in image and not _DIGEST.fullmatch(digest))
    )
    if wrong:
        raise LocalCloudError(
            f"{image!r} is no name of an image.",
            "A name is [REGISTRY/]REPOSITORY[:TAG][@sha256:DIGEST], in lower case but for the tag.",
        )
    if digest:
        # With a digest the kubelet does not look at the tag.
        return Name(_with_registry(head), "", digest)
    return Name(_with_registry(head), tag or "latest")


def full(image: str) -> str:
    """A name as containerd and the kubelet know it.

    Raises:
        LocalCloudError: It is no name of an image.
    """
    return parse(image).full


def _with_registry(repository: str) -> str:
    first, slash, _ = repository.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return repository
    return f"{HUB}/{repository}" if slash else f"{HUB}/{OFFICIAL}/{repository}"
