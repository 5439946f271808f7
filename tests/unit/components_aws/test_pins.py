"""The library's pins and the emulator's dated tables say the same."""

import pytest

from llm_platform import versions
from local.aws.data.addon_releases import ADDONS
from local.aws.data.cluster_versions import CLUSTER_VERSIONS, DEFAULT_VERSION

OFFERED = {
    addon.name: {release.version: release.clusters for release in addon.releases}
    for addon in ADDONS
}


@pytest.mark.parametrize("kubernetes", sorted(versions.ADDONS))
def test_emulator_offers_every_pin_for_its_version(kubernetes: str) -> None:
    missing = [
        f"{name} {pin}"
        for name, pin in versions.ADDONS[kubernetes].items()
        if kubernetes not in OFFERED.get(name, {}).get(pin, ())
    ]
    assert missing == []


def test_support_dates_and_default_agree() -> None:
    assert DEFAULT_VERSION == versions.KUBERNETES_VERSION
    known = {one.version: (one.standard_until, one.extended_until) for one in CLUSTER_VERSIONS}
    for version, support in versions.KUBERNETES_SUPPORT.items():
        assert known[version] == (support.standard_ends, support.extended_ends)
