"""What is sent in a day, and when; the same seed gives the same day."""

import bisect
import itertools
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

STEPS = 2400
"""Pieces that a day's curve is made of."""
BURSTS = ((0.31, 0.024), (0.46, 0.03), (0.60, 0.02), (0.80, 0.03))
"""Begin and length of the bursts, in parts of the day: 7:26, 11:02, 14:24 and 19:12."""
BURST_FACTOR = 10.0


class Sort(StrEnum):
    """What a request is meant to meet."""

    UNIQUE = "unique"
    """A prompt that came never before."""
    REPEAT = "repeat"
    """One of a few that come again and again."""
    BAD = "bad"
    """One that must be refused."""
    LEAVES = "leaves"
    """One whose client does not wait for the whole answer."""


SHARES = ((Sort.UNIQUE, 0.64), (Sort.REPEAT, 0.22), (Sort.BAD, 0.07), (Sort.LEAVES, 0.07))
POPULAR = (
    "What is the capital of Poland?",
    "How do I reset my password?",
    "Why is the sky blue?",
    "What is photosynthesis?",
    "How many continents are there?",
    "What does an API do?",
    "How do I boil an egg?",
    "Who wrote Hamlet?",
)
SUBJECTS = (
    "a river",
    "a market",
    "a lighthouse",
    "a bicycle",
    "an orchard",
    "a railway",
    "a clock",
)
TASKS = (
    "Write a line about {subject} number {number}.",
    "Give a name for {subject} built in {number}.",
    "What could you see from {subject} with {number} windows?",
    "Say something kind about {subject} that is {number} years old.",
)
BROKEN = (
    b'{"model": "MODEL", "messages": [',
    b'{"model": "no-such-model", "messages": [{"role": "user", "content": "Hello"}]}',
    b'{"model": "MODEL", "messages": []}',
    b'{"model": "MODEL", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": -1}',
    b'{"model": "MODEL", "messages": [{"role": "user", "content": "Hi"}], "temperature": "hot"}',
    b'{"model": "MODEL", "messages": [{"role": "wizard", "content": "Hi"}]}',
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the day.

    Attributes:
        at: When it is sent, in parts of the day: 0 to 1.
        sort: What it is meant to meet.
        body: What is posted.
        patience: Seconds after which its client leaves; 0 for one that waits.
    """

    at: float
    sort: Sort
    body: bytes
    patience: float = 0.0


def rate(at: float) -> float:
    """Requests a second at a moment of the day, over those at its busiest without bursts.

    A quiet night, a morning, a smaller dip at noon, an evening; and the bursts.
    """
    hour = 24 * at
    calm = 0.18 + 0.82 * math.exp(-(((hour - 11.5) / 3.4) ** 2))
    calm = max(calm, 0.18 + 0.75 * math.exp(-(((hour - 19.5) / 2.6) ** 2)))
    return calm * (BURST_FACTOR if is_burst(at) else 1.0)


def is_burst(at: float) -> bool:
    """Whether a moment of the day is in a burst."""
    return any(begin <= at < begin + length for begin, length in BURSTS)


def mean_rate() -> float:
    """Mean of `rate`, bursts included."""
    return sum(rate((step + 0.5) / STEPS) for step in range(STEPS)) / STEPS


def arrivals(count: int, random_source: random.Random) -> list[float]:
    """Moments of `count` requests that come by chance, as often as the curve says."""
    sums = list(itertools.accumulate(rate((step + 0.5) / STEPS) for step in range(STEPS)))
    found: list[float] = []
    for _ in range(count):
        drawn = random_source.random() * sums[-1]
        step = bisect.bisect_left(sums, drawn)
        below = sums[step - 1] if step else 0.0
        found.append((step + (drawn - below) / (sums[step] - below)) / STEPS)
    return sorted(found)


def day(count: int, model: str, seed: int, max_tokens: int = 16) -> list[Request]:
    """The requests of a day, in order.

    Args:
        count: How many.
        model: Whom they ask.
        seed: Of all chance.
        max_tokens: Tokens of an answer at most.
    """
    source = random.Random(seed)  # noqa: S311 - a load, no secret
    sorts = source.choices([sort for sort, _ in SHARES], [share for _, share in SHARES], k=count)
    moments = arrivals(count, source)
    return [
        _request(at, sort, model, max_tokens, source, number)
        for number, (at, sort) in enumerate(zip(moments, sorts, strict=True))
    ]


def _request(
    at: float, sort: Sort, model: str, max_tokens: int, source: random.Random, number: int
) -> Request:
    if sort is Sort.BAD:
        body = source.choice(BROKEN).replace(b"MODEL", model.encode())
        return Request(at, sort, body)
    text = (
        source.choice(POPULAR)
        if sort is Sort.REPEAT
        else source.choice(TASKS).format(subject=source.choice(SUBJECTS), number=1000 + number)
    )
    # one length for the same prompt, or it would not be the same request
    least = max_tokens if sort is Sort.REPEAT else max(1, max_tokens // 4)
    tokens = source.randint(least, max_tokens)
    patience = source.uniform(0.05, 0.8) if sort is Sort.LEAVES else 0.0
    return Request(at, sort, chat(model, text, tokens), patience)


def chat(model: str, text: str, max_tokens: int) -> bytes:
    """Body of a streamed chat completion."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return json.dumps(body).encode()


def duration(requests: int, capacity: float, *, least: float, most: float) -> float:
    """Seconds of a day whose busiest hour, bursts aside, asks for three quarters of `capacity`.

    Args:
        requests: Of the day.
        capacity: Answers a second.
        least: Seconds at least.
        most: Seconds at most; a day that would be longer is busier.
    """
    busiest = 0.75 * capacity
    return min(most, max(least, requests / (busiest * mean_rate())))


def counts(requests: Sequence[Request]) -> dict[str, int]:
    """How many there are of each sort."""
    return {sort: sum(each.sort is sort for each in requests) for sort in Sort}
