"""Names, tokens, secrets, quantities and fields left to others."""

from typing import Any

import pytest

from local.providers.kubernetes import objects
from local.providers.kubernetes.ignored import left_alone
from local.providers.kubernetes.objects import LAST_APPLIED, as_output, autonamed, parse_token
from local.providers.kubernetes.quantities import is_quantity, same_quantity
from local.providers.values import UNKNOWN, Secret


@pytest.mark.parametrize(
    ("token", "version", "kind"),
    [
        ("kubernetes:core/v1:Namespace", "v1", "Namespace"),
        ("kubernetes:apps/v1:Deployment", "apps/v1", "Deployment"),
        (
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            "networking.k8s.io/v1",
            "NetworkPolicy",
        ),
        ("kubernetes:serving.kserve.io/v1beta1:Model", "serving.kserve.io/v1beta1", "Model"),
    ],
)
def test_type_tokens(token: str, version: str, kind: str) -> None:
    assert parse_token(token) == objects.TypeToken(version, kind)


@pytest.mark.parametrize("identifier", ["name", "space/name"])
def test_ids_come_back(identifier: str) -> None:
    assert objects.object_id(*objects.split_id(identifier)) == identifier


class TestAutonaming:
    def test_a_given_name_stays(self) -> None:
        given = {"metadata": {"name": "mine"}}
        assert autonamed(given, "Logical", b"seed", {}) == given

    def test_a_name_is_made_once_and_kept(self) -> None:
        first = autonamed({}, "Logical", b"seed", {})
        assert first["metadata"]["name"].startswith("logical-")
        assert first["metadata"]["annotations"] == {objects.AUTONAMED: "true"}
        assert autonamed({}, "Logical", b"another", first) == first

    def test_another_seed_makes_another_name(self) -> None:
        names = {autonamed({}, "a", seed, {})["metadata"]["name"] for seed in (b"1", b"2")}
        assert len(names) == 2

    def test_an_unknown_name_or_metadata_is_left_unknown(self) -> None:
        for given in ({"metadata": UNKNOWN}, {"metadata": {"name": UNKNOWN}}):
            assert autonamed(given, "a", b"1", {}) == given

    def test_unknown_annotations_stay_unknown(self) -> None:
        named = autonamed({"metadata": {"annotations": UNKNOWN}}, "a", b"1", {})
        assert named["metadata"]["annotations"] is UNKNOWN
        assert named["metadata"]["name"].startswith("a-")


def test_field_managers_differ_by_resource_and_not_by_run() -> None:
    assert objects.field_manager("urn:a") == objects.field_manager("urn:a")
    assert objects.field_manager("urn:a") != objects.field_manager("urn:b")


def test_data_of_a_secret_is_marked_and_kubectls_copy_of_it_is_dropped() -> None:
    live: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "managedFields": [1],
            "annotations": {LAST_APPLIED: "p", "a": "b"},
        },
        "data": {"k": "cA=="},
    }
    shown = as_output(live, "me")
    assert shown["data"] == Secret({"k": "cA=="})
    assert shown["metadata"] == {"name": "s", "annotations": {"a": "b"}}
    assert shown["__fieldManager"] == "me"
    other = as_output({**live, "kind": "ConfigMap"}, "me")
    assert other["data"] == {"k": "cA=="}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000m", "1"), ("1", 1), (0.5, "500m"), ("2048Mi", "2Gi"), ("1.5Gi", "1536Mi"),
        ("1e3", "1k"), ("1E3", "1k"), ("100n", "0.1u"), ("1000", "1k"), ("0.1", "100m"),
        ("+5", "5"), (".5", "500m"), ("1024Ki", "1Mi"),
    ],
)  # fmt: skip
def test_same_quantities(one: object, other: object) -> None:
    assert same_quantity(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "2"), ("1G", "1Gi"), ("1", True), ("a", "a"), ("1m", "1M"), (UNKNOWN, "1"), (None, 0)],
)
def test_different_quantities(one: object, other: object) -> None:
    assert not same_quantity(one, other)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("spec", "hard", "requests.nvidia.com/gpu"), True),
        (("spec", "limits", 0, "defaultRequest", "cpu"), True),
        (("spec", "template", "spec", "containers", 0, "resources", "limits", "memory"), True),
        (("spec", "volumes", 0, "emptyDir", "sizeLimit"), True),
        (("spec", "metrics", 0, "resource", "target", "averageValue"), True),
        (("data", "limits"), False),
        (("data", "requests", "cpu"), False),
        (("metadata", "annotations", "sizeLimit"), False),
        (("spec", "replicas"), False),
        (("spec", "template", "spec", "containers", 0, "env", 0, "value"), False),
    ],
)
def test_where_quantities_stand(path: tuple[str | int, ...], expected: bool) -> None:
    assert is_quantity(path) is expected


def test_ignored_fields_take_their_live_values() -> None:
    mine: dict[str, Any] = {
        "metadata": {"annotations": {"a/b": "old", "mine": "1"}},
        "spec": {"replicas": 2, "gone": 1, "containers": [{"image": "a"}, {"image": "b"}]},
    }
    live: dict[str, Any] = {
        "metadata": {"annotations": {"a/b": "new", "mine": "2"}},
        "spec": {"replicas": 5, "containers": [{"image": "x"}, {"image": "y"}], "extra": 1},
    }
    ignore = [
        "spec.replicas", "spec.gone", "spec.containers[*].image", 'metadata.annotations["a/b"]',
        "spec.extra", "spec.nowhere.at.all",
    ]  # fmt: skip
    assert left_alone(mine, live, ignore, "us") == {
        "metadata": {"annotations": {"a/b": "new", "mine": "1"}},
        "spec": {"replicas": 5, "containers": [{"image": "x"}, {"image": "y"}]},
    }
    assert mine["spec"]["replicas"] == 2
