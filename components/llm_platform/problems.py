"""What is wrong with a set of inputs: every problem at once, each with its path."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with an input.

    Attributes:
        path: Where it stands, dotted from the root, e.g. ``network.cidr`` or ``pools[1].max_size``.
        problem: What is wrong, with the value that was given.
        allowed: What would be right: a range, a list of values, a form.
    """

    path: str
    problem: str
    allowed: str

    def under(self, prefix: str) -> "Problem":
        """The same problem seen from one level further out."""
        joined = f"{prefix}{self.path}" if self.path.startswith("[") else f"{prefix}.{self.path}"
        return Problem(joined.rstrip("."), self.problem, self.allowed)

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; allowed: {self.allowed}"


class InvalidInputsError(ValueError):
    """Inputs that cannot be used; carries every problem found, not just the first.

    Attributes:
        subject: What was checked, e.g. ``GpuNodePool 'l4'`` or ``stacks/Pulumi.dev.yaml``.
        problems: Every problem, sorted by path.
    """

    def __init__(self, subject: str, problems: Iterable[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(sorted(problems))
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{subject}: {count} {noun}{lines}")


def raise_if_any(subject: str, problems: Iterable[Problem]) -> None:
    """Raise one `InvalidInputsError` that names every problem; do nothing when there is none."""
    found = tuple(problems)
    if found:
        raise InvalidInputsError(subject, found)


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The known name that `given` most likely stands for; None when none is near."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(given.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """``; did you mean X?`` for the known name nearest to `given`; empty when none is near."""
    near = nearest(given, known)
    return f"; did you mean {near}?" if near else ""
