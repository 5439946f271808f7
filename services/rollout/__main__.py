"""``python -m rollout``: begin, step, finish, settle, guard; check, status, promote, abort; run.

What to roll out is in the environment, see `rollout.settings`. Exit codes: 0 done; 1 out of order,
try again; 2 refused; 10 a gate failed and stable has all requests; 11 ended from elsewhere.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence

from rollout import control
from rollout.cluster import Place
from rollout.errors import FAULT, OK, RefusedError, RolloutError
from rollout.kube import Api, own_access
from rollout.measures import Measures
from rollout.plan import Strategy
from rollout.prometheus import Prometheus
from rollout.settings import VARIABLE, Settings, read_settings
from rollout.steps import Rollout

LONGEST_MESSAGE = 4000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        text = os.environ.get(VARIABLE)
        if not text:
            raise RefusedError(f"{VARIABLE} is not set")
        settings = read_settings(text)
        place = Place(Api(own_access(os.environ)), settings.service, settings.namespace)
        _run(given, settings, place)
    except RolloutError as error:
        sys.stderr.write(f"{error}"[:LONGEST_MESSAGE] + "\n")
        return error.code
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}"[:LONGEST_MESSAGE] + "\n")
        return FAULT
    return OK


def _run(given: argparse.Namespace, settings: Settings, place: Place) -> None:
    command: str = given.command
    if command == "status":
        sys.stdout.write(json.dumps(control.status(place, time.time())) + "\n")
    elif command == "promote":
        control.promote(place)
    elif command == "abort":
        control.abort(place)
    elif command == "guard":
        control.guard(place, settings.guard, _tell)
    else:
        measures = Measures(
            Prometheus(settings.prometheus), settings.gates, settings.service, settings.namespace
        )
        _workflow(given, Rollout(getattr(given, "id", ""), place, settings, measures, _tell))


def _workflow(given: argparse.Namespace, rollout: Rollout) -> None:
    if given.command == "settle":
        rollout.settle(given.status)
        return
    if given.command == "check":
        rollout.check()
        return
    strategy = Strategy(given.strategy)
    if given.command == "begin":
        rollout.begin(strategy)
    elif given.command == "step":
        rollout.step(strategy, given.step)
    elif given.command == "finish":
        rollout.finish(strategy)
    else:
        status = "Failed"
        try:
            rollout.begin(strategy)
            for step in rollout.steps(strategy):
                rollout.step(strategy, step.name)
            rollout.finish(strategy)
            status = "Succeeded"
        finally:
            rollout.settle(status)


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    found = argparse.ArgumentParser(prog="python -m rollout", description=__doc__)
    commands = found.add_subparsers(dest="command", required=True)
    for name, words in (
        ("begin", "check, take the lease, wait for the candidate"),
        ("step", "set a step's weights and watch its gates"),
        ("finish", "every step has passed"),
        ("run", "all of it in one process, without a workflow"),
        ("settle", "clean up after a workflow, however it ended"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("--id", required=True, help="the workflow's name")
        if name == "settle":
            command.add_argument("--status", default="unknown", help="how the workflow ended")
            continue
        choices = [each.value for each in Strategy]
        command.add_argument("--strategy", required=True, choices=choices)
        if name == "step":
            command.add_argument("--step", required=True, help="such as weight-10")
    commands.add_parser("check", help="whether a rollout could begin now")
    commands.add_parser("guard", help="end a rollout that nobody looks after")
    commands.add_parser("status", help="everything that is known, as JSON")
    commands.add_parser("promote", help="give the candidate everything at once")
    commands.add_parser("abort", help="give stable everything at once")
    return found


def _tell(words: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
