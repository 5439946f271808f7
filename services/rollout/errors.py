"""How a command of a rollout can end, and the exit code of each."""

from typing import ClassVar

OK = 0
FAULT = 1
"""Something is out of order that may be in order at the next try: the workflow tries again."""


class RolloutError(Exception):
    """Why a command did not end well, as one sentence for people."""

    code: ClassVar[int] = FAULT


class UnreachableError(RolloutError):
    """The API server does not answer, or answers with trouble of its own."""


class RefusedError(RolloutError):
    """What was asked for makes no sense as things stand; nothing was changed."""

    code: ClassVar[int] = 2


class GateFailedError(RolloutError):
    """The candidate is not good enough; stable has all requests again."""

    code: ClassVar[int] = 10


class StoppedError(RolloutError):
    """The rollout was ended from elsewhere: by a person, by its guard, by an update."""

    code: ClassVar[int] = 11


FINAL_CODES = (RefusedError.code, GateFailedError.code, StoppedError.code)
"""Exit codes after which trying again would be wrong."""
