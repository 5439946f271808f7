"""Everything in this folder runs real programs for seconds or minutes and is marked so."""

from pathlib import Path

import pytest

from local import toolchain
from local.reporter import LineReporter

FOLDER = Path(__file__).parent
LONGEST_FIRST = (
    "test_platform.py",
    "test_recovery.py",
    "test_side_by_side.py",
    "test_state.py",
    "test_kubernetes_stand_in.py",
    "test_faults.py",
    "test_drift.py",
    "test_library.py",
    "test_control_plane.py",
    "test_offline.py",
)
"""Files of minutes, begun first: a few run at a time, and none should run alone in the end."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "lifecycle: runs real engines, API servers or processes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.lifecycle)
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    name = item.path.name
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.fixture(scope="session")
def pulumi_path() -> Path:
    """The engine, found, downloaded or built."""
    return toolchain.ensure(("pulumi",), LineReporter())["pulumi"]
