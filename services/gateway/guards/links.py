"""Links and images that carry data out of an answer."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

from gateway.guards.findings import Deadline, Finding
from gateway.guards.settings import LinksSettings

TRIGGERS = ("://", "](", "src=", "srcset=", "]:", "url(")
LABELS = frozenset({"image", "link"})
LONGEST = 2048

_URL = re.compile(
    rf"(?:[a-zA-Z][a-zA-Z0-9+.\-]{{1,15}}:)?//[^\s<>\"'`)\]]{{1,{LONGEST}}}"
    rf"|(?<=\]\()data:[^\s<>\"'`)\]]{{1,{LONGEST}}}"
)
_IMAGE_BEFORE = re.compile(
    r"!\[[^\]\n]{0,200}\]\([ <]{0,2}$"
    r"|\bsrc(?:set)?[ ]?=[ ]?[\"']?$|^[ \t]{0,3}\[[^\]\n]{1,100}\]:[ \t<]{0,3}$|\burl\([\"']?$",
    re.MULTILINE,
)
_LINK_BEFORE = re.compile(r"\]\([ <]{0,2}$|\bhref[ ]?=[ ]?[\"']?$")
_WORDS = re.compile(r"[a-z]{3,}(?:[-_][a-z]{2,}){2,}", re.IGNORECASE)


class LinksDetector:
    """Finds links and images that the settings do not allow."""

    def __init__(self, settings: LinksSettings) -> None:
        self._settings = settings
        self._hosts = frozenset(host for host in settings.hosts if not host.startswith("*."))
        self._under = tuple(host[1:] for host in settings.hosts if host.startswith("*."))

    def find(self, text: str, deadline: Deadline) -> Sequence[Finding]:
        """What is in the text, from after the ``//`` on."""
        deadline.check()
        if "//" not in text and "data:" not in text:
            return []
        found: list[Finding] = []
        for match in _URL.finditer(text):
            before = text[max(match.start() - 256, 0) : match.start()]
            label = self._judge(match.group(), before)
            if label:
                slashes = match.group().find("//")
                start = match.start() + (slashes + 2 if slashes >= 0 else 0)
                found.append(Finding(start, match.end(), label))
        return found

    def _judge(self, url: str, before: str) -> str:
        settings = self._settings
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").rstrip(".")
        except ValueError:
            return "link"
        if host and (host in self._hosts or host.endswith(self._under or ("\0",))):
            return ""
        if _IMAGE_BEFORE.search(before) and not settings.images:
            return "image"
        if not settings.links:
            return "link"
        carried = [
            *parts.path.split("/"),
            *_parameters(parts.query),
            parts.fragment,
            *_labels(host),
        ]
        if any(self._is_payload(each) for each in carried) or parts.username:
            return "link"
        return ""

    def _is_payload(self, part: str) -> bool:
        """Whether a part of a link is long enough, and not like words, to carry data."""
        limit = self._settings.payload_characters
        text = unquote(part)
        if len(text) < limit:
            return False
        readable = "".join(_WORDS.findall(text))
        return len(readable) < 0.8 * len(text) or len(text) >= 4 * limit


def _parameters(query: str) -> list[str]:
    return [part for pair in parse_qsl(query, keep_blank_values=True) for part in pair]


def _labels(host: str) -> list[str]:
    """Names within a domain can carry data too, all of them together."""
    return ["".join(host.split(".")[:-2])]
