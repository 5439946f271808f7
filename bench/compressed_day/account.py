"""Whether every request is accounted for, by those who sent them and by the gateway itself."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from compressed_day.load import End, Outcome
from compressed_day.plan import Sort, is_burst

REQUESTS = "llm_gateway_requests_total"
TOKENS = "llm_gateway_tokens_total"
IN_FLIGHT = "llm_gateway_requests_in_flight"
CLIENT_GONE = 499


@dataclass(frozen=True)
class Counted:
    """What the gateway counted so far.

    Attributes:
        by_status: Requests that ended, by HTTP status; 499 where the client left.
        tokens: By type: ``input`` and ``output``.
        in_flight: Requests that have not ended.
    """

    by_status: Counter[int] = field(default_factory=Counter[int])
    tokens: Counter[str] = field(default_factory=Counter[str])
    in_flight: int = 0

    def since(self, before: "Counted") -> "Counted":
        """What was counted after `before`."""
        return Counted(
            self.by_status - before.by_status, self.tokens - before.tokens, self.in_flight
        )


def counted(metrics: str) -> Counted:
    """Read the gateway's metrics."""
    by_status, tokens, in_flight = Counter[int](), Counter[str](), 0.0
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == REQUESTS:
                by_status[int(sample.labels["status"])] += int(sample.value)
            elif sample.name == TOKENS:
                tokens[sample.labels["type"]] += int(sample.value)
            elif sample.name == IN_FLIGHT:
                in_flight += sample.value
    return Counted(by_status, tokens, int(in_flight))


def unaccounted(outcomes: Sequence[Outcome], server: Counted) -> list[str]:
    """What does not add up between those who sent and the gateway; empty when all does.

    A client that leaves cannot know how its request ended: it may end with any status.
    """
    ends = Counter(each.end for each in outcomes)
    problems: list[str] = []
    if sum(ends.values()) != len(outcomes):
        problems.append(f"{len(outcomes)} were sent, {sum(ends.values())} ended")
    seen = Counter(each.status for each in outcomes if each.end is not End.LEFT and each.status)
    unknown = ends[End.LEFT] + sum(not each.status for each in outcomes if each.end is End.FAILED)
    total = sum(server.by_status.values())
    if total != len(outcomes):
        problems.append(f"{len(outcomes)} were sent, the gateway counted {total}")
    spare = 0
    for status in sorted(seen | server.by_status):
        more = server.by_status[status] - seen[status]
        spare += max(0, more)
        if more < 0:
            own = server.by_status[status]
            problems.append(f"{seen[status]} clients got {status}, the gateway counted {own}")
        elif status >= 500 and more:
            problems.append(f"the gateway counted {more} of {status} that no client got")
    if spare > unknown:
        problems.append(
            f"the gateway counted {spare} ends that no client saw, but only {unknown} left"
        )
    if server.in_flight:
        problems.append(f"{server.in_flight} requests are still in flight")
    tokens = sum(each.output_tokens for each in outcomes)
    if server.tokens["output"] < tokens:
        problems.append(
            f"clients got {tokens} tokens, the gateway counted {server.tokens['output']}"
        )
    return problems


@dataclass(frozen=True)
class Figures:
    """The day in figures.

    Attributes:
        sent: Requests.
        ends: By how they ended.
        failures: By what went wrong.
        availability: Part of the good requests whose clients waited that was answered, or shed
            with word of when to try again.
        answered: Part of the same that was answered.
        shed: Part of the same that was shed.
        shed_calm: The same, of those outside bursts.
        shed_burst: The same, of those in bursts.
        first: Median, 95th and 99th percentile of the seconds to the first token.
        first_generated: The same, of answers that were not in a cache.
        hits: Answers out of the cache.
        prompt_tokens: Of the answers.
        output_tokens: Of the answers.
        late: 99th percentile of the seconds that requests were sent too late.
    """

    sent: int
    ends: Counter[str]
    failures: Counter[str]
    availability: float
    answered: float
    shed: float
    shed_calm: float
    shed_burst: float
    first: tuple[float, float, float]
    first_generated: tuple[float, float, float]
    hits: int
    prompt_tokens: int
    output_tokens: int
    late: float


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Sum a day up."""
    waiting = [each for each in outcomes if each.request.sort in {Sort.UNIQUE, Sort.REPEAT}]
    calm = [each for each in waiting if not is_burst(each.request.at)]
    burst = [each for each in waiting if is_burst(each.request.at)]
    done = [each for each in outcomes if each.end is End.ANSWERED]
    generated = [each for each in done if each.cache not in {"hit", "semantic"}]
    answered, shed = _share(waiting, End.ANSWERED), _share(waiting, End.SHED)
    return Figures(
        sent=len(outcomes),
        ends=Counter(str(each.end) for each in outcomes),
        failures=Counter(each.why for each in outcomes if each.end is End.FAILED),
        availability=answered + shed,
        answered=answered,
        shed=shed,
        shed_calm=_share(calm, End.SHED),
        shed_burst=_share(burst, End.SHED),
        first=_percentiles(done),
        first_generated=_percentiles(generated),
        hits=len(done) - len(generated),
        prompt_tokens=sum(each.prompt_tokens for each in done),
        output_tokens=sum(each.output_tokens for each in done),
        late=percentile([each.late for each in outcomes], 0.99),
    )


def percentile(values: Sequence[float], part: float) -> float:
    """A percentile, nearest rank; not a number when there are no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else math.nan


def _percentiles(outcomes: Sequence[Outcome]) -> tuple[float, float, float]:
    first = [each.first for each in outcomes if each.first is not None]
    return percentile(first, 0.5), percentile(first, 0.95), percentile(first, 0.99)


def _share(outcomes: Sequence[Outcome], end: End) -> float:
    return sum(each.end is end for each in outcomes) / len(outcomes) if outcomes else 0.0
