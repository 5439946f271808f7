"""Settings section ``guards``: chains of guards by name. Tenants choose one; see docs/guards.md.

Light to import: what the guards need is loaded when a chain that has them is made.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

NAME = r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"
"""Names of chains and guards: safe as labels and in logs."""
HOST = re.compile(r"^(\*\.)?([a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}$")


class Action(StrEnum):
    """What a guard does about what it finds."""

    BLOCK = "block"
    """The prompt is refused; the answer ends."""
    MASK = "mask"
    """What was found is replaced by its name in brackets."""
    FLAG = "flag"
    """Nothing changes; it is counted and written to the call's notes."""


class Fail(StrEnum):
    """What happens when a guard breaks or takes too long."""

    OPEN = "open"
    """The request goes on as if it had found nothing."""
    CLOSED = "closed"
    """The request is refused."""


class Direction(StrEnum):
    """What a guard reads."""

    PROMPT = "prompt"
    OUTPUT = "output"
    BOTH = "both"


class Entity(StrEnum):
    """Kinds of personal data and secrets."""

    PESEL = "PL_PESEL"
    """Polish personal number, by its checksum and date of birth."""
    NIP = "PL_NIP"
    """Polish tax number, by its checksum."""
    IBAN = "IBAN_CODE"
    """Bank account, by its checksum and the length of its country."""
    CARD = "CREDIT_CARD"
    """Payment card, by Luhn's checksum and its issuer's prefix."""
    EMAIL = "EMAIL_ADDRESS"
    PHONE = "PHONE_NUMBER"
    """Telephone number that its country's plan knows; national forms need a word like *phone*."""
    IP = "IP_ADDRESS"
    """IPv4 or IPv6 address."""
    SECRET = "SECRET"  # noqa: S105 - the name of a kind, not a secret
    """API keys, tokens, passwords after their name, private keys."""


class _Guard(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="", pattern=NAME + r"|^$")
    """What it is called in notes, metrics and errors; its kind where empty."""
    timeout_ms: float = Field(default=500.0, ge=1.0, le=10_000.0)
    """How long it may take over one text before it counts as failed."""

    @property
    def title(self) -> str:
        """Its name, or its kind."""
        return self.name or str(getattr(self, "kind", ""))


class InjectionSettings(_Guard):
    """Prompt injection and jailbreaks: a small linear model and structural rules."""

    kind: Literal["injection"]
    action: Action = Action.BLOCK
    fail: Fail = Fail.CLOSED
    direction: Direction = Direction.PROMPT
    threshold: float = Field(default=0.6, gt=0.0, lt=1.0)
    """Score from which on a text counts as an attack; higher means fewer false alarms."""
    decode: bool = True
    """Whether base64, hexadecimal, rot13 and hidden characters are decoded and judged too."""
    trust_system: bool = True
    """Whether system messages are taken as the tenant's own and not judged."""


class ToxicitySettings(_Guard):
    """Insults, threats, harassment and hate: a small linear model."""

    kind: Literal["toxicity"]
    action: Action = Action.FLAG
    fail: Fail = Fail.OPEN
    direction: Direction = Direction.BOTH
    threshold: float = Field(default=0.5, gt=0.0, lt=1.0)
    """Score from which on a text counts as toxic; higher means fewer false alarms."""
    trust_system: bool = True
    """Whether system messages are taken as the tenant's own and not judged."""


