"""Runs the engine as `llmp` does, each run in a process of its own, which imports nothing anew.

``python recovery_child.py`` loads the SDKs once, then reads jobs, one line of JSON each, and
forks for every one: a run whose engine was killed leaves its process in no state to run again.
"""

import json
import os
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import recovery_program
from rich.console import Console

from infra.cli import session
from infra.cli.engine import Engine, RunFailedError
from infra.cli.events import RunLog, short_name
from infra.cli.recover import before_run
from infra.cli.workspace import load_settings
from infra.recovery.access import Access, environment
from infra.recovery.files import mend
from infra.recovery.journal import journaled_up
from infra.recovery.locks import drop_dead_locks
from infra.recovery.looking import find
from infra.recovery.model import Condition, Operation, Origin, Unfinished
from infra.recovery.pending import resources_of, revealed
from infra.recovery.run import Recovered
from local.errors import LocalCloudError
from local.faults import crash
from local.reporter import QuietReporter

STACK = "local"
SMALL = "small"


def main() -> None:
    """Serve jobs until the input ends."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        job: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _in_child(job)
        os.waitpid(pid, 0)
        sys.stdout.write("done\n")
        sys.stdout.flush()


def _in_child(job: dict[str, Any]) -> None:
    code = 1
    try:
        Path(job["answer"]).write_text(json.dumps(_run(job)), encoding="utf-8")
        code = 0
    except Exception:  # noqa: BLE001 - the parent must not go on with a second copy of itself
        traceback.print_exc()
    finally:
        os._exit(code)


def _run(job: dict[str, Any]) -> dict[str, Any]:
    small = job["stack"] == SMALL
    program = recovery_program.small if small else recovery_program.platform(job["version"])
    settings = load_settings(STACK)
    with session.engine_session(STACK, settings, program, QuietReporter(), _say) as (
        engine,
        cloud,
    ):
        if cloud is None:
            raise LookupError("the stack has no local cloud")
        own = replace(engine, policy_packs=(), stack=job["stack"])
        if job["point"]:
            crash.lay(cloud.folder, crash.CrashPoint(**job["point"]))
        answer = _job(own, job)
        return {**answer, "fired": crash.has_fired(cloud.folder)}


def _unlike(engine: Engine) -> dict[str, Any]:
    """Resources of the state for which looking does not find just what the state says."""
    shown = engine.export(decrypted=True)["deployment"]
    unlike: list[list[str]] = []
    with environment(engine.env):
        access = Access(resources_of(shown))
        for each in resources_of(shown):
            if not each.get("custom") or each["type"].startswith("pulumi:"):
                continue
            inputs = revealed(each["inputs"])
            one = Unfinished(Operation.CREATING, Origin.STATE, each, inputs)
            # the clean run's own are still there, as what is gone
            found = [
                seen for seen in find(one, access)[0] if seen.condition is not Condition.ENDING
            ]
            if len(found) != 1 or each["id"] not in found[0].names or found[0].ours is False:
                unlike.append([str(each["type"]), str(each["id"]), repr(found)])
    return {"error": "", "changes": {}, "decisions": unlike}


def _job(engine: Engine, job: dict[str, Any]) -> dict[str, Any]:
    if job["do"] == "find":
        return _unlike(engine)
    recovered, error, log = Recovered(), "", RunLog()
    try:
        if job["recovery"]:
            recovered = before_run(Console(stderr=True, width=200), engine, enabled=True)
        else:
            # a lock is another thing: without this no run would ever begin
            backend = engine.env["PULUMI_BACKEND_URL"]
            drop_dead_locks(backend, "llm-platform", engine.stack, _say)
            mend(backend, "llm-platform", engine.stack)
        if job["do"] == "up":
            log = journaled_up(engine, _watch, refresh=True)
        else:
            log = engine.destroy(_watch, refresh=recovered.refresh)
    except RunFailedError as failed:
        log, error = failed.log, str(failed) or "no word"
    except LocalCloudError as failed:
        error = str(failed)
    return {
        "error": error,
        "changes": dict(log.changes),
        "decisions": [
            [each.action.name, short_name(each.unfinished.urn), each.unfinished.origin.name]
            for each in recovered.decisions
        ],
    }


def _watch(_: RunLog) -> None:
    """Nobody looks on."""


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    main()
