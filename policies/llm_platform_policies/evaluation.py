"""Running policies over resources: findings, decisions on unknown values, exceptions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from llm_platform.cost import BillableResource, Range, estimate_cost
from llm_platform_policies import catalogue
from llm_platform_policies.exceptions import Exceptions, PolicyException
from llm_platform_policies.model import Context, Policy
from llm_platform_policies.reader import Reader
from llm_platform_policies.unknowns import Decision, Ledger, Undecided


@dataclass(frozen=True)
class Subject:
    """A resource as the engine describes it.

    Attributes:
        type: Type token.
        name: Logical name.
        urn: URN.
        properties: Its inputs, in which reading an unknown value raises `UnknownValueError`.
        references: URNs of the resources that its properties depend on.
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any]
    references: tuple[str, ...] = ()

    def reader(self, ledger: Ledger) -> Reader:
        """A reader over it for one policy."""
        return Reader(self.type, self.name, self.urn, self.properties, ledger, self.references)


@dataclass(frozen=True)
class Finding:
    """What a policy found.

    Attributes:
        policy: Id of the policy.
        message: One or more sentences.
        urn: The resource, empty for the stack as a whole.
    """

    policy: str
    message: str
    urn: str = ""


@dataclass
class Evaluation:
    """The pack at work on one run of the engine.

    Attributes:
        context: Settings, prices, the day.
        exceptions: What was agreed on.
        stack: Name of the stack.
        used: Exceptions that excepted something so far.
    """

    context: Context
    exceptions: Exceptions = field(default_factory=Exceptions)
    stack: str = ""
    used: set[PolicyException] = field(default_factory=set[PolicyException])
    _spent: dict[str, Range] = field(default_factory=dict[str, Range])
    _lock: Lock = field(default_factory=Lock)

    def check_resource(self, policy: Policy, subject: Subject) -> list[Finding]:
        """What one policy has against one resource, exceptions taken off."""
        if policy is catalogue.RUNNING_TOTAL:
            return self._excepted(self._running_total(subject))
        if policy is catalogue.UNVERIFIABLE:
            return self._excepted(self._unverifiable(subject))
        if policy.check is None or not policy.applies_to(subject.type):
            return []
        ledger = Ledger.of(policy.id, policy.fields)
        messages = list(policy.check(subject.reader(ledger), self.context))
        messages += [denial(each) for each in ledger.undecided]
        return self._excepted(
            Finding(policy.id, message, subject.urn) for message in messages if message
        )

    def check_stack(self, policy: Policy, subjects: Sequence[Subject]) -> list[Finding]:
        """What one policy has against the stack as a whole, exceptions taken off."""
        if policy is catalogue.EXCEPTIONS_EXPIRED:
            return list(self._expired())
        if policy is catalogue.EXCEPTIONS_UNUSED:
            return list(self._unused())
        if policy.check_stack is None:
            return []
        ledgers: dict[str, Ledger] = {}
        readers: list[Reader] = []
        for subject in subjects:
            if policy.applies_to(subject.type):
                ledgers[subject.urn] = Ledger.of(policy.id, policy.fields)
                readers.append(subject.reader(ledgers[subject.urn]))
        found = [
            Finding(policy.id, each.message, each.urn)
            for each in policy.check_stack(readers, self.context)
        ]
        found += [
            Finding(policy.id, denial(undecided), urn)
            for urn, ledger in ledgers.items()
            for undecided in ledger.undecided
            if denial(undecided)
        ]
        return self._excepted(found)

    def _excepted(self, findings: Iterable[Finding]) -> list[Finding]:
        kept: list[Finding] = []
        for finding in findings:
            entry = self.exceptions.covering(finding.policy, finding.urn, self.context.today)
            if entry is None:
                kept.append(finding)
            else:
                with self._lock:
                    self.used.add(entry)
        return kept

    def _unverifiable(self, subject: Subject) -> Iterator[Finding]:
        for policy in catalogue.POLICIES:
            if policy.check is None or not policy.applies_to(subject.type):
                continue
            if not any(each.unknown is Decision.UNVERIFIABLE for each in policy.fields):
                continue
            ledger = Ledger.of(policy.id, policy.fields)
            for _ in policy.check(subject.reader(ledger), self.context):
                pass
            for undecided in ledger.undecided:
                if undecided.field.unknown is Decision.UNVERIFIABLE:
                    message = (
                        f"{undecided.path} is not known at preview ({undecided.field.why}); "
                        f"{policy.id} looks at it in the run, before the resource is created."
                    )
                    yield Finding(catalogue.UNVERIFIABLE.id, message, subject.urn)

    def _running_total(self, subject: Subject) -> Iterator[Finding]:
        """In a run: the worst case of everything registered so far, against the budget."""
        policy = catalogue.RUNNING_TOTAL
        if self.context.preview or not policy.applies_to(subject.type):
            return
        ledger = Ledger.of(policy.id, policy.fields)
        billable = BillableResource(subject.type, subject.name, subject.reader(ledger))
        settings = self.context.settings
        cost = estimate_cost([billable], settings.region, self.context.catalogue).total
        budget = settings.cost.monthly_budget_usd
        with self._lock:
            self._spent[subject.urn] = cost
            worst = sum(amount.worst for amount in self._spent.values())
        if worst > budget and cost.worst > 0:
            message = (
                f"With {subject.name} the worst case reaches {worst:,.2f} USD a month; the "
                f"budget of {settings.environment.name} is {budget:,.2f}."
            )
            yield Finding(policy.id, message, subject.urn)

    def _expired(self) -> Iterator[Finding]:
        for entry in self.exceptions.expired(self.context.today):
            message = (
                f"The exception of {entry.owner} from {entry.policy} for {entry.urn} expired on "
                f"{entry.expires} and holds no more ({entry.reason})."
            )
            yield Finding(catalogue.EXCEPTIONS_EXPIRED.id, message)

    def _unused(self) -> Iterator[Finding]:
        for entry in self.exceptions.unused(self.used, self.stack, self.context.today):
            message = (
                f"The exception of {entry.owner} from {entry.policy} for {entry.urn} excepted "
                "nothing in this run."
            )
            yield Finding(catalogue.EXCEPTIONS_UNUSED.id, message)


def denial(undecided: Undecided) -> str:
    """The violation that an unknown value is, or an empty text when it is none."""
    if undecided.field.unknown is not Decision.DENY:
        return ""
    return f"{undecided.path} is not known at preview: {undecided.field.why}."
