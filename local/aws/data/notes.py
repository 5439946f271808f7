"""Rows of the table of what the emulator is and is not."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a piece of behaviour relates to moto and to AWS."""

    ADDED = "added"
    """Moto has no such operation; the emulator answers it."""
    CORRECTED = "corrected"
    """Moto answers wrongly or drops what it is given; the emulator does as AWS does."""
    REFUSED = "refused"
    """Moto accepts what AWS refuses; the emulator refuses it with AWS's error code."""
    DIFFERENT = "different"
    """The emulator does not do what AWS does. What depends on this cannot be shown here."""


@dataclass(frozen=True)
class Note:
    """One row of the table.

    Attributes:
        kind: How it relates to moto and AWS.
        service: Service as requests are signed for it.
        what: The behaviour, in one sentence.
        operations: Operations of the API that it is about; () when it is about none in particular.
        code: Error code of AWS, for what is refused.
    """

    kind: Kind
    service: str
    what: str
    operations: tuple[str, ...] = ()
    code: str = ""

    @property
    def how_far(self) -> str:
        """In a few words: what somebody can rely on."""
        return {
            Kind.ADDED: "emulated; moto lacks it",
            Kind.CORRECTED: "emulated; moto gets it wrong",
            Kind.REFUSED: f"refused with {self.code}",
            Kind.DIFFERENT: "not as on AWS",
        }[self.kind]
