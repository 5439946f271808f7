"""The end of the platform of this session's tests: it runs after all others, see `conftest.py`."""

import os
import re

import pytest
from live_platform import STACK, Platform

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")


def test_destroy_leaves_nothing_but_what_is_retained(platform: Platform) -> None:
    said = platform.llmp("destroy", STACK, "--yes")

    assert "left over" not in said
    retained = re.findall(r"retained, as its chart declares: (.*)", said)
    # cert-manager's chart keeps its definitions: with them every certificate would be gone
    assert retained
    assert all("CustomResourceDefinition" in each for each in retained), retained
    assert all(each.endswith("cert-manager.io") for each in retained), retained
    assert f"before the first up, but for the {len(retained)} objects that are retained." in said
