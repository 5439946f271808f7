"""`llmp rollout`: wrong input is one clear error, and the table says what is known."""

from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from infra.cli.main import main
from infra.cli.rollout_table import step_table, summary, weight_of
from infra.cli.rollout_views import Rollouts
from infra.cli.workspace import load_settings
from local.errors import LocalCloudError

GATES = [
    {
        "gate": "errors", "verdict": "passed", "why": "0 on 64 samples", "candidate": 0.0,
        "stable": 0.001, "allowed": 0.01, "samples": 64,
    },
    {
        "gate": "p95", "verdict": "waiting", "why": "31 of 50 samples", "candidate": None,
        "stable": 0.3, "allowed": 5.0, "samples": 31,
    },
]  # fmt: skip


def found(**rollout: Any) -> dict[str, Any]:
    state = {
        "id": "chat-x", "strategy": "canary", "phase": "running", "step": "weight-10",
        "since": 1.0, "began": 0.0, "reason": "",
        "passed": [
            {"step": "weight-1", "verdict": "passed", "seconds": 121.6, "readings": GATES[:1]}
        ],
        **rollout,
    }  # fmt: skip
    return {
        "service": "chat",
        "namespace": "assistants",
        "split": {"stable": 90, "candidate": 10, "mirrored": 0, "has_candidate": True},
        "rollout": state,
        "lease": {"holder": "chat-x", "age_seconds": 3.2, "alive": True},
        "readings": GATES,
    }


def printed(*parts: Any) -> str:
    console = Console(width=160, record=True, force_terminal=False)
    for part in parts:
        console.print(part)
    return console.export_text()


def test_a_running_rollout_is_a_table() -> None:
    text = printed(summary(found()), step_table(found(), [1, 10, 100]))
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert "stable 90, candidate 10" in text
    assert "canary chat-x: running" in text
    assert "last sign of life 3 s ago" in text
    assert lines["weight-1"][1:6] == ["1", "errors", "0", "0.001", "0.01"]
    assert "passed in 122 s" in text
    assert lines["p95"][1] == "-"
    assert "waiting: 31 of 50 samples" in text
    assert lines["weight-100"] == ["weight-100", "100", "to", "come"]


def test_a_rollout_that_is_over_says_why() -> None:
    over = found(phase="rolled-back", reason="errors: 0.5 is above 0.01 on 12 samples")
    text = printed(summary(over), step_table(over, [1, 10, 100]))
    assert "rolled-back, errors: 0.5 is above 0.01 on 12 samples" in text
    assert "last sign of life" not in text
    assert "weight-100  100" in text
    assert "not reached" in text


def test_nobody_looking_after_it_is_said() -> None:
    dead = {**found(), "lease": {"holder": "chat-x", "age_seconds": 400.0, "alive": False}}
    assert "no sign of life since 400 s" in printed(summary(dead))


def test_a_service_without_any_rollout() -> None:
    none: dict[str, Any] = {**found(), "rollout": None, "split": None}
    text = printed(summary(none))
    assert "not those of a served model" in text
    assert "No rollout yet." in text
    alone = {"stable": 100, "candidate": 0, "mirrored": 0, "has_candidate": False}
    assert "assistants: stable 100\n" in printed(summary({**none, "split": alone}))


@pytest.mark.parametrize(
    ("step", "weight"),
    [("weight-25", "25"), ("shadow", "copies"), ("smoke", "0"), ("switch", "100")],
)
def test_every_step_has_a_weight(step: str, weight: str) -> None:
    assert weight_of(step) == weight


def test_an_unknown_service_is_told_with_those_that_there_are() -> None:
    settings = load_settings("local")
    with pytest.raises(LocalCloudError) as caught:
        Rollouts.of("chatt", "local", settings, None)
    assert caught.value.what == "Stack local has no service 'chatt'; did you mean chat?"
    assert caught.value.hint == "its services: chat"


def test_a_stack_that_is_not_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("LLMP_STATE", str(tmp_path))
    for verb in ("start", "status", "promote", "abort"):
        done = CliRunner().invoke(main, ["rollout", verb, "chat"])
        assert done.exit_code == 1
        assert "Stack local is not up." in done.output
        assert "start it: llmp up local" in done.output


def test_a_kubeconfig_that_is_none(tmp_path: Any) -> None:
    file = tmp_path / "config"
    file.write_text("nonsense: [")
    done = CliRunner().invoke(main, ["rollout", "status", "chat", "--kubeconfig", str(file)])
    assert done.exit_code == 1
    assert "cannot be used: the kubeconfig is malformed" in done.output
