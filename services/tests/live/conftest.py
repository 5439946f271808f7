"""Servers that live tests of one run share."""

from collections.abc import Generator

import lab
import pytest


@pytest.fixture(scope="session")
def triton() -> Generator[lab.Triton]:
    """The real Triton with the models that answer on a CPU."""
    with lab.triton() as server:
        yield server


@pytest.fixture(scope="session")
def gateway(triton: lab.Triton) -> Generator[lab.Gateway]:
    """A gateway in front of it, with the settings of a laptop: no keys, no guards in the way."""
    with lab.gateway(triton) as server:
        yield server
