"""Everything in this folder runs a real node, and is marked so."""

import os
from pathlib import Path

import pytest

from infra.cli import live_views

FOLDER = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "live: runs a real Kubernetes node; needs root")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Debian's packages that a node needs; a new machine lacks them."""
    if os.geteuid() == 0:
        live_views.install_missing()
