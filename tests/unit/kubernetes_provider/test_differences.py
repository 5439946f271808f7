"""What is changed in place, and what needs another object."""

from typing import Any

import pytest

from local.providers.diff import parse_path
from local.providers.kubernetes.differences import FIXED, manifest_diff, with_room
from local.providers.kubernetes.objects import AUTONAMED, TypeToken
from local.providers.model import Kind
from local.providers.values import UNKNOWN


def at(path: str, value: Any) -> dict[str, Any]:
    """An object with one value at a path."""
    made: Any = value
    for step in reversed(parse_path(path)):
        made = [made] if isinstance(step, int) or step == "*" else {step: made}
    return made


def token(group: str, kind: str) -> TypeToken:
    return TypeToken(f"{group}/v1" if group else "v1", kind)


@pytest.mark.parametrize(
    ("group", "kind", "path"),
    [(group, kind, path) for (group, kind), paths in FIXED.items() for path in paths],
)
def test_fixed_fields_need_another_object(group: str, kind: str, path: str) -> None:
    diff = manifest_diff(token(group, kind), at(path, "1x"), at(path, "2x"))
    assert diff.replaces
    assert list(diff.detailed.values()) == [Kind.UPDATE_REPLACE]
    below = manifest_diff(token(group, kind), at(path, {"x": "a"}), at(path, {"x": "b"}))
    assert below.replaces


@pytest.mark.parametrize(
    ("group", "kind", "path"),
    [
        ("apps", "Deployment", "spec.replicas"),
        ("apps", "StatefulSet", "spec.template"),
        ("", "Service", "spec.ports"),
        ("", "PersistentVolumeClaim", "spec.resources.requests.storage"),
        ("", "ConfigMap", "data.a"),
        ("scheduling.k8s.io", "PriorityClass", "globalDefault"),
        ("serving.knative.dev", "Service", "spec.clusterIP"),
        ("batch.volcano.sh", "Job", "spec.template"),
    ],
)
def test_other_fields_are_changed_in_place(group: str, kind: str, path: str) -> None:
    diff = manifest_diff(token(group, kind), at(path, "1x"), at(path, "2x"))
    assert diff.detailed == {path: Kind.UPDATE}


@pytest.mark.parametrize("path", ["metadata.name", "metadata.namespace", "kind"])
def test_another_name_is_another_object(path: str) -> None:
    assert manifest_diff(token("", "ConfigMap"), at(path, "a"), at(path, "b")).replaces


def test_another_version_is_the_same_object_and_another_group_is_not() -> None:
    old = {"apiVersion": "a.io/v1alpha1"}
    assert not manifest_diff(token("a.io", "X"), old, {"apiVersion": "a.io/v1"}).replaces
    assert manifest_diff(token("a.io", "X"), old, {"apiVersion": "b.io/v1alpha1"}).replaces


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_immutable_data(kind: str) -> None:
    old = {"immutable": True, "data": {"a": "x"}}
    assert manifest_diff(token("", kind), old, {**old, "data": {"a": "y"}}).replaces
    assert manifest_diff(token("", kind), old, {"data": {"a": "x"}}).replaces
    assert not manifest_diff(token("x.io", kind), old, {**old, "data": {"a": "y"}}).replaces
    mutable = {"data": {"a": "x"}}
    assert not manifest_diff(token("", kind), mutable, {**mutable, "immutable": True}).replaces


def test_quantities_written_otherwise_are_no_difference() -> None:
    quota = token("", "ResourceQuota")
    assert not manifest_diff(quota, at("spec.hard.cpu", "1000m"), at("spec.hard.cpu", 1)).detailed
    assert manifest_diff(quota, at("spec.hard.cpu", "1"), at("spec.hard.cpu", "2")).detailed


def test_texts_that_look_like_quantities_differ() -> None:
    config = token("", "ConfigMap")
    assert manifest_diff(config, at("data.a", "1000m"), at("data.a", "1")).detailed


@pytest.mark.parametrize("value", [False, 0, "", [], {}])
def test_setting_or_dropping_an_empty_value_is_a_change(value: Any) -> None:
    # `replicas: 0` and `automountServiceAccountToken: false` are no defaults
    pod = token("", "Pod")
    assert manifest_diff(pod, {"spec": {}}, {"spec": {"x": value}}).detailed == {"spec.x": Kind.ADD}
    assert manifest_diff(pod, {"spec": {"x": value}}, {"spec": {}}).detailed


def test_only_a_name_that_the_program_chose_cannot_stand_twice() -> None:
    secret = token("", "Secret")
    old, new = {"type": "a"}, {"type": "b"}
    assert manifest_diff(secret, old, new).delete_before_replace
    noted = {"metadata": {"annotations": {AUTONAMED: "true"}}}
    diff = manifest_diff(secret, {**old, **noted}, {**new, **noted})
    assert diff.replaces
    assert not diff.delete_before_replace


def test_unknown_values_differ() -> None:
    diff = manifest_diff(token("", "ConfigMap"), at("data.a", "x"), at("data.a", UNKNOWN))
    assert diff.detailed == {"data.a": Kind.UPDATE}


def test_ignored_changes_are_left_out() -> None:
    deployment = token("apps", "Deployment")
    old, new = at("spec.replicas", 1), at("spec.replicas", 2)
    assert not manifest_diff(deployment, old, new, ("spec.replicas",)).detailed


def test_a_namespace_left_to_the_provider_is_no_difference_to_the_same_one() -> None:
    named: dict[str, Any] = {"metadata": {"name": "a", "namespace": "default"}}
    assert with_room({"metadata": {"name": "a"}}, "default") == named
    assert with_room(named, "other") == named
    assert with_room({"metadata": {"name": "a"}}, None) == {"metadata": {"name": "a"}}
    assert with_room({"metadata": UNKNOWN}, "default") == {"metadata": UNKNOWN}
