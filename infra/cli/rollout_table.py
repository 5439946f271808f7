"""A rollout as a table: step, weight, gate, samples, verdict. Pure."""

from collections.abc import Sequence
from typing import Any, cast

from rich.table import Table
from rich.text import Text

from llm_platform.serving.kinds import RolloutStrategy
from llm_platform.serving.rollout_spec import step_names, strategy_word

_STYLES = {
    "passed": "green",
    "failed": "red",
    "running": "yellow",
    "waiting": "yellow",
    "skipped": "dim",
    "to come": "dim",
    "promoted": "green",
    "shadowed": "green",
    "rolled-back": "red",
    "aborted": "red",
}
_STRATEGIES = {strategy_word(each): each for each in RolloutStrategy}


def summary(found: dict[str, Any]) -> Text:
    """Who has the requests, and what the last rollout came to.

    Args:
        found: What the rollout's program says of a service.
    """
    text = Text(f"{found['service']} in {found['namespace']}: ")
    split = found["split"]
    if split is None:
        text.append("the route's rules are not those of a served model", "red")
    elif not split["has_candidate"]:
        text.append(f"stable {split['stable']}")
    else:
        text.append(f"stable {split['stable']}, candidate {split['candidate']}")
        if split["mirrored"]:
            text.append(f", copies to the candidate {split['mirrored']}")
    state, lease = found["rollout"], found["lease"]
    if state is None:
        text.append("\nNo rollout yet.")
        return text
    text.append(f"\n{state['strategy']} {state['id']}: ")
    text.append(state["phase"], _STYLES.get(state["phase"], ""))
    if state["reason"]:
        text.append(f", {state['reason']}")
    if state["phase"] == "running" and lease is not None and lease["age_seconds"] is not None:
        words = "last sign of life" if lease["alive"] else "no sign of life since"
        text.append(
            f"\n{words} {lease['age_seconds']:.0f} s{' ago' if lease['alive'] else ''}",
            "" if lease["alive"] else "red",
        )
    return text


def step_table(found: dict[str, Any], weights: Sequence[int]) -> Table:
    """Every step of the last rollout, with what its gates said.

    Args:
        found: What the rollout's program says of a service; with a rollout.
        weights: Shares of a canary.
    """
    table = Table(box=None)
    for column in ("step", "weight", "gate"):
        table.add_column(column)
    for column in ("candidate", "stable", "allowed", "samples"):
        table.add_column(column, justify="right")
    table.add_column("verdict", overflow="fold")
    state = found["rollout"]
    over = {each["step"]: each for each in state["passed"]}
    for name in step_names(_STRATEGIES[state["strategy"]], weights):
        if name in over:
            _rows(table, name, over[name]["readings"], f"passed in {over[name]['seconds']:.0f} s")
        elif name == state["step"]:
            runs = state["phase"] == "running"
            verdict = "running" if runs else state["phase"]
            _rows(table, name, found["readings"], verdict)
        else:
            _rows(table, name, [], "to come" if state["phase"] == "running" else "not reached")
    return table


def weight_of(step: str) -> str:
    """Share of the candidate in a step, for people."""
    return {"shadow": "copies", "smoke": "0", "switch": "100"}.get(step) or step.rpartition("-")[2]


def _rows(table: Table, step: str, readings: Any, verdict: str) -> None:
    style = _STYLES.get(verdict.partition(" in ")[0], "dim")
    given = cast("list[dict[str, Any]]", readings)
    if not given:
        table.add_row(step, weight_of(step), "", "", "", "", "", Text(verdict, style))
        return
    for index, each in enumerate(given):
        first = index == 0
        own = Text(each["verdict"], _STYLES.get(each["verdict"], ""))
        if each["verdict"] in {"waiting", "failed"}:
            own.append(f": {each['why']}", "dim")
        if first:
            own = Text.assemble((verdict, style), "  ", own)
        table.add_row(
            step if first else "",
            weight_of(step) if first else "",
            each["gate"],
            _number(each["candidate"]),
            _number(each["stable"]),
            _number(each["allowed"]),
            str(each["samples"]),
            own,
        )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
