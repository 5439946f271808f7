"""Chains of guards over prompts and answers."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from gateway.contract import Call, Message, OutputGuard
from gateway.errors import BlockedError
from gateway.guards.findings import Deadline, Finding, GuardTimeoutError, masked
from gateway.guards.leak import SYSTEM_ROLES
from gateway.guards.metrics import GuardMetrics
from gateway.guards.monitors import Monitor
from gateway.guards.parts import Guard, make_guard
from gateway.guards.settings import Action, ChainSettings, Fail, GuardsSettings
from gateway.guards.stream import Post, StreamGuard

MOST_NOTES = 50
"""Findings of one call that are noted; all are counted."""


class GuardFailedError(BlockedError):
    """A guard that must not be missing broke or took too long."""

    status = 503
    code = "guard_failed"


class Notes:
    """What guards did, in the notes of a call: names and scores, never what they found.

    ``guards`` has pairs of guard and action, ``guard_findings`` the details.
    """

    def __init__(self, call: Call) -> None:
        self._actions: list[tuple[str, str]] = call.notes.setdefault("guards", [])
        self._findings: list[dict[str, Any]] = call.notes.setdefault("guard_findings", [])

    def add(self, guard: Guard, direction: str, finding: Finding) -> None:
        """Note a finding."""
        settings = guard.settings
        pair = (settings.title, settings.action.value)
        if pair not in self._actions:
            self._actions.append(pair)
        if len(self._findings) < MOST_NOTES:
            self._findings.append(
                {
                    "guard": settings.title,
                    "direction": direction,
                    "action": settings.action.value,
                    "label": finding.label,
                    "score": round(finding.score, 3),
                }
            )


@dataclass(slots=True)
class _State:
    """What a chain keeps of a call between its prompt and its answer; never logged."""

    chain: "Chain"
    system: str

    def __repr__(self) -> str:
        return f"_State(chain={self.chain.name!r})"


class Chain:
    """The guards of one chain, in their order.

    Raises:
        LookupError: An environment variable that a guard needs is not set.
    """

    def __init__(self, name: str, settings: ChainSettings, metrics: GuardMetrics) -> None:
        self.name = name
        self.guards = [make_guard(each) for each in settings]
        self._metrics = metrics

    def check(
        self, messages: Sequence[Message], notes: Notes, scan_characters: int
    ) -> list[Message]:
        """The messages, masked where the chain masks. Runs in the thread that calls it.

        Raises:
            BlockedError: A guard refuses them.
        """
        checked = list(messages)
        for guard in self.guards:
            if not guard.reads_prompts or guard.detector is None:
                continue
            began = time.perf_counter()
            try:
                for place, message in enumerate(checked):
                    checked[place] = self._message(guard, message, place, notes, scan_characters)
            finally:
                spent = time.perf_counter() - began
                self._metrics.seconds.labels(guard.settings.title).observe(spent)
        return checked

    def _message(
        self,
        guard: Guard,
        message: Message,
        place: int,
        notes: Notes,
        scan_characters: int,
    ) -> Message:
        text = message.content
        trusted = message.role in SYSTEM_ROLES and getattr(guard.settings, "trust_system", False)
        if not text or trusted or guard.detector is None:
            return message
        param = f"messages[{place}].content"
        if len(text) > scan_characters:
            self._failed(guard, "too_long")
            if guard.settings.fail is Fail.CLOSED:
                raise BlockedError(
                    f"the text is longer than guard {guard.settings.title!r} reads"
                    f" ({scan_characters} characters)",
                    param=param,
                )
            notes.add(guard, "prompt", Finding(0, 0, "not_checked", 0.0))
            return message
        try:
            found = guard.detector.find(text, Deadline(guard.settings.timeout_ms / 1000))
        except Exception as error:  # noqa: BLE001 - `fail` says what follows
            self._failed(guard, _kind_of(error))
            if guard.settings.fail is Fail.CLOSED:
                raise _unavailable(guard) from None
            return message
        return self._act(guard, message, found, param, notes)

    def _act(
        self,
        guard: Guard,
        message: Message,
        found: Sequence[Finding],
        param: str,
        notes: Notes,
    ) -> Message:
        action = guard.settings.action
        self.count(guard, "prompt", action.value if found else "pass")
        for finding in found:
            self._found(guard, "prompt", finding, notes)
        if not found or action is Action.FLAG:
            return message
        if action is Action.BLOCK:
            raise BlockedError(_reason("prompt", guard, found[0]), param=param)
        return Message(message.role, masked(message.content, found), message.extra)

    def _found(self, guard: Guard, direction: str, finding: Finding, notes: Notes) -> None:
        self._metrics.findings.labels(guard.settings.title, direction, finding.label).inc()
        notes.add(guard, direction, finding)

    def _failed(self, guard: Guard, kind: str, direction: str = "prompt") -> None:
        self.count(guard, direction, kind)

    def count(self, guard: Guard, direction: str, result: str) -> None:
        """Count one checked text."""
        self._metrics.checks.labels(self.name, guard.settings.title, direction, result).inc()

    def output(self, tenant: str, system: str, notes: Notes) -> StreamGuard:
        """The guards of one answer."""
        posts: list[Post] = []
        for guard in self.guards:
            if guard.reads_output:
                posts += [
                    self._post(guard, monitor, notes) for monitor in guard.monitors(tenant, system)
                ]
        return StreamGuard(posts)

    def _post(self, guard: Guard, monitor: Monitor, notes: Notes) -> Post:
        def note(finding: Finding) -> None:
            self.count(guard, "output", guard.settings.action.value)
            self._found(guard, "output", finding, notes)

        def refusal(finding: Finding | None) -> BlockedError:
            if finding is None:
                return _unavailable(guard)
            return BlockedError(_reason("answer", guard, finding))

        return Post(
            action=guard.settings.action,
            fail=guard.settings.fail,
            monitor=monitor,
            note=note,
            broken=lambda error: self._failed(guard, _kind_of(error), "output"),
            refusal=refusal,
        )


def _reason(what: str, guard: Guard, finding: Finding) -> str:
    return f"the {what} was stopped by guard {guard.settings.title!r}: {finding.label}"


def _unavailable(guard: Guard) -> GuardFailedError:
    return GuardFailedError(
        f"guard {guard.settings.title!r} did not finish; nothing goes on without it",
        retry_after=1.0,
    )


def _kind_of(error: Exception) -> str:
    return "timeout" if isinstance(error, GuardTimeoutError) else "error"


class ChainGuards:
    """The `Guards` of the gateway: finds a tenant's chain and runs it.

    Args:
        settings: The section ``guards``.
        metrics: What is counted.

    Raises:
        LookupError: An environment variable that a guard needs is not set.
    """

    def __init__(self, settings: GuardsSettings, metrics: GuardMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._all = settings.all_chains()
        self._chains: dict[str, Chain] = {}
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="guards")
        used = {settings.default, *settings.chains}
        for name in sorted(used):
            self.chain(name)

    def chain(self, name: str) -> Chain:
        """A chain by its name; made when it is first asked for."""
        chain = self._chains.get(name)
        if chain is None:
            chain = self._chains[name] = Chain(name, self._all[name], self._metrics)
        return chain

    def _chain_of(self, call: Call) -> Chain:
        name = call.tenant.guards or self._settings.default
        if name not in self._all:
            raise GuardFailedError(
                f"tenant {call.tenant.name!r} chose chain {name!r}, which is not in the gateway's"
                f" settings; there are {', '.join(sorted(self._all))}"
            )
        return self.chain(name)

    async def prompt(self, call: Call, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages, masked where the chain masks; flags go into ``call.notes["guards"]``.

        Raises:
            BlockedError: A guard refuses them.
        """
        chain = self._chain_of(call)
        notes = Notes(call)
        size = sum(len(message.content) for message in messages)
        scan = self._settings.scan_characters
        if size <= self._settings.inline_characters:
            checked = chain.check(messages, notes, scan)
        else:
            loop = asyncio.get_running_loop()
            checked = await loop.run_in_executor(self._threads, chain.check, messages, notes, scan)
        system = "\n".join(each.content for each in checked if each.role in SYSTEM_ROLES)
        call.kept["guards"] = _State(chain, system)
        for guard in chain.guards:
            if guard.leak:
                checked = guard.leak.mark(call.tenant.name, checked)
        return checked

    def output(self, call: Call) -> OutputGuard:
        """Guards for the answer to this call."""
        kept: _State | None = call.kept.get("guards")
        chain = kept.chain if kept else self._chain_of(call)
        return chain.output(call.tenant.name, kept.system if kept else "", Notes(call))

    async def close(self) -> None:
        """Let go of the threads; a check that still runs ends by its own deadline."""
        self._threads.shutdown(wait=False, cancel_futures=True)
