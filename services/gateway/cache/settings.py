"""Settings of the two caches, the sections ``cache`` and ``semantic_cache``."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

MEGABYTE = 1024 * 1024


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RedisSettings(_Section):
    """A Redis that all replicas of the gateway share. Answers lie in it in clear text."""

    url: str
    """``redis://HOST:PORT/DB``, ``rediss://`` for TLS or ``unix://PATH``; without password."""
    username: str = ""
    """Of its access control list; empty for the default user."""
    password_file: Path | None = None
    """File with the password, read for every connection."""
    ca_file: Path | None = None
    """Certificates to trust; the system's if there is none."""
    prefix: str = Field(default="llm-gateway:answer:", min_length=1, max_length=100)
    """What its keys begin with."""
    connections: int = Field(default=32, ge=1, le=1024)
    """Connections of one process, at most."""
    timeout_ms: int = Field(default=50, ge=1, le=5000)
    """How long a request waits for it before it counts as away."""
    pause_seconds: float = Field(default=5.0, ge=0.0, le=600.0)
    """How long it is not asked again once it was away."""

    @field_validator("url")
    @classmethod
    def _without_password(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must begin with redis://, rediss:// or unix://")
        if parts.username or parts.password:
            raise ValueError("must hold no user or password: use username and password_file")
        return url

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.ca_file and not self.url.startswith("rediss://"):
            raise ValueError("ca_file needs an url that begins with rediss://")
        if self.username and not self.password_file:
            raise ValueError("username needs password_file")
        return self


class CacheSettings(_Section):
    """Exact answers: the same tenant, model, version, prompt and sampling."""

    enabled: bool = False
    """Whether answers are kept at all."""
    entries: int = Field(default=10_000, ge=1, le=10_000_000)
    """Answers kept in memory at most; the one unused for longest goes first."""
    megabytes: float = Field(default=64.0, gt=0.0, le=65_536.0)
    """Memory that they may take."""
    answer_kilobytes: int = Field(default=256, ge=1, le=65_536)
    """A bigger answer is not kept."""
    ttl_seconds: float = Field(default=3600.0, gt=0.0, le=2_592_000.0)
    """How long an answer may be given."""
    tools: bool = False
    """Whether answers to requests that offer tools are kept too."""
    single_flight: bool = True
    """Whether one of several identical requests generates, and the others wait for its answer."""
    wait_seconds: float = Field(default=30.0, gt=0.0, le=3600.0)
    """How long a request waits for another's answer before it generates its own."""
    waiters: int = Field(default=64, ge=1, le=10_000)
    """Requests that wait for one answer at most; more of them generate their own."""
    charge_hits: bool = True
    """Whether the tokens of a kept answer count against the key's token budget."""
    redis: RedisSettings | None = None
    """A store shared by all replicas; none for memory alone."""


class ShadowSettings(_Section):
    """Hits that are generated as well, to see whether the kept answer was the right one."""

    share: float = Field(default=0.05, ge=0.0, le=1.0)
    """Part of the hits that is checked; 0 for none, and then nothing turns the cache off."""
    concurrent: int = Field(default=1, ge=1, le=64)
    """Checks at a time; a hit beyond them is not checked."""
    seconds: float = Field(default=60.0, gt=0.0, le=3600.0)
    """How long a check may take."""
    similarity: float = Field(default=0.7, ge=0.0, le=1.0)
    """Cosine of the two answers below which the hit counts as false."""
    window: int = Field(default=100, ge=1, le=100_000)
    """Last checks of a model that its false-hit rate is taken from."""
    least: int = Field(default=20, ge=1, le=100_000)
    """Checks before the rate counts."""
    limit: float = Field(default=0.05, ge=0.0, le=1.0)
    """False-hit rate above which the cache turns itself off for that model."""
    off_seconds: float = Field(default=3600.0, gt=0.0, le=2_592_000.0)
    """For how long; it begins again empty."""

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.least > self.window:
            raise ValueError(f"least ({self.least}) must not exceed window ({self.window})")
        return self


class SemanticCacheSettings(_Section):
    """Answers to questions that mean the same."""

    enabled: bool = False
    """Whether it is used at all."""
    model: str = Field(default="minilm", min_length=1)
    """Triton's model that embeds the questions."""
    similarity: float = Field(default=0.8, gt=0.0, le=1.0)
    """Cosine that two questions must reach at least."""
    verify: bool = True
    """Whether two questions must also agree in names, numbers, negation and so on. Without it
    one question in two that only looks alike gets a wrong answer; for measuring alone."""
    synonyms: tuple[tuple[str, ...], ...] = ()
    """Words of your field that may stand for one another, a group each: ``[invoice, bill]``."""
    sampling: Literal["deterministic", "any"] = "deterministic"
    """Whether only requests with temperature 0 or a seed are answered, or all of them."""
    conversations: bool = False
    """Whether the last question of a longer conversation is answered too. What came before it
    must be the same to the letter."""
    admit_after: int = Field(default=2, ge=1, le=100)
    """An answer is kept when its question comes for this time."""
    ttl_seconds: float = Field(default=3600.0, gt=0.0, le=2_592_000.0)
    """How long an answer may be given."""
    entries: int = Field(default=10_000, ge=1, le=1_000_000)
    """Questions at most, over all tenants; the one unused for longest goes first."""
    megabytes: float = Field(default=64.0, gt=0.0, le=65_536.0)
    """Memory that they may take, vectors included."""
    question_characters: int = Field(default=500, ge=1, le=100_000)
    """A longer question is not looked up."""
    embed_ms: int = Field(default=250, ge=1, le=60_000)
    """How long an embedding may take before the lookup is given up."""
    charge_hits: bool = True
    """Whether the tokens of a kept answer count against the key's token budget."""
    shadow: ShadowSettings = ShadowSettings()
    """The check of its own answers."""
