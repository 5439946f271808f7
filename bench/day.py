"""A day of requests in some minutes, with bursts of ten times as many.

Run it with ``services/.venv/bin/python bench/day.py``: it starts the real Triton and a gateway in
front of it, finds out how many requests they answer in a second, and sends 2,000 within four to six
minutes, each at its time whether or not those before were answered. At the end every request must
be accounted for, by its client and by the gateway's own metrics; exit code 1 if one is not, or if
one failed. ``--requests 100 --quick`` for a try; ``--url`` for a gateway that runs already. The
machine should be idle.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "services" / "tests" / "live"))

from compressed_day import account, chart, load, plan  # noqa: E402 - as `lab`

MODEL = "smollm2"
ADMISSION = {"slots": 8, "queue": 8, "queue_seconds": 4.0}
"""As many slots as the model has, and a queue that is worth waiting in."""
SETTLE_SECONDS = 10.0


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        requests: How many.
        seed: Of the day.
        quick: Whether the figures do not matter.
        url: Gateway that runs already; empty to start one.
        key: Its API key.
        cache: Whether a gateway that is started keeps exact answers.
        plot: File for a picture.
        json: File for the figures.
    """

    requests: int
    seed: int
    quick: bool
    url: str
    key: str
    cache: bool
    plot: Path | None
    json: Path | None


def main() -> int:
    """Send a day; returns the exit code."""
    options = _options()
    try:
        with _gateway(options) as (url, key):
            return asyncio.run(_day(options, url, key))
    except (LookupError, RuntimeError, OSError) as problem:
        print(f"the day cannot be run: {problem}", file=sys.stderr)
        return 1


async def _day(options: Options, url: str, key: str) -> int:
    client = load.Client(url, key)
    try:
        model = await client.chat_model()
        _say(f"how much {model} at {url} answers")
        capacity = await load.capacity(client, model, 2.0 if options.quick else 12.0)
        requests = plan.day(options.requests, model, options.seed)
        least, most = (5.0, 40.0) if options.quick else (240.0, 330.0)
        seconds = plan.duration(len(requests), capacity, least=least, most=most)
        _say(f"{capacity:.2f} answers/s; a day of {len(requests):,} requests in {seconds:.0f} s")
        before = account.counted(await client.metrics())
        outcomes = await load.run(client, requests, seconds, _tell)
        server = (await _settled(client)).since(before)
    finally:
        await client.close()
    return _report(options, outcomes, server, (seconds, capacity))


async def _settled(client: load.Client) -> account.Counted:
    """The gateway's counts once nothing is in flight, or after some seconds."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        found = account.counted(await client.metrics())
        if not found.in_flight or time.monotonic() > until:
            return found
        await asyncio.sleep(0.2)


def _report(
    options: Options,
    outcomes: Sequence[load.Outcome],
    server: account.Counted,
    timing: tuple[float, float],
) -> int:
    figures = account.figures(outcomes)
    seconds, capacity = timing
    print(chart.table(figures, seconds, capacity))
    print(f"{'gateway counted':22} {dict(sorted(server.by_status.items()))} {dict(server.tokens)}")
    print(f"\n{chart.lines(outcomes, seconds)}\n")
    problems = account.unaccounted(outcomes, server)
    for problem in problems:
        print(f"NOT ACCOUNTED FOR: {problem}")
    if not problems:
        print(f"All {len(outcomes):,} requests are accounted for.")
    if options.plot:
        chart.picture(outcomes, seconds, options.plot)
    if options.json:
        found = {
            **vars(figures),
            "seconds": seconds,
            "capacity": capacity,
            "server": dict(server.by_status),
            "unaccounted": problems,
        }
        plain = json.loads(json.dumps(found), parse_constant=lambda _: None)
        options.json.write_text(json.dumps(plain, indent=2) + "\n", "utf-8")
    return 1 if problems or figures.ends[load.End.FAILED] else 0


@contextmanager
def _gateway(options: Options) -> Generator[tuple[str, str]]:
    """Address and key of the gateway; one that is started here ends with the block."""
    if options.url:
        yield options.url.rstrip("/"), options.key
        return
    import lab  # noqa: PLC0415 - the tests' servers; not needed for a gateway that runs

    _say("Triton and the gateway are started")
    settings = {"admission": ADMISSION, "cache": {"enabled": options.cache}}
    with lab.triton() as triton, lab.gateway(triton, **settings) as gateway:
        yield gateway.url, gateway.key


def _tell(outcomes: Sequence[load.Outcome], running: int, at: float) -> None:
    ends = [each.end for each in outcomes]
    hour, minute = divmod(int(24 * 60 * at), 60)
    _say(
        f"{hour:02}:{minute:02}  {len(ends):5,} sent, {running:3} under way, "
        f"{ends.count(load.End.ANSWERED):5,} answered, {ends.count(load.End.SHED):5,} shed"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--seed", type=int, default=20261124, help="of the day")
    parser.add_argument("--quick", action="store_true", help="a try: at most 40 seconds")
    parser.add_argument("--url", default="", help="a gateway that runs already")
    parser.add_argument("--key", default="", help="its API key, if it wants one")
    parser.add_argument("--no-cache", dest="cache", action="store_false", help="keep no answers")
    parser.add_argument("--plot", type=Path, help="file for a picture (PNG)")
    parser.add_argument("--json", type=Path, help="file for the figures")
    found = parser.parse_args()
    if found.requests < 1:
        parser.error("--requests must be 1 or more")
    return Options(**vars(found))


if __name__ == "__main__":
    raise SystemExit(main())
