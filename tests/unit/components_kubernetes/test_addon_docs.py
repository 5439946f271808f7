"""docs/addons.md says what the table says."""

import re

from llm_platform.addons.table import ADDONS
from local.paths import REPOSITORY

ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (\S+) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \| .+ \|$")


def test_the_page_has_every_add_on_as_it_is() -> None:
    rows = [
        found.groups()
        for line in (REPOSITORY / "docs" / "addons.md").read_text().splitlines()
        if (found := ROW.match(line))
    ]
    assert {row[0]: row[1:] for row in rows} == {
        name: (
            addon.version,
            addon.app_version,
            addon.namespace,
            addon.pod_security.value if addon.own_namespace else "–",
            addon.layer.value,
        )
        for name, addon in ADDONS.items()
    }
    assert len(rows) == len(ADDONS)
