"""Everything in this folder runs a real node, and is marked so."""

import os
from pathlib import Path

import pytest

from infra.cli import live_views
from local.errors import LocalCloudError
from local.node import requirements

FOLDER = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "live: runs a real Kubernetes node; needs root")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Debian's packages that a node needs, which a new machine lacks; and all else that it needs
    of a machine. One that cannot have them runs none of these tests, and says why."""
    if os.geteuid() != 0:
        return
    try:
        live_views.install_missing()
    except LocalCloudError as error:
        pytest.skip(f"NOT RUN: {error.what}")
    lacks = [f"{each.what}: {each.found}" for each in requirements.checks() if not each.good]
    if lacks:
        pytest.skip(f"NOT RUN: this machine cannot run a node: {'; '.join(lacks)}")
