"""Which call goes wrong: by seed and count alone, so that a run can be repeated."""

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from llm_platform.problems import InvalidInputsError
from local.faults.plan import PLAN_FILE, Effect, FaultPlan, Kind, Rule, Side, parse
from local.faults.record import FaultRecord


@dataclass(frozen=True)
class Fault:
    """What happens to one call.

    Attributes:
        kind: What goes wrong.
        effect: Whether the call is carried out.
        seconds: See :class:`~local.faults.plan.Rule`.
    """

    kind: Kind
    effect: Effect
    seconds: float

    def __str__(self) -> str:
        has_effect = self.kind in {Kind.ERROR, Kind.TIMEOUT, Kind.CUT}
        return f"{self.kind.value} {self.effect.value}" if has_effect else self.kind.value


class Decisions:
    """Applies one plan to the calls of one side; safe in threads."""

    def __init__(self, plan: FaultPlan, side: Side) -> None:
        self._seed = plan.seed
        self._rules = [(i, rule) for i, rule in enumerate(plan.rules) if rule.side is side]
        self._calls: Counter[tuple[int, str]] = Counter()
        self._struck: Counter[int] = Counter()
        self._lock = threading.Lock()

    def decide(self, call: str) -> Fault | None:
        """What happens to the next call of this name."""
        with self._lock:
            for index, rule in self._rules:
                if fnmatchcase(call, rule.call) and self._strikes(index, rule, call):
                    self._struck[index] += 1
                    return Fault(rule.kind, rule.effect, rule.seconds)
        return None

    def _strikes(self, index: int, rule: Rule, call: str) -> bool:
        if rule.times is not None and self._struck[index] >= rule.times:
            return False
        self._calls[index, call] += 1
        text = f"{self._seed}/{index}/{call}/{self._calls[index, call]}"
        digest = hashlib.sha256(text.encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64 < rule.ratio


class Faults:
    """The faults of one side in one process, by the plan that lies in the cloud's folder.

    The file is looked at before every call, so that a plan counts as soon as it is written and
    no longer when it is removed. Another plan counts from the beginning.
    """

    def __init__(self, folder: Path, side: Side) -> None:
        self._path = folder / PLAN_FILE
        self._side = side
        self._record = FaultRecord(folder, side)
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._decisions: Decisions | None = None
        self._wrong: InvalidInputsError | None = None

    def due(self, call: str) -> Fault | None:
        """What happens to a call; written down when it is anything.

        Raises:
            InvalidInputsError: The plan is wrong; every call says so until it is put right.
        """
        decisions = self._current()
        fault = decisions.decide(call) if decisions is not None else None
        if fault is not None:
            self._record.write(call, str(fault))
        return fault

    def _current(self) -> Decisions | None:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
        except FileNotFoundError:
            stamp = None
        with self._lock:
            if stamp != self._stamp:
                self._stamp, self._decisions, self._wrong = stamp, None, None
                if stamp is not None:
                    self._read()
            if self._wrong is not None:
                raise self._wrong
            return self._decisions

    def _read(self) -> None:
        try:
            self._decisions = Decisions(parse(self._path.read_text(encoding="utf-8")), self._side)
        except InvalidInputsError as error:
            self._wrong = error
        except FileNotFoundError:
            # removed between two looks
            self._stamp = None
