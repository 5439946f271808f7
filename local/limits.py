"""How long the stand-ins wait for one answer, and how often they ask again."""

import os
from dataclasses import dataclass
from functools import cache

from local.errors import LocalCloudError

SECONDS_VARIABLE = "LLMP_CALL_SECONDS"
ATTEMPTS_VARIABLE = "LLMP_CALL_ATTEMPTS"
MOST_ATTEMPTS = 20


@dataclass(frozen=True)
class Limits:
    """The bounds of one call to a cloud.

    Attributes:
        answer_seconds: How long an answer may take; ``LLMP_CALL_SECONDS``.
        attempts: How often a call is made at most; ``LLMP_CALL_ATTEMPTS``.
        total_seconds: After how long no further attempt begins.
        first_pause: Pause before the second attempt, in seconds; each further one is twice as
            long, all give or take a half.
        longest_pause: Bound of these pauses, in seconds.
    """

    answer_seconds: float = 30.0
    attempts: int = 6
    total_seconds: float = 60.0
    first_pause: float = 0.2
    longest_pause: float = 5.0

    def pause(self, attempt: int) -> float:
        """Seconds between attempt number `attempt`, counted from 1, and the next; no jitter."""
        return min(self.longest_pause, self.first_pause * 2 ** (attempt - 1))

    def allow(self, attempt: int, elapsed: float) -> bool:
        """Whether another attempt may follow number `attempt`, `elapsed` seconds after the first.

        One that timed out may be repeated once, however long an answer may take.
        """
        return attempt < self.attempts and elapsed < max(
            self.total_seconds, 1.5 * self.answer_seconds
        )


@cache
def limits() -> Limits:
    """The limits of this process: the defaults, or what its environment says.

    Raises:
        LocalCloudError: A variable is no number, or not one of those allowed.
    """
    plain = Limits()
    seconds = _number(SECONDS_VARIABLE, plain.answer_seconds, 0.1, 600)
    attempts = _number(ATTEMPTS_VARIABLE, plain.attempts, 1, MOST_ATTEMPTS)
    return Limits(answer_seconds=seconds, attempts=int(attempts))


def _number(name: str, default: float, least: float, most: float) -> float:
    text = os.environ.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise LocalCloudError(
            f"{name} is {text!r}, allowed: a number from {least:g} to {most:g}",
            f"set another value, or unset it for the default ({default:g})",
        )
    return value
