"""The token of ``aws eks get-token``: a presigned URL of STS GetCallerIdentity.

The name of the cluster goes into the signature as the header ``x-k8s-aws-id`` and nowhere else.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from urllib.parse import parse_qsl, quote, urlsplit

TOKEN_PREFIX = "k8s-aws-v1."  # noqa: S105 the mark of such tokens, not a secret
HEADER = "x-k8s-aws-id"
_STS_HOST = re.compile(r"sts(-fips)?(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
_LIFETIME = timedelta(minutes=15)
_SKEW = timedelta(minutes=5)


class RejectedTokenError(Exception):
    """The token is not one of a principal that the cluster knows; the text says why."""


@dataclass(frozen=True)
class PresignedIdentity:
    """A token taken apart, its form and age checked.

    Attributes:
        access_key: Access key id that it was signed with.
        host: Host and port of the URL, which are signed.
        path: Path of the URL.
        query: Parameters of the URL without the signature.
        signature: The signature, in hex.
    """

    access_key: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...]
    signature: str

    def is_signed_for(self, cluster_name: str, secret: str) -> bool:
        """Whether `secret` signed this URL with the header of `cluster_name`."""
        values = dict(self.query)
        scope = values["X-Amz-Credential"].partition("/")[2]
        names = values["X-Amz-SignedHeaders"].split(";")
        headers = {"host": self.host, HEADER: cluster_name}
        if set(names) != set(headers):
            return False
        pairs = sorted(
            (quote(key, safe="-_.~"), quote(value, safe="-_.~")) for key, value in self.query
        )
        request = "\n".join(
            (
                "GET",
                self.path or "/",
                "&".join(f"{key}={value}" for key, value in pairs),
                *(f"{name}:{headers[name]}" for name in names),
                "",
                ";".join(names),
                hashlib.sha256(b"").hexdigest(),
            )
        )
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256", values["X-Amz-Date"], scope, digest))
        key = f"AWS4{secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        expected = hmac.new(key, text.encode(), "sha256").hexdigest()
        return hmac.compare_digest(expected, self.signature)


def parse(token: str, now: datetime) -> PresignedIdentity:
    """Take a token apart.

    Raises:
        RejectedTokenError: It is malformed, expired, or no URL of GetCallerIdentity.
    """
    url = urlsplit(_decode(token))
    host = url.hostname or ""
    local = host in {"127.0.0.1", "localhost"}
    if not local and not _STS_HOST.fullmatch(host):
        _reject(f"the host {host!r} is not STS")
    if url.scheme not in ({"http", "https"} if local else {"https"}):
        _reject(f"the scheme {url.scheme!r} is not https")
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    if url.path not in {"", "/"} or query.get("Action") != "GetCallerIdentity":
        _reject("the URL is not one of GetCallerIdentity")
    if HEADER not in query.get("X-Amz-SignedHeaders", "").lower().split(";"):
        _reject(f"the header {HEADER} is not signed")
    signature = query.pop("X-Amz-Signature", "")
    if not signature:
        _reject("the URL is not signed")
    _check_age(query, now)
    scope = query.get("X-Amz-Credential", "").split("/")
    if len(scope) != 5 or scope[3] != "sts":
        _reject("the credential's scope is not STS")
    return PresignedIdentity(scope[0], url.netloc, url.path, tuple(query.items()), signature)


def _decode(token: str) -> str:
    if not token.startswith(TOKEN_PREFIX):
        _reject(f"the token does not begin with {TOKEN_PREFIX}")
    encoded = token.removeprefix(TOKEN_PREFIX)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        _reject("the token is not base64url of a URL")


def _check_age(query: dict[str, str], now: datetime) -> None:
    seconds = query.get("X-Amz-Expires", "")
    if not seconds.isdigit() or not 0 <= int(seconds) <= _LIFETIME.total_seconds():
        _reject(f"X-Amz-Expires is {seconds!r}, allowed: 0 to 900 seconds")
    try:
        made = datetime.strptime(query.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        _reject("X-Amz-Date is missing or malformed")
    if now > made + _LIFETIME:
        _reject(f"the token expired: it was made {made.isoformat()} and lives 15 minutes")
    if now < made - _SKEW:
        _reject("the token was made in the future")


def _reject(message: str) -> NoReturn:
    raise RejectedTokenError(message)
