"""Who owns which field, and what an update does about it."""

from typing import Any

import pytest

from local.providers.kubernetes.ignored import left_alone
from local.providers.kubernetes.ownership import after_takeover, holders, item_at
from local.providers.kubernetes.projection import as_inputs

US = "pulumi-kubernetes-1"


def entry(manager: str, fields: dict[str, Any], operation: str = "Update", sub: str = "") -> Any:
    record = {"manager": manager, "operation": operation, "fieldsV1": fields, "apiVersion": "v1"}
    return {**record, "subresource": sub} if sub else record


def live(value: dict[str, Any], *entries: Any) -> dict[str, Any]:
    return {**value, "metadata": {"managedFields": list(entries)}}


REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
PODS = live(
    {"spec": {"replicas": 5, "containers": [{"name": "b"}, {"name": "a", "image": "x"}]}},
    entry(US, {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}}, "Apply"),
    entry("hpa", REPLICAS, sub="scale"),
    entry("them", {"f:spec": {"f:containers": {'k:{"name":"a"}': {"f:image": {}}}}}),
    entry("nobody", {}),
)


def names(path: tuple[str | int, ...], shape: Any = None) -> list[str]:
    return [each.manager for each in holders(PODS, path, shape)]


class TestHolders:
    def test_subresources_count(self) -> None:
        assert names(("spec", "replicas")) == ["hpa"]
        assert holders(PODS, ("spec", "replicas"))[0].subresource == "scale"

    def test_items_are_told_apart_by_their_keys(self) -> None:
        assert names(("spec", "containers", 1)) == [US, "them"]
        assert names(("spec", "containers", 1, "image")) == ["them"]
        assert names(("spec", "containers", 0)) == []

    def test_positions_may_be_those_of_another_list(self) -> None:
        mine = {"spec": {"containers": [{"name": "a", "image": "mine"}]}}
        assert names(("spec", "containers", 0, "image"), mine) == ["them"]

    def test_a_value_without_parts_is_owned_as_a_whole(self) -> None:
        data = live({"data": {"a": {"b": 1}}}, entry("them", {"f:data": {"f:a": {}}}))
        assert [each.manager for each in holders(data, ("data", "a", "b"))] == ["them"]
        assert holders(data, ("data", "c")) == []

    def test_the_parts_that_a_record_names(self) -> None:
        assert item_at({"a": 1}, "f:a") == "a"
        assert item_at({"a": 1}, "f:b") is None
        assert item_at([{"name": "x"}, {"name": "y"}], 'k:{"name":"y"}') == 1
        assert item_at(["x", "y"], 'v:"y"') == 1
        assert item_at(["x"], ".") is None


class TestIgnoredFields:
    MINE = ("spec.replicas", "metadata.labels.a")

    def test_what_another_owns_is_not_sent(self) -> None:
        mine = {"spec": {"replicas": 2, "paused": False}}
        assert left_alone(mine, PODS, self.MINE, US) == {"spec": {"paused": False}}

    def test_what_is_ours_too_is_sent_as_it_stands(self) -> None:
        shared = live({"spec": {"replicas": 5}}, entry(US, REPLICAS, "Apply"), entry("t", REPLICAS))
        assert left_alone({"spec": {"replicas": 2}}, shared, self.MINE, US) == {
            "spec": {"replicas": 5}
        }

    def test_places_that_are_not_there_do_not_matter(self) -> None:
        assert left_alone({"spec": {}}, PODS, self.MINE, US) == {"spec": {}}
        assert left_alone({}, PODS, self.MINE, US) == {}


class TestTakeover:
    def test_kubectl_and_what_is_older_than_the_record_become_ours(self) -> None:
        found = after_takeover(
            live(
                {},
                entry("hpa", REPLICAS, sub="scale"),
                entry("kubectl-edit", {"f:data": {"f:b": {}}}),
                entry(US, {"f:data": {"f:a": {}}}, "Apply"),
                entry("before-first-apply", {"f:data": {".": {}}}),
                entry("hand", {"f:data": {"f:c": {}}}),
            ),
            US,
        )
        assert found == [
            entry("hpa", REPLICAS, sub="scale"),
            entry("hand", {"f:data": {"f:c": {}}}),
            entry(US, {"f:data": {".": {}, "f:a": {}, "f:b": {}}}, "Apply"),
        ]

    def test_we_may_have_owned_nothing_before(self) -> None:
        found = after_takeover(live({}, entry("kubectl", REPLICAS)), US)
        assert found == [entry(US, REPLICAS, "Apply")]

    @pytest.mark.parametrize(
        "other", [entry("hand", REPLICAS), entry("kubectl", REPLICAS, sub="scale")]
    )
    def test_others_keep_theirs(self, other: Any) -> None:
        assert after_takeover(live({}, other), US) is None


class TestSecrets:
    def read(self, wanted: str, stands: str) -> Any:
        given = {"kind": "Secret", "data": {"a": wanted}}
        return as_inputs(live({"kind": "Secret", "data": {"a": stands}}), given, US)["data"]

    def test_another_spelling_of_base64_is_no_drift(self) -> None:
        assert self.read("b25l\nIG1vcmU=", "b25lIG1vcmU=") == {"a": "b25l\nIG1vcmU="}

    @pytest.mark.parametrize("wanted", ["dHdv", "no base64", ""])
    def test_another_value_is(self, wanted: str) -> None:
        assert self.read(wanted, "b25l") == {"a": "b25l"}
