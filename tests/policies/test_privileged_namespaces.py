"""Which namespaces may be privileged is said in one place: the table of add-ons."""

import pytest
from helpers import check

from llm_platform.addons.table import ADDONS
from llm_platform_policies.rules.pods import ENFORCE, NAMESPACE, PRIVILEGED, PRIVILEGED_NAMESPACES

OWN = {addon.namespace for addon in ADDONS.values() if addon.own_namespace}


def namespace(name: str) -> dict[str, object]:
    return {"metadata": {"name": name, "labels": {ENFORCE: "privileged"}}}


def test_every_one_has_its_reason() -> None:
    assert set(PRIVILEGED_NAMESPACES) == {"kube-system", "gpu-operator", "logging", "monitoring"}
    assert set(PRIVILEGED_NAMESPACES) - {"kube-system"} <= OWN
    assert all(
        "Privileged because" in reason
        for name, reason in PRIVILEGED_NAMESPACES.items()
        if name in OWN
    )


@pytest.mark.parametrize("name", sorted(OWN | {"observability", "assistants"}))
def test_no_other_may_be_labelled_privileged(name: str) -> None:
    found = check(PRIVILEGED, NAMESPACE, namespace(name))

    assert bool(found) == (name not in PRIVILEGED_NAMESPACES)
