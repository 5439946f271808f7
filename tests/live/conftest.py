"""Everything in this folder runs a real node, and is marked so."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from live_platform import STACK, Platform, not_to_be_had

from infra.cli import live_views
from local.errors import LocalCloudError
from local.node import requirements

FOLDER = Path(__file__).parent
PLATFORM = (
    "test_live_platform.py",
    "test_live_rollouts.py",
    "test_live_scaling.py",
    "test_live_moves.py",
    "test_live_end.py",
)
"""Files that ask one platform, in the order in which they run, after all others: the last one
destroys it."""
LONG = ("test_live_rollouts.py", "test_live_scaling.py", "test_live_moves.py")
"""Those of them that take longer than CI has when its caches are warm."""
WITHOUT_LONG = "LLMP_LIVE_SHORT"
"""When it is set, they are left out."""
STANDS = "LLMP_LIVE_STANDS"
"""State folder of a live stack that stands already: the tests use it, and let it stand."""
NEED_IMAGES = ("test_releases.py", *PLATFORM)
"""Files that run what the platform's charts install; its images take long to compile."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "live: runs a real Kubernetes node; needs root")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.live)
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if item.path.is_relative_to(FOLDER) and item.path.name in PLATFORM:
        return 1 + PLATFORM.index(item.path.name)
    return 0


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Debian's packages that a node needs, which a new machine lacks; and all else that it needs
    of a machine. One that cannot have them runs none of these tests, and says why."""
    if os.geteuid() != 0 or os.environ.get(STANDS):
        return
    try:
        live_views.install_missing()
    except LocalCloudError as error:
        pytest.skip(f"NOT RUN: {error.what}")
    lacks = [f"{each.what}: {each.found}" for each in requirements.checks() if not each.good]
    if lacks:
        pytest.skip(f"NOT RUN: this machine cannot run a node: {'; '.join(lacks)}")


@pytest.fixture(scope="module", autouse=True)
def images(request: pytest.FixtureRequest, programs: None) -> None:
    """The images that a file needs, or no test of it."""
    del programs
    if request.path.name in LONG and os.environ.get(WITHOUT_LONG):
        pytest.skip(f"NOT RUN: left out by {WITHOUT_LONG}; they take 40 minutes: make live-test")
    if request.path.name in NEED_IMAGES and os.geteuid() == 0 and (why := not_to_be_had()):
        pytest.skip(f"NOT RUN: images are {why}")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    """The live stack, brought up once for all files of `PLATFORM`."""
    if stands := os.environ.get(STANDS):
        yield Platform(Path(stands))
        return
    made = Platform(tmp_path_factory.mktemp("live"))
    try:
        made.configure({})
        made.seconds = made.up()
        yield made
    finally:
        made.llmp("stop", STACK)
