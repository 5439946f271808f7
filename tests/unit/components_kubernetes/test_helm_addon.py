"""HelmAddon: its namespace, its release, and what it refuses."""

from typing import Any

import pulumi
import pytest

from llm_platform.addons.helm_addon import HelmAddon, HelmAddonArgs
from llm_platform.addons.helm_addon_check import check_helm_addon
from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform.problems import InvalidInputsError
from tests.unit.components_kubernetes.kubernetes_recording import Recording, record


def args(**more: Any) -> HelmAddonArgs:
    base: HelmAddonArgs = {
        "chart": "keda",
        "version": "2.20.2",
        "repository": "https://charts.example/",
        "namespace": "keda",
        "tags": {"team": "ml"},
    }
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def addon(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = HelmAddon("keda", args(**more))
        return {"release": made.release_name, "namespace": made.namespace}

    return record(program)


def problems(**more: Any) -> list[str]:
    return [f"{one.path}: {one.problem}" for one in check_helm_addon(args(**more))]


def test_a_release_in_a_namespace_of_its_own() -> None:
    recording = addon()
    namespace, release = recording.one("Namespace"), recording.one("Release")
    assert namespace.labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace.labels["pod-security.kubernetes.io/enforce-version"] == "v1.35"
    assert namespace.labels["team"] == "ml"
    assert release.inputs["namespace"] == "keda"
    assert release.inputs["repositoryOpts"] == {"repo": "https://charts.example/"}
    assert recording.waits_for(release, namespace)
    assert recording.outputs == {"release": "keda", "namespace": "keda"}
    assert recording.children_outside("HelmAddon") == []


def test_a_release_that_fails_is_taken_back_and_is_awaited() -> None:
    release = addon(timeout_seconds=900).one("Release").inputs
    assert release["atomic"] is True
    assert release["cleanupOnFail"] is True
    assert release["timeout"] == 900
    assert release["createNamespace"] is False
    assert not release.get("skipAwait")


def test_values_are_merged_with_overrides_winning() -> None:
    release = addon(values={"b": 1, "a": {"x": 1}}, overrides={"a": {"x": 2, "y": 3}})
    assert release.one("Release").inputs["values"] == {"a": {"x": 2, "y": 3}, "b": 1}


def test_outputs_may_stand_in_values() -> None:
    release = addon(values={"a": {"id": pulumi.Output.from_input("vpc-1")}}).one("Release")
    assert release.inputs["values"] == {"a": {"id": "vpc-1"}}


def test_a_namespace_that_is_there_is_left_alone() -> None:
    recording = addon(namespace="kube-system", create_namespace=False)
    assert recording.of("Namespace") == []
    assert recording.one("Release").inputs["namespace"] == "kube-system"


def test_an_oci_chart_needs_no_repository() -> None:
    def program() -> dict[str, Any]:
        HelmAddon("crd", {"chart": "oci://x.io/c/crd", "version": "v1.0.0", "namespace": "crd"})
        return {}

    inputs = record(program).one("Release").inputs
    assert inputs["chart"] == "oci://x.io/c/crd"
    assert "repositoryOpts" not in inputs


def test_generated_secrets_come_before_the_release() -> None:
    secret = {"name": "admin", "user": "root", "user_key": "u", "password_key": "p"}
    recording = addon(generated_secrets=[secret])
    generator, external = recording.one("Password"), recording.one("ExternalSecret")
    assert external.spec["refreshPolicy"] == "CreatedOnce"
    assert external.spec["target"]["template"]["data"] == {"u": "root", "p": "{{ .password }}"}
    assert generator.spec["length"] == 32
    release = recording.one("Release")
    assert recording.waits_for(release, external)
    assert recording.waits_for(external, generator)
    assert recording.waits_for(generator, recording.one("Namespace"))


def test_what_depends_on_an_add_on_waits_for_its_release() -> None:
    def program() -> dict[str, Any]:
        first = HelmAddon("first", args())
        HelmAddon(
            "second",
            {**args(), "namespace": "second"},
            opts=pulumi.ResourceOptions(depends_on=[first]),
        )
        return {}

    recording = record(program)
    second = next(made for made in recording.of("HelmAddon") if made.name == "second")
    assert recording.waits_for(second, recording.one("Release", "first-release"))


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidInputsError) as caught:
        addon(
            version="^2.0",
            repository="http://plain.example",
            namespace="kube-system",
            timeout_seconds=1,
            release_name="x" * 54,
        )
    assert [problem.path for problem in caught.value.problems] == [
        "namespace",
        "release_name",
        "repository",
        "timeout_seconds",
        "version",
    ]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"chart": "Keda!"}, "chart"),
        ({"chart": "oci://x.io/keda"}, "repository"),
        ({"repository": "oci://x.io"}, "repository"),
        ({"version": "latest"}, "version"),
        ({"version": "2.x"}, "version"),
        ({"namespace": "Keda"}, "namespace"),
        ({"create_namespace": False, "pod_security": PodSecurity.BASELINE}, "pod_security"),
        ({"pod_security": "open"}, "pod_security"),
        ({"kubernetes_version": "1.20"}, "kubernetes_version"),
        ({"namespace_labels": {"a b": "c"}}, "namespace_labels.a b"),
        ({"tags": {"aws:x": "y"}}, "tags.aws:x"),
        (
            {
                "generated_secrets": [
                    {"name": "a", "user": "u", "user_key": "u", "password_key": "p", "length": 8}
                ]
            },
            "generated_secrets[0].length",
        ),
    ],
)
def test_wrong_inputs_are_refused(more: dict[str, Any], path: str) -> None:
    assert [problem.split(": ")[0] for problem in problems(**more)] == [path]


def test_an_oci_address_carries_no_tag() -> None:
    tagged = {"chart": "oci://x.io/keda:1.0", "version": "1.0.0", "namespace": "keda"}
    told = check_helm_addon(tagged)  # pyright: ignore[reportArgumentType] - a plain mapping
    assert [problem.path for problem in told] == ["chart"]


def test_release_names_of_53_characters_are_the_longest() -> None:
    assert problems(release_name="x" * 53) == []
    assert problems(release_name="x" * 54) != []
