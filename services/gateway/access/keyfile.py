"""The file of API keys: its records, how it is read, checked and written.

A key is ``llmp_<id>_<secret>``. The file holds the id and a SHA-256 of the whole key. The secret is
256 random bits, so there is nothing to guess: a slow hash such as bcrypt, which protects short
passwords, would add nothing but its cost to every request.
"""

import fcntl
import hashlib
import json
import os
import secrets
import string
import tempfile
from collections.abc import Collection, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from gateway.access.settings import NAME

PREFIX = "llmp"
ALPHABET = string.ascii_letters + string.digits
ID_LENGTH = 12
SECRET_LENGTH = 43  # of 62 letters: 256 bits
LARGEST_FILE = 16 * 2**20


class KeyFileError(Exception):
    """The key file cannot be used; names it and everything that is wrong with it."""


class KeyRecord(BaseModel):
    """One key.

    Attributes:
        id: Its public part.
        tenant: Whose it is.
        hash: ``sha256:`` and the hexadecimal digest of the whole key.
        created: When it was made.
        expires: When it ends; None for never.
        revoked: When it was taken back; None if it was not.
        models: Models it may ask for; empty for all.
        budget: Its budget; empty for the default one.
        guards: Its chain of guards; empty for the default one.
        account: Id of the key that this one, by rotation, goes back to; empty for none.
        note: For people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9]{6,32}$")
    tenant: str = Field(pattern=NAME)
    hash: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    created: AwareDatetime
    expires: AwareDatetime | None = None
    revoked: AwareDatetime | None = None
    models: tuple[str, ...] = ()
    budget: str = Field(default="", pattern=rf"^$|{NAME}")
    guards: str = Field(default="", pattern=rf"^$|{NAME}")
    account: str = Field(default="", pattern=r"^[A-Za-z0-9]{0,32}$")
    note: str = ""


class KeyFile(BaseModel):
    """All keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    keys: tuple[KeyRecord, ...]


class Identity(NamedTuple):
    """What tells one state of a file from another without reading it."""

    device: int
    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> "Identity":
        """That of the file to which a path, through all symbolic links, leads now."""
        found = path.stat()
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def digest(key: str) -> str:
    """What is kept of a key."""
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def new_key() -> tuple[str, str]:
    """The id of a new key, and the key."""
    public = "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return public, f"{PREFIX}_{public}_{secret}"


def read_bytes(path: Path) -> bytes:
    """The file's content.

    Raises:
        KeyFileError: It is missing, unreadable, too big, or others may change it.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & 0o002:
                message = f"{path}: everybody may write it; chmod 600 it"
                raise KeyFileError(message)
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise KeyFileError(message) from None
    if len(content) > LARGEST_FILE:
        message = f"{path}: bigger than {LARGEST_FILE} bytes"
        raise KeyFileError(message)
    return content


def parse(
    content: bytes,
    path: Path,
    *,
    budgets: Collection[str] | None = None,
    guards: Collection[str] | None = None,
) -> KeyFile:
    """What the content says.

    Args:
        content: YAML or JSON.
        path: For messages.
        budgets: Budgets that there are; None for any.
        guards: Chains of guards that there are; None for any.

    Raises:
        KeyFileError: Something is wrong with it; never quotes the content.
    """
    try:
        data: Any = yaml.load(content, yaml.CSafeLoader)
        file = KeyFile.model_validate(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        message = f"{path}: neither YAML nor JSON{where}"
        raise KeyFileError(message) from None
    except ValidationError as error:
        raise KeyFileError(_explain(path, [_problem(each) for each in error.errors()])) from None
    problems = _inconsistencies(file, budgets, guards)
    if problems:
        raise KeyFileError(_explain(path, problems))
    return file


def _problem(error: Any) -> str:
    where = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in error["loc"])
    return f"{where.lstrip('.') or 'the file'}: {error['msg']}"


def _explain(path: Path, problems: list[str]) -> str:
    return f"{path}: " + "; ".join(problems)


def _inconsistencies(
    file: KeyFile, budgets: Collection[str] | None, guards: Collection[str] | None
) -> list[str]:
    problems: list[str] = []
    seen: set[str] = set()
    for index, key in enumerate(file.keys):
        if key.id in seen:
            problems.append(f"keys[{index}].id: {key.id} is there twice")
        seen.add(key.id)
        for field, name, known in (
            ("budget", key.budget, budgets),
            ("guards", key.guards, guards),
        ):
            if name and known is not None and name not in known:
                allowed = ", ".join(sorted(known)) or "none"
                problems.append(f"keys[{index}].{field}: there is no {name!r}; there is: {allowed}")
    return problems


def dump(file: KeyFile, path: Path) -> bytes:
    """The file's content: JSON where its name ends so, YAML otherwise."""
    records = [
        key.model_dump(mode="json", exclude_defaults=True, exclude_none=True) for key in file.keys
    ]
    data = {"version": file.version, "keys": records}
    if path.suffix == ".json":
        return (json.dumps(data, indent=2) + "\n").encode()
    return yaml.safe_dump(data, sort_keys=False).encode()


@contextmanager
def locked(path: Path, *, create: bool) -> Generator[Path]:
    """Hold the file against other commands; yields its real path.

    The lock is on the file itself, which a write replaces: whoever waited looks whether it still
    is the one.

    Raises:
        KeyFileError: It cannot be opened for writing.
    """
    real = Path(os.path.realpath(path))
    while True:
        try:
            descriptor = os.open(real, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
        except OSError as error:
            hint = "; keys new makes it" if isinstance(error, FileNotFoundError) else ""
            message = f"{path}: {error.strerror}{hint}"
            raise KeyFileError(message) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _still(real, descriptor):
                yield real
                return
        finally:
            os.close(descriptor)


def _still(path: Path, descriptor: int) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def replace(path: Path, content: bytes) -> None:
    """Put new content in the file's place at once and for good, readable by its owner only.

    Raises:
        KeyFileError: The folder cannot be written.
    """
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - a name, not yet a Path
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        message = f"{path}: cannot be replaced: {error.strerror}"
        raise KeyFileError(message) from None


def now() -> datetime:
    """The present, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def without(content: Any) -> dict[str, Any]:
    """A record for listing: everything but its hash."""
    return {key: value for key, value in cast("dict[str, Any]", content).items() if key != "hash"}
