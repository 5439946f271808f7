"""What Read reports: only what the program set, as the API server has it now."""

import json
from typing import Any, ClassVar

from local.providers.kubernetes.objects import LAST_APPLIED
from local.providers.kubernetes.ownership import is_applied_by
from local.providers.kubernetes.projection import as_inputs

ME = "pulumi-kubernetes-1"
CONTAINERS = 'k:{"name":"c"}'
PORT = 'k:{"containerPort":80,"protocol":"TCP"}'


def entry(fields: dict[str, Any], manager: str = ME, operation: str = "Apply") -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields}


def an_object(spec: dict[str, Any], *entries: dict[str, Any], **other: Any) -> dict[str, Any]:
    meta = {"name": "a", "uid": "1", "managedFields": list(entries)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, **other}


def spec_of(live: dict[str, Any], wanted: dict[str, Any]) -> Any:
    return as_inputs(live, {"spec": wanted}, ME).get("spec")


def test_only_what_the_program_sets_is_reported() -> None:
    live = an_object({"a": 1, "defaulted": 2}, entry({"f:spec": {"f:a": {}}}), status={"x": 1})
    assert as_inputs(live, {"kind": "Pod", "spec": {"a": 0}}, ME) == {
        "kind": "Pod",
        "spec": {"a": 1},
    }


def test_a_field_that_is_gone_is_left_out() -> None:
    assert spec_of(an_object({}, entry({"f:spec": {}})), {"a": 1}) == {}


def test_an_empty_value_that_the_server_leaves_out_is_there() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:hostNetwork": {}, "f:list": {}, "f:none": {}}}
    wanted: dict[str, Any] = {"hostNetwork": False, "list": [], "none": {}}
    assert spec_of(an_object({}, entry(fields)), wanted) == wanted


def test_an_empty_value_that_somebody_removed_is_drift() -> None:
    # the API server takes a field that another removes from the managers that had it
    live = an_object({"a": 1}, entry({"f:spec": {"f:a": {}}}))
    assert spec_of(live, {"a": 1, "automountServiceAccountToken": False}) == {"a": 1}


def test_empty_values_inside_of_a_field_that_is_one_value() -> None:
    live = an_object({"selector": {}}, entry({"f:spec": {"f:selector": {}}}))
    wanted: dict[str, Any] = {"selector": {"matchExpressions": []}}
    assert spec_of(live, wanted) == wanted


def test_quantities_are_shown_as_the_program_writes_them() -> None:
    live = an_object({"hard": {"cpu": "1", "memory": "3Gi"}})
    wanted: dict[str, Any] = {"hard": {"cpu": "1000m", "memory": "2048Mi"}}
    assert spec_of(live, wanted) == {"hard": {"cpu": "1000m", "memory": "3Gi"}}


def test_texts_that_look_like_quantities_are_texts() -> None:
    live = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}
    assert as_inputs(live, {"data": {"a": "1000m"}}, ME) == {"data": {"a": "1"}}


class TestLists:
    fields: ClassVar[dict[str, Any]] = {
        "f:spec": {
            "f:containers": {
                CONTAINERS: {".": {}, "f:name": {}, "f:args": {}, "f:ports": {PORT: {}}}
            }
        }
    }

    def test_items_are_found_by_their_keys_and_those_of_others_left_alone(self) -> None:
        theirs = entry(
            {"f:spec": {"f:containers": {'k:{"name":"sidecar"}': {}}}}, "injector", "Update"
        )
        sidecar = {"name": "sidecar", "image": "s"}
        mine = {"name": "c", "image": "changed", "defaulted": 1}
        live = an_object({"containers": [sidecar, mine]}, entry(self.fields), theirs)
        assert spec_of(live, {"containers": [{"name": "c", "image": "i"}]}) == {
            "containers": [{"name": "c", "image": "changed"}]
        }

    def test_an_item_of_ours_that_is_gone(self) -> None:
        live = an_object({"containers": [{"name": "other"}]}, entry(self.fields))
        assert spec_of(live, {"containers": [{"name": "c"}]}) == {"containers": []}

    def test_keys_with_a_default_may_be_left_out(self) -> None:
        ports = [{"containerPort": 80, "protocol": "TCP"}]
        live = an_object({"containers": [{"name": "c", "ports": ports}]}, entry(self.fields))
        wanted: dict[str, Any] = {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}
        assert spec_of(live, wanted) == wanted

    def test_a_list_that_is_one_value_is_shown_whole(self) -> None:
        live = an_object({"containers": [{"name": "c", "args": ["a", "b"]}]}, entry(self.fields))
        shown = spec_of(live, {"containers": [{"name": "c", "args": ["a"]}]})
        assert shown["containers"][0]["args"] == ["a", "b"]

    def test_items_with_names_in_a_list_that_is_one_value_keep_their_order(self) -> None:
        live = an_object(
            {"items": [{"name": "b"}, {"name": "a"}]}, entry({"f:spec": {"f:items": {}}})
        )
        wanted: dict[str, Any] = {"items": [{"name": "a"}, {"name": "b"}]}
        assert spec_of(live, wanted) == {"items": [{"name": "b"}, {"name": "a"}]}

    def test_sets(self) -> None:
        fields: dict[str, Any] = {"f:spec": {"f:finalizers": {'v:"mine"': {}}}}
        live = an_object({"finalizers": ["theirs", "mine"]}, entry(fields))
        assert spec_of(live, {"finalizers": ["mine"]}) == {"finalizers": ["mine"]}
        assert spec_of(live, {"finalizers": ["mine", "gone"]}) == {"finalizers": ["mine"]}

    def test_without_records_items_are_told_apart_by_name(self) -> None:
        live = an_object({"containers": [{"name": "x"}, {"name": "c", "image": "i"}]})
        assert spec_of(live, {"containers": [{"name": "c", "image": "i"}]}) == {
            "containers": [{"name": "c", "image": "i"}, {"name": "x"}]
        }


