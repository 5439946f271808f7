"""How long and how big an offline plan is: ``python bench/offline_preview.py [STACK ...]``.

Plans prod twice, then ten environments one after the other, and prints the seconds of each, the
largest memory of the whole process tree (resident, shared pages counted once per process), the
processor time of each program in it, and the ratio of ten environments to one. The machine
should be idle.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
EVERY_SECONDS = 0.1
ENVIRONMENTS = ("dev", "staging", "prod")
MANY = 10
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Measured:
    """One run.

    Attributes:
        seconds: Wall clock.
        resident: Largest sum of the resident memory of all processes, in bytes.
        busy: Processor seconds by program.
    """

    seconds: float = 0.0
    resident: int = 0
    busy: dict[str, float] = field(default_factory=dict[str, float])


def plan(stack: str) -> Measured:
    """Plan one stack and watch the process tree.

    Raises:
        RuntimeError: The plan does not pass.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.cli.main", "preview", stack, "--offline", "--json"],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = Measured()
    seen: dict[int, tuple[str, float]] = {}
    while process.poll() is None:
        resident = 0
        for pid in _tree(process.pid):
            described = _describe(pid)
            if described is None:
                continue
            name, busy, size = described
            # one that has just ended has no name any more
            seen[pid] = (name or seen.get(pid, ("other", 0.0))[0], busy)
            resident += size
        found.resident = max(found.resident, resident)
        time.sleep(EVERY_SECONDS)
    found.seconds = time.monotonic() - began
    if process.returncode:
        raise RuntimeError(f"the plan of {stack} ended with {process.returncode}")
    totals: dict[str, float] = defaultdict(float)
    for name, busy in seen.values():
        totals[name] += busy
    found.busy = dict(totals)
    return found


def _tree(root: int) -> list[int]:
    """A process and everything below it."""
    found = [root]
    for pid in found:
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
            for task in tasks:
                found += map(int, (task / "children").read_text().split())
        except OSError:
            # it has ended meanwhile
            continue
    return found


def _describe(pid: int) -> tuple[str, float, int] | None:
    """Name, processor seconds and resident bytes of a process; None when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return None
    return _name(command), (int(stat[11]) + int(stat[12])) / TICKS, pages * PAGE


def _name(command: list[str]) -> str:
    line = " ".join(command)
    for mark, name in (
        ("local.providers", "providers"),
        ("pulumi.policy", "policy pack"),
        ("infra.cli.main", "llmp and the program"),
        ("pulumi", "engine"),
    ):
        if mark in line:
            return name
    return Path(command[0]).name


def _print(title: str, measured: Measured) -> None:
    busy = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in sorted(measured.busy.items()))
    size = measured.resident / 2**20
    sys.stdout.write(f"{title:<12} {measured.seconds:6.1f} s  {size:6.0f} MiB  ({busy})\n")
    sys.stdout.flush()


def _work(measured: Measured) -> float:
    return sum(measured.busy.values())


def main() -> int:
    """Measure and print; the exit code is always 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stacks", nargs="*", default=["prod", "prod"])
    parser.add_argument("--ten", action="store_true", help="also ten environments in sequence")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    sys.stdout.write(f"{os.cpu_count()} processors, load {load:.1f} before the first run\n")
    runs = [(stack, plan(stack)) for stack in asked.stacks]
    for stack, measured in runs:
        _print(stack, measured)
    if asked.ten:
        one = runs[-1][1]
        many = [plan(ENVIRONMENTS[index % len(ENVIRONMENTS)]) for index in range(MANY)]
        total = sum(each.seconds for each in many)
        highest = max(each.resident for each in many) / 2**20
        sys.stdout.write(
            f"ten in a row {total:6.1f} s  {highest:6.0f} MiB at most; "
            f"{total / one.seconds:.1f} times one {runs[-1][0]} by the clock, "
            f"{sum(map(_work, many)) / _work(one):.1f} times by processor time\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
