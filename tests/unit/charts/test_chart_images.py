"""Which images a chart needs, as its objects name them."""

from pathlib import Path

import pytest

from local.charts.images import images_of
from local.charts.model import Wanted
from local.charts.registry import NotToBeHadError, pulled_chart

RELOADER = "quay.io/x/reloader:v1"
POD = {
    "kind": "Deployment",
    "spec": {
        "template": {
            "spec": {
                "initContainers": [{"name": "i", "image": "a:1"}],
                "containers": [
                    {
                        "name": "c",
                        "image": "b:2",
                        "args": [f"--reloader={RELOADER}", "--other=quay.io/y/z:1", "plain"],
                    }
                ],
            }
        }
    },
}
CUSTOM = {"kind": "Prometheus", "spec": {"image": "p:3", "list": [{"image": "b:2"}]}}
DEFINITION = {"kind": "CustomResourceDefinition", "spec": {"image": "never:1"}}
TEXT = {"kind": "ConfigMap", "data": {"config": "image: hidden:1"}}


def test_images_of_containers_and_of_what_becomes_containers() -> None:
    assert images_of([POD, CUSTOM, DEFINITION, TEXT]) == ["a:1", "b:2", "p:3"]


def test_an_argument_names_an_image_that_is_known() -> None:
    assert images_of([POD], {RELOADER}) == ["a:1", "b:2", RELOADER]


def test_a_registry_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path))
    wanted = Wanted("oci://charts.example/x/thing", "1.0.0")
    with pytest.raises(NotToBeHadError, match=r"charts\.example cannot be reached"):
        pulled_chart(wanted, {}, lambda _: False)
    with pytest.raises(NotToBeHadError, match="names no repository"):
        pulled_chart(Wanted("thing", "1.0.0"), {}, lambda _: True)
    assert Wanted("oci://charts.example/x/thing", "1").name == "thing"