class TestSecrets:
    live: ClassVar[dict[str, Any]] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": "b25l", "theirs": "eA==", "bytes": "/w=="},
    }

    def test_what_was_written_as_text_is_read_as_text(self) -> None:
        shown = as_inputs(self.live, {"stringData": {"a": "one", "gone": "x"}}, ME)
        assert shown == {"stringData": {"a": "one"}}

    def test_a_changed_value(self) -> None:
        assert as_inputs(self.live, {"stringData": {"a": "two"}}, ME) == {
            "stringData": {"a": "one"}
        }

    def test_bytes_stay_encoded(self) -> None:
        assert as_inputs(self.live, {"stringData": {"bytes": "x"}}, ME) == {
            "stringData": {"bytes": "/w=="}
        }

    def test_no_data_at_all(self) -> None:
        bare = {**self.live, "data": None}
        assert as_inputs(bare, {"stringData": {"a": "one"}}, ME) == {"stringData": {}}


class TestImport:
    def test_what_was_applied_and_no_defaults(self) -> None:
        fields: dict[str, Any] = {
            "f:metadata": {"f:labels": {"f:x": {}}},
            "f:spec": {
                "f:a": {},
                "f:list": {'k:{"name":"c"}': {".": {}, "f:name": {}}, 'v:"s"': {}},
            },
        }
        spec: dict[str, Any] = {
            "a": 1,
            "defaulted": 1,
            "list": [{"name": "c", "d": 1}, {"name": "other"}, "s", "t"],
        }
        live = an_object(spec, entry(fields), status={"phase": "Running"})
        live["metadata"] |= {"namespace": "ns", "labels": {"x": "1", "y": "2"}}
        assert as_inputs(live, {}, ME) == {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a", "namespace": "ns", "labels": {"x": "1"}},
            "spec": {"a": 1, "list": [{"name": "c"}, "s"]},
        }

    def test_ours_goes_before_what_others_applied(self) -> None:
        ours, theirs = entry({"f:spec": {"f:a": {}}}), entry({"f:spec": {"f:b": {}}}, "other")
        live = an_object({"a": 1, "b": 2}, theirs, ours)
        assert as_inputs(live, {}, ME)["spec"] == {"a": 1}
        assert as_inputs(live, {}, "nobody")["spec"] == {"a": 1, "b": 2}
        assert is_applied_by(live, "other")
        assert not is_applied_by(live, "nobody")

    def test_what_kubectl_noted(self) -> None:
        live = an_object({"a": 1, "defaulted": 1}, entry({"f:spec": {}}, "kubectl", "Update"))
        noted: dict[str, Any] = {
            "kind": "Pod",
            "metadata": {"annotations": {}, "name": "a"},
            "spec": {"a": 1},
        }
        live["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(noted)}
        assert as_inputs(live, {}, ME) == {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a"},
            "spec": {"a": 1},
        }

    def test_a_secret_comes_with_its_data_however_it_was_written(self) -> None:
        live = {**an_object({}, entry({"f:stringData": {"f:a": {}}})), "kind": "Secret"}
        assert as_inputs({**live, "data": {"a": "b25l"}}, {}, ME)["data"] == {"a": "b25l"}

    def test_everything_when_nothing_is_known(self) -> None:
        live = an_object({"a": 1}, entry({"f:spec": {}}, "kubectl-create", "Update"), status={})
        assert as_inputs(live, {}, ME) == {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a"},
            "spec": {"a": 1},
        }


def test_records_of_another_version_or_of_the_status_say_nothing() -> None:
    status = {**entry({"f:spec": {"f:a": {}}}), "subresource": "status"}
    old = {**entry({"f:spec": {"f:a": {}}}), "apiVersion": "v1beta1"}
    live = an_object({}, status, old)
    # nothing is known of our fields, so an empty value counts as there
    assert spec_of(live, {"b": False}) == {"b": False}
