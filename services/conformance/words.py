"""What is asked of a server, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

REQUIREMENTS: Mapping[str, str] = {
    "start": "the server starts and gets ready in time",
    "live": "the liveness path answers 200 as long as the process works",
    "ready": "the readiness path answers 200 once the model is loaded",
    "ready-when-loaded": "from the first 200 of the readiness path on, requests are answered",
    "model": "the server says which model it serves",
    "answer": "a request is answered in the form of its surface",
    "stream": "an answer can be streamed: pieces come as they are made, then the end is told",
    "client-gone": "clients that leave in the middle take no room from others",
    "load": "requests side by side are answered, or refused by 429 or 503; no stream breaks",
    "metrics": "there are metrics in the text format of Prometheus",
    "metrics-count": "a counter of the metrics grows with requests",
    "bad-input": "bad input is refused by 4xx; the server goes on",
    "bad-input-told": "a refusal is a JSON object that says what is wrong",
    "drain-stream": "a stream that is open at SIGTERM is answered to its end",
    "drain-ready": "after SIGTERM the readiness path does not answer 200 any more",
    "drain-new": "after SIGTERM a new request is answered or refused by 503, never broken off",
    "drain-exit": "after the last answer the process ends, in time and orderly",
}
"""All requirements by id, in the order in which they are looked at."""


class Verdict(Enum):
    """How a requirement was judged."""

    MET = "met"
    NOT_MET = "not met"
    NOT_RUN = "not run"
    """It could not be looked at; the detail says why."""
    NOT_WANTED = "left out"
    """The caller left it out, or the surface has no such thing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one requirement.

    Attributes:
        requirement: Key of `REQUIREMENTS`.
        verdict: How it was judged.
        detail: What was seen, for people.
    """

    requirement: str
    verdict: Verdict
    detail: str


def met(requirement: str, detail: str) -> Finding:
    """It is as it has to be."""
    return Finding(requirement, Verdict.MET, detail)


def not_met(requirement: str, detail: str) -> Finding:
    """It is not."""
    return Finding(requirement, Verdict.NOT_MET, detail)


def not_run(requirement: str, detail: str) -> Finding:
    """It could not be looked at."""
    return Finding(requirement, Verdict.NOT_RUN, detail)


def left_out(requirement: str, detail: str) -> Finding:
    """It need not be looked at."""
    return Finding(requirement, Verdict.NOT_WANTED, detail)
