"""Use counted in a file that all gateways of one machine share."""

import asyncio
import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gateway.access.stores import StoreError, Ticket, wall_clock
from gateway.access.windows import Decision, Limit, Usage, admit

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS usage (account TEXT, length TEXT, state BLOB NOT NULL,"
    " PRIMARY KEY (account, length)) WITHOUT ROWID"
)
READ = "SELECT state FROM usage WHERE account = ? AND length = ?"
WRITE = "INSERT OR REPLACE INTO usage VALUES (?, ?, ?)"

Result = TypeVar("Result")


def default_file() -> Path:
    """The file in the machine's temporary folder, in a folder that only this user may enter.

    Raises:
        StoreError: Somebody else made that folder.
    """
    folder = Path(tempfile.gettempdir()) / f"llm-gateway-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        message = f"{folder}: {error.strerror}; set budgets.sqlite_file"
        raise StoreError(message) from None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not ours or found.st_mode & 0o077:
        message = f"{folder} must be a folder of this user's alone (0700); set budgets.sqlite_file"
        raise StoreError(message)
    return folder / "budgets.sqlite"


class SqliteStore:
    """Counts in a SQLite file.

    One thread does all the work, so that neither the disk nor another process's lock ever holds
    up the event loop. The file is not synced: after a power cut it may be older, not broken.
    """

    waits = True

    def __init__(
        self,
        file: Path,
        *,
        timeout_seconds: float,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self._file = file
        self._timeout = timeout_seconds
        self._clock = clock
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="budgets")
        self._connection: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self._file,
                timeout=self._timeout,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(SCHEMA)
            self._file.chmod(0o600)
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _transaction(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            # The next call opens the file anew: it may have been replaced.
            self._drop()
            message = f"{self._file}: {error}"
            raise StoreError(message) from error
        return result

    async def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._transaction, work)

    async def reserve(self, account: str, limits: tuple[Limit, ...], tokens: int) -> Decision:
        """See `Store`."""

        def work(connection: sqlite3.Connection) -> Decision:
            usages = [_read(connection, account, limit) for limit in limits]
            # The clock is read under the lock: whoever comes later in the file has a later time.
            decision = admit(usages, limits, self._clock(), tokens)
            if decision.granted:
                _write(connection, account, usages)
            return decision

        return await self._run(work)

    async def change(self, ticket: Ticket, tokens: int) -> None:
        """See `Store`."""

        def work(connection: sqlite3.Connection) -> None:
            usages = [_read(connection, ticket.account, limit) for limit in ticket.limits]
            for usage, mark in zip(usages, ticket.marks, strict=True):
                usage.change(mark, tokens)
            _write(connection, ticket.account, usages)

        await self._run(work)

    async def ping(self) -> None:
        """See `Store`."""
        await self._run(_nothing)

    async def close(self) -> None:
        """See `Store`."""
        await asyncio.get_running_loop().run_in_executor(self._worker, self._drop)
        self._worker.shutdown(wait=False)


def _nothing(_connection: sqlite3.Connection) -> None:
    """The transaction alone tells whether the file can be written."""


def _read(connection: sqlite3.Connection, account: str, limit: Limit) -> Usage:
    found = connection.execute(READ, (account, limit.window.name)).fetchone()
    return Usage(limit.window, found[0] if found else b"")


def _write(connection: sqlite3.Connection, account: str, usages: list[Usage]) -> None:
    rows = [(account, usage.window.name, usage.dump()) for usage in usages]
    connection.executemany(WRITE, rows)
