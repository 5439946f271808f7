"""What a policy is: data that describes it, and a pure function that checks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase

from llm_platform.cost import Catalogue
from llm_platform_policies.reader import Reader
from llm_platform_policies.settings import PackSettings
from llm_platform_policies.unknowns import Field


class Severity(StrEnum):
    """How bad it is when a policy is broken."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Level(StrEnum):
    """What happens when a policy is broken in an environment."""

    ADVISORY = "advisory"
    """It is told."""
    MANDATORY = "mandatory"
    """The run fails; nothing that breaks it is created."""
    DISABLED = "disabled"
    """The policy does not run."""


@dataclass(frozen=True)
class Context:
    """What a check knows besides the resource.

    Attributes:
        settings: Settings of the environment, from the stack's configuration.
        catalogue: Prices.
        today: The day of the run.
        preview: Whether the engine only plans.
    """

    settings: PackSettings
    catalogue: Catalogue
    today: date
    preview: bool = True


@dataclass(frozen=True)
class StackFinding:
    """What a check of the whole stack found: a sentence, and the resource if it is one's."""

    message: str
    urn: str = ""


ResourceCheck = Callable[[Reader, Context], Iterator[str]]
"""Yields one full sentence per thing that is wrong with a resource."""

StackCheck = Callable[[Sequence[Reader], Context], Iterator[StackFinding]]
"""Yields what is wrong with the resources of a stack taken together."""


@dataclass(frozen=True)
class Policy:
    """One policy.

    Attributes:
        id: Identifier, e.g. ``compute-imdsv2``; its first word is its domain.
        title: A few words.
        description: One sentence with "must".
        severity: How bad it is when it is broken.
        remediation: What to do about it.
        types: Globs over the type tokens of the resources that it looks at.
        fields: Every property that its check reads, with what an unknown value means.
        equivalents: Ids of the same check elsewhere: ``CKV_…`` (Checkov), ``AWS-…`` and
            ``KSV-…`` (Trivy), ``CIS EKS 1.8: …``, ``NSA: …``, ``C-…`` (Kubescape).
        check: Checks one resource; `None` for a policy of the whole stack.
        check_stack: Checks the whole stack; `None` for a policy of one resource.
    """

    id: str
    title: str
    description: str
    severity: Severity
    remediation: str
    types: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    equivalents: tuple[str, ...] = field(default=())
    check: ResourceCheck | None = None
    check_stack: StackCheck | None = None

    @property
    def domain(self) -> str:
        """What the policy is about: cost, network, storage, iam, compute, pods, images, eks."""
        return self.id.partition("-")[0]

    @property
    def anchor(self) -> str:
        """Where the policy is described."""
        return f"docs/policies.md#{self.id}"

    def applies_to(self, type_token: str) -> bool:
        """Whether the policy looks at resources of a type."""
        return any(fnmatchcase(type_token, pattern) for pattern in self.types)
