"""What each kind of guard is made of: a detector for whole texts, monitors for answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.guards.findings import Deadline, Detector, Finding
from gateway.guards.leak import LeakGuard
from gateway.guards.monitors import BatchMonitor, Monitor, SegmentMonitor
from gateway.guards.settings import (
    Action,
    Direction,
    Entity,
    GuardSettings,
    InjectionSettings,
    LeakSettings,
    LimitsSettings,
    LinksSettings,
    PiiSettings,
    ToxicitySettings,
)
from gateway.guards.spans import SECRET_TRIGGERS, SpanMonitor, Triggers


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard as its chain uses it.

    Attributes:
        settings: What it was made from.
        detector: Finds in whole texts; None when it reads no prompts.
        monitors: Makes the watchers of one answer, given the tenant and its system prompt.
        leak: The guard itself where it marks system prompts.
    """

    settings: GuardSettings
    detector: Detector | None
    monitors: Callable[[str, str], Sequence[Monitor]]
    leak: LeakGuard | None = None

    @property
    def reads_prompts(self) -> bool:
        """Whether it reads prompts."""
        return self.settings.direction is not Direction.OUTPUT

    @property
    def reads_output(self) -> bool:
        """Whether it reads answers."""
        return self.settings.direction is not Direction.PROMPT


def make_guard(settings: GuardSettings) -> Guard:
    """Make a guard; what it needs is imported here, so that nobody pays for what is not used.

    Raises:
        LookupError: An environment variable that it needs is not set.
    """
    match settings:
        case InjectionSettings() | ToxicitySettings():
            return _classifier(settings)
        case PiiSettings():
            return _pii(settings)
        case LinksSettings():
            from gateway.guards.links import LABELS, TRIGGERS, LinksDetector  # noqa: PLC0415 - loaded where it is used

            triggers = Triggers(prefixes=TRIGGERS, sticky=LABELS)
            return _spans(settings, LinksDetector(settings), triggers)
        case LimitsSettings():
            from gateway.guards.limits import LimitsDetector  # noqa: PLC0415 - loaded where it is used

            limits = LimitsDetector(settings)
            return Guard(settings, limits, lambda _tenant, _system: limits.monitors())
        case LeakSettings():
            leak = LeakGuard(settings)
            return Guard(settings, None, leak.monitors, leak)


def _classifier(settings: InjectionSettings | ToxicitySettings) -> Guard:
    from gateway.guards.classifiers import InjectionDetector, ToxicityDetector  # noqa: PLC0415 - loaded where it is used

    if isinstance(settings, InjectionSettings):
        detector: Detector = InjectionDetector(settings)
    else:
        detector = ToxicityDetector(settings)
    seconds = settings.timeout_ms / 1000
    return Guard(settings, detector, lambda _tenant, _system: [SegmentMonitor(detector, seconds)])


def _pii(settings: PiiSettings) -> Guard:
    from gateway.guards.pii import PiiDetector  # noqa: PLC0415 - loaded where it is used

    secrets = Entity.SECRET in settings.entities
    triggers = Triggers(
        digits=set(settings.entities) != {Entity.SECRET},
        words=Entity.EMAIL in settings.entities,
        prefixes=SECRET_TRIGGERS if secrets else (),
        secrets=secrets,
        sticky=frozenset({Entity.SECRET.value}),
    )
    return _spans(settings, PiiDetector(settings), triggers)


def _spans(settings: GuardSettings, detector: Detector, triggers: Triggers) -> Guard:
    seconds = settings.timeout_ms / 1000

    def find(text: str) -> Sequence[Finding]:
        return detector.find(text, Deadline(seconds))

    def monitors(tenant: str, system: str) -> Sequence[Monitor]:
        del tenant, system
        if settings.action is Action.FLAG:
            return [BatchMonitor(detector, seconds)]
        return [SpanMonitor(find, triggers)]

    return Guard(settings, detector, monitors)
