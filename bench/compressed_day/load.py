"""Sends the requests when it is their time, whatever became of those before."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp

from compressed_day.plan import Request, Sort, chat

LONGEST_SECONDS = 120.0
"""Nobody waits longer for an answer."""


class End(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    """A whole answer came."""
    SHED = "shed"
    """429 or 503, and when to try again."""
    REFUSED = "refused"
    """400, 404 and their like."""
    LEFT = "left"
    """Its client left."""
    FAILED = "failed"
    """Anything else; `Outcome.why` says what."""


@dataclass(slots=True)
class Outcome:
    """What became of one request.

    Attributes:
        request: It.
        sent: Seconds since the day began.
        late: Seconds that it was sent too late.
        end: How it ended.
        status: HTTP status; 0 when there was none.
        why: What went wrong, in short.
        first: Seconds to the first token; None when none came.
        seconds: Seconds to the end.
        prompt_tokens: As the answer says.
        output_tokens: As the answer says.
        cache: What the gateway's caches did.
    """

    request: Request
    sent: float
    late: float
    end: End = End.FAILED
    status: int = 0
    why: str = ""
    first: float | None = None
    seconds: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0
    cache: str = ""


class Client:
    """A client of the gateway's chat completions.

    Args:
        url: Of the gateway.
        key: API key; empty where none is needed.
    """

    def __init__(self, url: str, key: str = "") -> None:
        self._url = url
        headers = {"content-type": "application/json"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=LONGEST_SECONDS),
        )

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def chat_model(self) -> str:
        """Name of the first model that the gateway offers for chat."""
        body = chat("", "Hello", 1)
        async with self._session.get(f"{self._url}/v1/models") as response:
            offered = [each["id"] for each in (await response.json())["data"]]
        for name in offered:
            asked = body.replace(b'"model": ""', b'"model": ' + json.dumps(name).encode())
            async with self._session.post(f"{self._url}/v1/chat/completions", data=asked) as tried:
                await tried.read()
                if tried.status == 200:
                    return name
        raise LookupError(f"none of {', '.join(offered) or 'no models'} answers a chat")

    async def metrics(self) -> str:
        """What the gateway counted."""
        async with self._session.get(f"{self._url}/metrics") as response:
            response.raise_for_status()
            return await response.text()

    async def send(self, outcome: Outcome) -> None:
        """Send one request, and write down what becomes of it."""
        began = time.monotonic()
        patience = outcome.request.patience or None
        try:
            async with asyncio.timeout(patience):
                await self._ask(outcome, began)
        except TimeoutError:
            left = patience is not None and time.monotonic() - began < LONGEST_SECONDS
            outcome.end = End.LEFT if left else End.FAILED
            outcome.why = "" if left else "no end of the answer in time"
        except (aiohttp.ClientError, OSError) as problem:
            outcome.end, outcome.why = End.FAILED, type(problem).__name__
        outcome.seconds = time.monotonic() - began

    async def _ask(self, outcome: Outcome, began: float) -> None:
        url = f"{self._url}/v1/chat/completions"
        async with self._session.post(url, data=outcome.request.body) as response:
            outcome.status = response.status
            outcome.cache = response.headers.get("x-cache", "")
            if response.status == 200:
                await self._read(response, outcome, began)
                return
            await response.read()
            told = "retry-after" in response.headers
            if response.status in {429, 503}:
                outcome.end = End.SHED if told else End.FAILED
                outcome.why = "" if told else f"{response.status} without Retry-After"
            elif 400 <= response.status < 500:
                good = outcome.request.sort is not Sort.BAD
                outcome.end = End.FAILED if good else End.REFUSED
                outcome.why = f"{response.status} for a good request" if good else ""
            else:
                outcome.why = f"status {response.status}"

    async def _read(self, response: aiohttp.ClientResponse, outcome: Outcome, began: float) -> None:
        finished = ""
        async for line in response.content:
            if not line.startswith(b"data: "):
                continue
            data = line[6:].strip()
            if data == b"[DONE]":
                good = bool(finished) and outcome.request.sort is not Sort.BAD
                outcome.end = End.ANSWERED if good else End.FAILED
                outcome.why = "" if good else "an answer to a bad request or without an end"
                continue
            event: dict[str, Any] = json.loads(data)
            if "error" in event:
                outcome.why = f"error in the stream: {event['error'].get('code')}"
                return
            if usage := event.get("usage"):
                outcome.prompt_tokens = usage["prompt_tokens"]
                outcome.output_tokens = usage["completion_tokens"]
            for choice in event.get("choices", ()):
                finished = choice.get("finish_reason") or finished
                if choice.get("delta", {}).get("content") and outcome.first is None:
                    outcome.first = time.monotonic() - began
        if outcome.end is End.FAILED and not outcome.why:
            outcome.why = "the stream broke off"


async def capacity(client: Client, model: str, seconds: float, at_once: int = 8) -> float:
    """Answers a second when `at_once` clients ask one after the other, each for a new prompt."""
    until = time.monotonic() + seconds
    done = 0

    async def ask(who: int) -> None:
        nonlocal done
        number = 0
        while time.monotonic() < until:
            number += 1
            text = f"Write a line about a hill number {who}{number:04}."
            outcome = Outcome(Request(0.0, Sort.UNIQUE, chat(model, text, 10)), 0.0, 0.0)
            await client.send(outcome)
            if outcome.end is End.FAILED:
                raise RuntimeError(f"the gateway does not answer: {outcome.why}")
            if outcome.end is End.SHED:
                await asyncio.sleep(0.1)
            done += outcome.end is End.ANSWERED

    began = time.monotonic()
    await asyncio.gather(*(ask(who) for who in range(at_once)))
    if not done:
        raise RuntimeError("the gateway refused every request although nobody else asks")
    return done / (time.monotonic() - began)


async def run(
    client: Client,
    requests: Sequence[Request],
    seconds: float,
    tell: Callable[[Sequence[Outcome], int, float], None],
) -> list[Outcome]:
    """Send a day's requests within `seconds`, each at its time; waits for the last answer.

    Args:
        client: Who sends.
        requests: In order.
        seconds: Length of the day.
        tell: Told now and then what was sent, how many are under way, and the part of the day.
    """
    outcomes: list[Outcome] = []
    running: set[asyncio.Task[None]] = set()
    began = told = time.monotonic()
    for request in requests:
        due = began + request.at * seconds
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        now = time.monotonic()
        outcome = Outcome(request, now - began, now - due)
        outcomes.append(outcome)
        task = asyncio.create_task(client.send(outcome))
        running.add(task)
        task.add_done_callback(running.discard)
        if now - told > 5:
            told = now
            tell(outcomes, len(running), request.at)
    await asyncio.gather(*running)
    return outcomes
