"""API keys of a file, looked at anew in the background."""

import hashlib
import hmac
import logging
import threading
import time
import weakref
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gateway.access import keyfile
from gateway.access.keyfile import Identity, KeyFileError, KeyRecord
from gateway.access.settings import KeysSettings
from gateway.contract import Tenant
from gateway.errors import ForbiddenError, UnauthenticatedError
from gateway.telemetry import metrics

log = logging.getLogger(__name__)

ANONYMOUS = Tenant(name="anonymous", key="anonymous")
NO_GOOD = "A valid API key is needed: send the header Authorization: Bearer llmp_…"
LONGEST = 256
REREAD_SECONDS = 30.0
"""After so long the content is compared although the file looks the same: a clock of whole
seconds, or a file system that keeps inodes, may hide a change."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key as requests need it; times are seconds since 1970."""

    tenant: Tenant
    digest: bytes
    expires: float
    revoked: float


UNKNOWN = Entry(ANONYMOUS, bytes(32), 0.0, 0.0)
"""What an unknown id is compared with, so that it takes as long as a known one."""


def entry_of(record: KeyRecord) -> Entry:
    """The entry of a record."""
    tenant = Tenant(
        name=record.tenant,
        key=record.id,
        models=frozenset(record.models),
        budget=record.budget,
        guards=record.guards,
        account=record.account,
    )
    never = float("inf")
    return Entry(
        tenant=tenant,
        digest=bytes.fromhex(record.hash.removeprefix("sha256:")),
        expires=record.expires.timestamp() if record.expires else never,
        revoked=record.revoked.timestamp() if record.revoked else never,
    )


def credentials(headers: Mapping[str, str]) -> str | None:
    """What to authenticate: ``Authorization``, or else ``x-api-key``.

    Args:
        headers: By lower-case name (or a mapping that does not care).
    """
    authorization = headers.get("authorization")
    if authorization is None and (key := headers.get("x-api-key")):
        return f"Bearer {key}"
    return authorization


def authorize(tenant: Tenant, model: str) -> None:
    """Refuse a model that the tenant's key is not for.

    Raises:
        ForbiddenError: It is not.
    """
    if tenant.models and model not in tenant.models:
        message = (
            f"This API key is not for that model; it is for: {', '.join(sorted(tenant.models))}."
        )
        raise ForbiddenError(message, code="model_not_allowed", param="model")


class FileKeys:
    """The keys of a file.

    A thread looks at the file, so that no request ever waits for a disk. New content takes the
    place of the old at once and as a whole; content that is wrong changes nothing.
    """

    def __init__(
        self,
        settings: KeysSettings,
        *,
        budgets: Collection[str] | None = None,
        guards: Collection[str] | None = None,
    ) -> None:
        self._settings = settings
        self._budgets = budgets
        self._guards = guards
        self._entries: Mapping[str, Entry] = {}
        self._identity: Identity | None = None
        self._content = b""
        self._complaint = ""
        self._reread = 0.0
        self._closed = threading.Event()
        if settings.file is None:
            return
        self._load()
        metrics.KEY_FILE_OK.set(1)
        watching = (weakref.ref(self), self._closed, settings.check_seconds)
        threading.Thread(target=_watch, args=watching, name="key-file", daemon=True).start()

    def authenticate(self, authorization: str | None) -> Tenant:
        """See `gateway.contract.Keys`.

        Raises:
            UnauthenticatedError: The key is missing, malformed or unknown (one answer for all
                three), or it has expired or been revoked.
        """
        if self._settings.file is None:
            # OpenAI's clients always send some key; here is none to hold it against.
            return ANONYMOUS
        if authorization is None:
            if self._settings.required:
                raise UnauthenticatedError(NO_GOOD)
            return ANONYMOUS
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or len(key) > LONGEST:
            raise UnauthenticatedError(NO_GOOD)
        _, _, rest = key.partition("_")
        public, _, _ = rest.partition("_")
        entry = self._entries.get(public, UNKNOWN)
        # The digest is of the whole key, so this judges its form as well.
        digest = hashlib.sha256(key.encode("utf-8", "replace")).digest()
        if not hmac.compare_digest(digest, entry.digest):
            raise UnauthenticatedError(NO_GOOD)
        now = time.time()
        if now >= entry.revoked:
            message = "This API key has been revoked."
            raise UnauthenticatedError(message, code="revoked_api_key")
        if now >= entry.expires:
            message = "This API key has expired."
            raise UnauthenticatedError(message, code="expired_api_key")
        return entry.tenant

    @property
    def tenants(self) -> frozenset[str]:
        """Names of all tenants that have keys."""
        return frozenset(entry.tenant.name for entry in self._entries.values())

    def refresh(self) -> None:
        """Look at the file now. What is wrong with it is logged once and counted; never raises."""
        try:
            changed = self._load()
        except KeyFileError as error:
            complaint = str(error)
            if complaint != self._complaint:
                metrics.KEY_RELOAD_FAILURES.inc()
                log.error("keys: the new file is not used, the old keys stay: %s", complaint)
            self._complaint = complaint
            metrics.KEY_FILE_OK.set(0)
        else:
            metrics.KEY_FILE_OK.set(1)
            if changed or self._complaint:
                log.info("keys: %d keys of %d tenants", len(self._entries), len(self.tenants))
            self._complaint = ""

    def _load(self) -> bool:
        path = self._settings.file
        if path is None:
            return False
        try:
            identity = Identity.of(path)
        except OSError as error:
            self._identity = None
            message = f"{path}: {error.strerror}"
            raise KeyFileError(message) from None
        looks_same = identity == self._identity and time.monotonic() < self._reread
        if looks_same and not self._complaint:
            return False
        content = keyfile.read_bytes(path)
        self._identity = identity
        self._reread = time.monotonic() + REREAD_SECONDS
        fingerprint = hashlib.sha256(content).digest()
        if fingerprint == self._content:
            return False
        file = keyfile.parse(content, path, budgets=self._budgets, guards=self._guards)
        self._entries = {record.id: entry_of(record) for record in file.keys}
        self._content = fingerprint
        metrics.KEYS.set(len(self._entries))
        metrics.KEYS_LOADED.set(time.time())
        return True

    async def close(self) -> None:
        """Stop looking at the file."""
        self._closed.set()


def _watch(keys: "weakref.ref[FileKeys]", closed: threading.Event, seconds: float) -> None:
    """Look at the file again and again, until the keys are closed or nobody has them any more."""
    while not closed.wait(seconds):
        found = keys()
        if found is None:
            return
        found.refresh()
        del found
