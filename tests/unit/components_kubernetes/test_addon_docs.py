"""The table of docs/addons.md is the one that is made here from the table of add-ons."""

import re

from llm_platform.addons.kinds import Profile
from llm_platform.addons.model import Addon
from llm_platform.addons.order import addon_order
from llm_platform.addons.table import ADDONS
from local.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "addons.md"
ROW = re.compile(r"^\| `[a-z0-9-]+` \|.*$", re.MULTILINE)
BY_DEFAULT = {
    Profile.ALWAYS: "yes",
    Profile.LARGE: "large platforms",
    Profile.ON_REQUEST: "on request",
}


def row(addon: Addon) -> str:
    level = addon.pod_security.value if addon.own_namespace else "–"
    cells = [
        f"`{addon.name}`",
        addon.version,
        addon.app_version,
        addon.namespace,
        level,
        addon.layer.value,
        BY_DEFAULT[addon.profile],
    ]
    return f"| {' | '.join(cells)} |"


def rows() -> list[str]:
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def test_the_page_has_every_add_on_as_it_is() -> None:
    made = sorted(row(addon) for addon in ADDONS.values())
    assert sorted(rows()) == made, f"the table of {PAGE.name} shall have:\n" + "\n".join(made)


def test_the_page_has_them_in_the_order_of_installation() -> None:
    together = {name for name, addon in ADDONS.items() if not addon.conflicts}
    named = [each.split("`")[1] for each in rows()]
    assert [name for name in named if name in together] == addon_order(together)
