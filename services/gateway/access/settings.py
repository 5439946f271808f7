"""Settings sections ``keys`` and ``budgets`` of the gateway."""

from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

NAME = r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"
"""Names of tenants, budgets and chains of guards: safe as labels, in logs and in a store."""


class KeysSettings(BaseModel):
    """Who may ask.

    Attributes:
        required: Refuse requests without a key. False answers them as tenant ``anonymous``; a key
            that is sent is judged all the same, unless there is no file to judge it by.
        file: The key file; written by ``python -m gateway keys``.
        check_seconds: Seconds between two looks at the file, and so how long a revoked key may
            still be accepted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: bool = True
    file: Path | None = None
    check_seconds: float = Field(default=1.0, ge=0.05, le=60)

    @model_validator(mode="after")
    def _file_where_required(self) -> Self:
        if self.required and self.file is None:
            message = (
                "file must name a key file (python -m gateway keys new --file FILE --tenant TENANT"
                " makes one), unless required is false"
            )
            raise ValueError(message)
        return self


class Scope(StrEnum):
    """What a budget is counted for."""

    KEY = "key"
    """Each key by itself; the keys of a rotation share one."""
    TENANT = "tenant"
    """All keys of the tenant together."""


class StoreKind(StrEnum):
    """Where use is counted."""

    MEMORY = "memory"
    """This process alone."""
    SQLITE = "sqlite"
    """A file: all processes of one machine."""
    REDIS = "redis"
    """A server that speaks Redis' protocol: all replicas."""


class Away(StrEnum):
    """What to do with a request while the store does not answer."""

    ALLOW = "allow"
    """Answer it without counting."""
    REFUSE = "refuse"
    """503."""


class Plan(BaseModel):
    """A budget. What is not given is not limited.

    Attributes:
        requests_per_minute: Requests in any 60 seconds.
        tokens_per_minute: Tokens of prompts and answers in any 60 seconds.
        requests_per_day: Requests in any 24 hours.
        tokens_per_day: Tokens in any 24 hours.
        per: What it is counted for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    requests_per_day: int | None = Field(default=None, ge=1)
    tokens_per_day: int | None = Field(default=None, ge=1)
    per: Scope = Scope.KEY


class RedisSettings(BaseModel):
    """The server that replicas share.

    Attributes:
        url: ``redis://HOST:PORT/DB``, ``rediss://…`` for TLS or ``unix://PATH``; without password.
        username: Of its access control list; empty for the default user.
        password_file: File with the password (a mounted Secret), read for every connection; None
            for none.
        ca_file: Certificates to trust; None for the system's.
        prefix: In front of every key, where several gateways share a server.
        connections: Connections of one process, at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = "redis://127.0.0.1:6379/0"
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    prefix: str = Field(default="llm-gateway", pattern=NAME)
    connections: int = Field(default=32, ge=1, le=1024)

    @field_validator("url")
    @classmethod
    def _url_without_password(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"redis", "rediss", "unix"}:
            message = "must start with redis://, rediss:// or unix://"
            raise ValueError(message)
        if parts.password or parts.username:
            message = "must hold no user or password: use username and password_file"
            raise ValueError(message)
        return url

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.ca_file and not self.url.startswith("rediss://"):
            message = "ca_file needs an url that starts with rediss://"
            raise ValueError(message)
        if self.username and not self.password_file:
            message = "username needs password_file"
            raise ValueError(message)
        return self


class BudgetsSettings(BaseModel):
    """How much a key may use.

    Attributes:
        plans: The budgets by name; a key names one.
        default: Budget of the keys that name none; empty for no limit.
        store: Where use is counted.
        sqlite_file: The file of the store ``sqlite``; None for one in the machine's temporary
            folder, of the user that runs the gateway.
        redis: The server of the store ``redis``.
        when_away: What to do while the store does not answer.
        timeout_seconds: How long the store may take.
        open_after: Failures in a row after which the store is left alone.
        retry_seconds: First pause before it is asked again; doubled up to `retry_seconds_max`.
        retry_seconds_max: The longest pause.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plans: dict[str, Plan] = Field(default_factory=dict[str, Plan])
    default: str = ""
    store: StoreKind = StoreKind.SQLITE
    sqlite_file: Path | None = None
    redis: RedisSettings = RedisSettings()
    when_away: Away = Away.REFUSE
    timeout_seconds: float = Field(default=0.25, gt=0, le=5)
    open_after: int = Field(default=3, ge=1)
    retry_seconds: float = Field(default=1.0, gt=0, le=60)
    retry_seconds_max: float = Field(default=30.0, gt=0, le=600)

    @model_validator(mode="after")
    def _default_is_a_plan(self) -> Self:
        if self.default and self.default not in self.plans:
            known = ", ".join(sorted(self.plans)) or "none"
            message = f"default names {self.default!r}, which is not in plans ({known})"
            raise ValueError(message)
        return self