class PiiSettings(_Guard):
    """Personal data and secrets: recognisers of presidio and our own."""

    kind: Literal["pii"]
    action: Action = Action.MASK
    fail: Fail = Fail.CLOSED
    direction: Direction = Direction.BOTH
    threshold: float = Field(default=0.5, gt=0.0, le=1.0)
    """Confidence from which on it counts: 1.0 with a checksum, 0.85 by form, 0.75 by form and a
    word before it."""
    entities: tuple[Entity, ...] = Field(default=tuple(Entity), min_length=1)
    """What is looked for. To mask e-mail addresses in streamed answers, each word waits for its
    end: the first text comes about one token later."""
    regions: tuple[str, ...] = Field(
        default=("PL", "GB", "US", "DE", "FR", "ES", "IT"), max_length=20
    )
    """Countries, by ISO 3166 code, whose national telephone numbers are known."""

    @field_validator("regions")
    @classmethod
    def _codes(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [region for region in regions if not re.fullmatch("[A-Z]{2}", region)]
        if wrong:
            raise ValueError(f"must be ISO 3166 codes of two capital letters, not {wrong}")
        return regions


class LeakSettings(_Guard):
    """Leaks of the system prompt: a canary in it, and long verbatim parts of it."""

    kind: Literal["leak"]
    action: Action = Action.BLOCK
    fail: Fail = Fail.CLOSED
    direction: Literal[Direction.OUTPUT] = Direction.OUTPUT
    threshold: float = Field(default=1.0, ge=0.0, le=1.0)
    """Not used by this guard: it finds or does not."""
    canary: bool = True
    """Whether a random marker is put before the system prompt; about 12 tokens."""
    overlap_characters: int = Field(default=120, ge=0, le=4000)
    """Letters in a row that an answer may share with the system prompt; 0 for any."""
    canary_secret_env: str = Field(default="", pattern=r"^[A-Z_][A-Z0-9_]*$|^$")
    """Environment variable with a secret from which canaries are made, the same in all replicas,
    so that they can share a cache. Without it each process draws its own."""


class LinksSettings(_Guard):
    """Links and images that carry data out: a client that renders them fetches them."""

    kind: Literal["links"]
    action: Action = Action.MASK
    fail: Fail = Fail.CLOSED
    direction: Direction = Direction.OUTPUT
    hosts: tuple[str, ...] = Field(default=(), max_length=1000)
    """Hosts that are always allowed: ``example.com``, or ``*.example.com`` for all under it."""
    images: bool = False
    """Whether images of other hosts are allowed."""
    links: bool = True
    """Whether links to other hosts are allowed, as long as they carry little data."""
    payload_characters: int = Field(default=48, ge=0, le=10_000)
    """Length from which on one parameter or part of a link's path counts as data."""

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [host for host in hosts if not HOST.fullmatch(host)]
        if wrong:
            raise ValueError(f"must be host names in small letters, or *. and one, not {wrong}")
        return hosts


class LimitsSettings(_Guard):
    """Length, loops and phrases."""

    kind: Literal["limits"]
    action: Action = Action.BLOCK
    fail: Fail = Fail.CLOSED
    direction: Direction = Direction.BOTH
    characters: int = Field(default=0, ge=0, le=100_000_000)
    """Length of a text at most; 0 for any. Masking cuts it off there."""
    repeats: int = Field(default=0, ge=0, le=1000)
    """Times that an answer may say the same in a row, from 200 characters on; 0 for any."""
    phrases: tuple[str, ...] = Field(default=(), max_length=10_000)
    """Phrases that must not occur, whatever their case, spacing and punctuation."""

    @field_validator("phrases")
    @classmethod
    def _phrases(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [
            phrase for phrase in phrases if not 3 <= sum(char.isalnum() for char in phrase) <= 200
        ]
        if wrong:
            raise ValueError(f"must have 3 to 200 letters or digits each: {len(wrong)} have not")
        return phrases


GuardSettings = Annotated[
    InjectionSettings
    | ToxicitySettings
    | PiiSettings
    | LeakSettings
    | LinksSettings
    | LimitsSettings,
    Field(discriminator="kind"),
]
ChainSettings = tuple[GuardSettings, ...]

STRUCTURED = (Entity.PESEL, Entity.IBAN, Entity.CARD, Entity.SECRET)
"""What has a form of its own: rarely mistaken for something else, never meant to be shown."""
CONTACTS = (Entity.EMAIL, Entity.PHONE, Entity.IP, Entity.NIP)
"""What is often meant to be shown."""

BUILT_IN: dict[str, ChainSettings] = {
    "off": (),
    "standard": (
        InjectionSettings(kind="injection"),
        PiiSettings(kind="pii", entities=STRUCTURED),
        PiiSettings(kind="pii", name="contacts", entities=CONTACTS, action=Action.FLAG),
        ToxicitySettings(kind="toxicity"),
        LeakSettings(kind="leak"),
        LinksSettings(kind="links"),
        LimitsSettings(kind="limits", action=Action.FLAG, fail=Fail.OPEN, repeats=8),
    ),
    "strict": (
        InjectionSettings(kind="injection", threshold=0.4),
        PiiSettings(kind="pii"),
        ToxicitySettings(kind="toxicity", action=Action.BLOCK, fail=Fail.CLOSED),
        LeakSettings(kind="leak", overlap_characters=60),
        LinksSettings(kind="links", links=False),
        LimitsSettings(kind="limits", repeats=5),
    ),
}
"""Chains that are always there; one of the same name in the settings takes its place."""


class GuardsSettings(BaseModel):
    """Guards of prompts and answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chains: dict[Annotated[str, Field(pattern=NAME)], ChainSettings] = Field(
        default_factory=dict[str, ChainSettings], max_length=1000
    )
    """Chains by name, besides ``off``, ``standard`` and ``strict``. Guards run in their order."""
    default: str = "standard"
    """The chain of tenants that choose none."""
    scan_characters: int = Field(default=131_072, ge=1000, le=10_000_000)
    """Length of a text up to which guards read it; a longer one counts as a failed guard."""
    inline_characters: int = Field(default=4096, ge=0, le=1_000_000)
    """Prompts up to this length are checked at once, longer ones in a thread."""
    threads: int = Field(default=2, ge=1, le=64)
    """Threads for longer prompts."""

    @field_validator("chains")
    @classmethod
    def _names(cls, chains: dict[str, ChainSettings]) -> dict[str, ChainSettings]:
        problems: list[str] = []
        for name, chain in chains.items():
            titles = [guard.title for guard in chain]
            twice = sorted({title for title in titles if titles.count(title) > 1})
            if twice:
                problems.append(f"{name}: give each guard a name of its own: {twice} come twice")
        if problems:
            raise ValueError("; ".join(problems))
        return chains

    @field_validator("default")
    @classmethod
    def _default(cls, default: str, info: ValidationInfo) -> str:
        chains: dict[str, Any] | None = info.data.get("chains")
        if chains is not None and default not in (known := {**BUILT_IN, **chains}):
            raise ValueError(f"must be one of {', '.join(sorted(known))}, not {default!r}")
        return default

    def all_chains(self) -> dict[str, ChainSettings]:
        """The built-in chains and those of the settings, by name."""
        return {**BUILT_IN, **self.chains}
