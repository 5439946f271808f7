"""Which processes count as models that died; what is done then is shown by the live tests."""

from pathlib import Path

import pytest
from serving.guardian import STUB, dead_models


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Process 10 with two threads that have children."""
    for thread, children in (("10", "11 12"), ("20", "13 14 15")):
        folder = tmp_path / "10/task" / thread
        folder.mkdir(parents=True)
        (folder / "children").write_text(children)
    states = {
        "11": f"11 ({STUB}) S 10",
        "12": f"12 ({STUB}) Z 10",
        "13": "13 (python) Z 10",
        "14": f"14 ({STUB} (x)) Z 10",
    }
    for pid, state in states.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "stat").write_text(state)
    return tmp_path


def test_only_dead_model_processes_count(proc: Path) -> None:
    assert dead_models(10, proc) == {12}


def test_a_server_that_is_gone_has_none(proc: Path) -> None:
    assert dead_models(99, proc) == set()
