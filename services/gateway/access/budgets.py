"""Requests and tokens of a key: set aside before the answer, settled after it."""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway.access.breaker import Breaker
from gateway.access.settings import Away, BudgetsSettings, Plan, Scope
from gateway.access.stores import Store, StoreError, Ticket
from gateway.access.windows import DAY, MINUTE, TOKENS, Decision, Limit
from gateway.contract import Call, Reservation, Tenant
from gateway.errors import BudgetExceededError, ForbiddenError, UnavailableError
from gateway.telemetry import metrics

log = logging.getLogger(__name__)

KEPT_CHANGES = 10_000
"""Settlements kept while the store is away; older ones are forgotten first."""


def limits_of(plan: Plan) -> tuple[Limit, ...]:
    """The windows in which a plan limits anything."""
    limits = (
        Limit(MINUTE, plan.requests_per_minute, plan.tokens_per_minute),
        Limit(DAY, plan.requests_per_day, plan.tokens_per_day),
    )
    return tuple(each for each in limits if each.requests is not None or each.tokens is not None)


class Counting(NamedTuple):
    """A plan as requests need it."""

    scope: Scope
    limits: tuple[Limit, ...]
    by_tokens: bool

    @classmethod
    def of(cls, plan: Plan) -> "Counting":
        """That of a plan."""
        limits = limits_of(plan)
        return cls(plan.per, limits, any(each.tokens is not None for each in limits))


def account_of(tenant: Tenant, scope: Scope) -> str:
    """What the use of a key is counted under."""
    if scope is Scope.TENANT:
        return f"tenant/{tenant.name}"
    return f"key/{tenant.name}/{tenant.account or tenant.key}"


def refusal(limit: Limit, decision: Decision, tokens: int) -> BudgetExceededError:
    """What the caller is told, and until when."""
    tokens_short = decision.quantity == TOKENS
    what = f"{limit.of(decision.quantity)} {'tokens' if tokens_short else 'requests'}"
    window = limit.window.name
    if decision.wait is None:
        message = (
            f"This request may use up to {tokens} tokens, more than the budget of {what} a {window}"
            " ever allows; shorten the prompt or lower max_tokens."
        )
        return BudgetExceededError(message, code="budget_too_small")
    seconds = decision.wait / 1e6
    shown = math.ceil(seconds * 1000) / 1000
    message = f"The budget of {what} a {window} is used up; try again in {shown:g} seconds."
    return BudgetExceededError(message, retry_after=seconds)


class NotCounted:
    """A reservation without tokens in a store: they are not limited, or the store is away."""

    async def settle(self, tokens: int) -> None:
        """Nothing goes back."""


NOT_COUNTED = NotCounted()


@dataclass(slots=True)
class Counted:
    """Tokens set aside in a store."""

    budgets: "KeyBudgets"
    ticket: Ticket
    tokens: int
    settled: bool = False

    async def settle(self, tokens: int) -> None:
        """See `Reservation`; goes on although its task is cancelled. Twice is once."""
        if self.settled:
            return
        self.settled = True
        await self.budgets.change(self.ticket, tokens - self.tokens)


class KeyBudgets:
    """The budgets of all keys, counted in one store."""

    def __init__(self, settings: BudgetsSettings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._plans = {name: Counting.of(plan) for name, plan in settings.plans.items()}
        self._kept: deque[tuple[Ticket, int]] = deque(maxlen=KEPT_CHANGES)
        self._running: set[asyncio.Future[Any]] = set()
        self._breaker = Breaker(
            self._probe,
            open_after=settings.open_after,
            pause=settings.retry_seconds,
            longest_pause=settings.retry_seconds_max,
            changed=self._availability,
        )
        metrics.BUDGET_STORE_UP.set(1)

    async def reserve(self, call: Call, tokens: int) -> Reservation:
        """See `gateway.contract.Budgets`.

        Raises:
            BudgetExceededError: A budget is used up; says until when.
            ForbiddenError: The key names a budget that is not in the settings.
            UnavailableError: The store is away and the setting is to refuse.
        """
        name = call.tenant.budget or self._settings.default
        if not name:
            return NOT_COUNTED
        if name not in self._plans:
            log.error("key %s names the budget %r, which is not set up", call.tenant.key, name)
            message = "The budget of this key is not set up here; ask whoever issued the key."
            raise ForbiddenError(message, code="unknown_budget")
        scope, limits, by_tokens = self._plans[name]
        if not limits:
            return NOT_COUNTED
        if not by_tokens:
            tokens = 0
        account = account_of(call.tenant, scope)
        decision = await self._decide(account, limits, tokens)
        if decision is None:
            return NOT_COUNTED
        if not decision.granted:
            limit = limits[decision.limit]
            metrics.budget_refused(call.tenant.name, limit.window.name, decision.quantity == TOKENS)
            raise refusal(limit, decision, tokens)
        if not by_tokens:
            return NOT_COUNTED
        return Counted(self, Ticket(account, limits, decision.marks), tokens)

    async def _decide(
        self, account: str, limits: tuple[Limit, ...], tokens: int
    ) -> Decision | None:
        if not self._store.waits:
            return await self._store.reserve(account, limits, tokens)
        if self._breaker.is_open:
            return self._away()
        task = asyncio.ensure_future(self._store.reserve(account, limits, tokens))
        began = time.perf_counter()
        try:
            decision = await self._within_timeout(task)
        except (StoreError, TimeoutError) as error:
            self._give_back(task, account, limits, tokens)
            self._failed(error)
            return self._away()
        except asyncio.CancelledError:
            self._give_back(task, account, limits, tokens)
            raise
        metrics.BUDGET_STORE_SECONDS.observe(time.perf_counter() - began)
        self._breaker.succeeded()
        return decision

    async def _within_timeout(self, task: "asyncio.Future[Any]") -> Any:
        """Wait for a task, which goes on when this does not."""
        async with asyncio.timeout(self._settings.timeout_seconds):
            return await asyncio.shield(task)

    def _give_back(
        self, task: "asyncio.Future[Decision]", account: str, limits: tuple[Limit, ...], tokens: int
    ) -> None:
        """If nobody waits for this reservation any more and it is granted, its tokens go back."""

        def done(task: "asyncio.Future[Decision]") -> None:
            self._running.discard(task)
            if not task.cancelled() and task.exception() is None and task.result().granted:
                ticket = Ticket(account, limits, task.result().marks)
                self._in_background(self.change(ticket, -tokens))

        self._running.add(task)
        task.add_done_callback(done)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def change(self, ticket: Ticket, tokens: int) -> None:
        """Add to the tokens of a ticket, now or when the store is back. Does not raise."""
        if not tokens:
            return
        if not self._store.waits:
            await self._store.change(ticket, tokens)
            return
        if self._breaker.is_open:
            self._kept.append((ticket, tokens))
            return
        await asyncio.shield(self._in_background(self._change(ticket, tokens)))

    async def _change(self, ticket: Ticket, tokens: int) -> None:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                await self._store.change(ticket, tokens)
        except (StoreError, TimeoutError) as error:
            # It may have been done all the same. Charged twice is on the safe side, given back
            # twice would let too much in.
            if tokens > 0:
                self._kept.append((ticket, tokens))
            self._failed(error)
        else:
            self._breaker.succeeded()

    async def _probe(self) -> None:
        async with asyncio.timeout(self._settings.timeout_seconds):
            await self._store.ping()
        while self._kept:
            ticket, tokens = self._kept.popleft()
            try:
                async with asyncio.timeout(self._settings.timeout_seconds):
                    await self._store.change(ticket, tokens)
            except (StoreError, TimeoutError):
                if tokens > 0:
                    self._kept.append((ticket, tokens))
                raise

    def _failed(self, error: Exception) -> None:
        metrics.BUDGET_STORE_ERRORS.inc()
        reason = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        log.warning("budgets: %s", reason)
        self._breaker.failed()

    def _availability(self, up: bool) -> None:
        metrics.BUDGET_STORE_UP.set(int(up))
        if up:
            log.info("budgets: the store answers again")
        else:
            what = "refused" if self._settings.when_away is Away.REFUSE else "not counted"
            log.error("budgets: the store is away; requests are %s until it is back", what)

    def _away(self) -> None:
        """What to do with a request that could not be counted."""
        if self._settings.when_away is Away.ALLOW:
            metrics.BUDGET_UNCHECKED.inc()
            return
        message = "Budgets cannot be checked at the moment; try again."
        pause = max(self._breaker.seconds_to_probe, 1.0)
        raise UnavailableError(message, code="budget_store_unavailable", retry_after=pause)

    async def close(self) -> None:
        """Finish what is under way, then give the store back."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=2 * self._settings.timeout_seconds)
        await self._breaker.close()
        await self._store.close()
