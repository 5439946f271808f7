"""The stand-in for `kubernetes` on the real engine, against a real API server."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from kubernetes_programs import (
    ENCODED,
    SECRET,
    children,
    config_map,
    core,
    deployment,
    platform,
    widget,
    widget_definition,
)
from kubernetes_world import World, destroy, preview, up
from pulumi import ResourceOptions

from local import cloud, toolchain
from local.limits import Limits
from local.providers.kubernetes import api as api_module
from local.providers.kubernetes.objects import FIELD_MANAGER, FORCE, TIMEOUT, WAIT_FOR
from local.providers.model import ProviderError
from local.reporter import LineReporter, QuietReporter

ROOT = "/api/v1/namespaces"


@pytest.fixture(scope="module")
def world(pulumi_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    names = ("etcd", "kube-apiserver", "kube-controller-manager")
    tools = toolchain.ensure(names, LineReporter())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        made, _ = cloud.ensure("stand-in", "stand-in", tools, LineReporter())
        shared = World(made, pulumi_path, tmp_path_factory.mktemp("engine"))
        try:
            yield shared
        finally:
            shared.close()
            cloud.stop("stand-in", QuietReporter())


def test_life_of_a_stack(world: World) -> None:
    before = world.settled()
    stack = world.stack("life", platform)

    planned = stack.preview()
    assert planned == stack.up()
    assert planned["create"] == 20
    assert stack.refresh() == {}
    assert stack.up() == {}

    assert "kubernetes:karpenter.sh/v1:NodePool" in stack.types()
    for text in (stack.said, world.kept()):
        assert SECRET not in text
        assert ENCODED not in text

    stack.destroy()
    assert world.settled() == before


def test_a_change_by_hand_is_found_and_repaired_by_force_only(world: World) -> None:
    room = world.room("drift")
    path = f"{ROOT}/{room}/configmaps/a"
    stack = world.stack("drift", lambda opts: config_map("a", room, opts))
    stack.up()
    world.by_hand(path, {"data": {"a": "two", "theirs": "x"}})

    assert stack.refresh() == {"update": 1}
    said = stack.fails(up)
    for word in (".data.a", '"hand"', FORCE, "ignoreChanges", "Remove the field"):
        assert word in said, said

    stack.runs(lambda opts: config_map("a", room, opts, annotations={FORCE: "true"}))
    assert stack.up() == {"update": 1}
    # what somebody added is theirs
    assert world.api.get(path)["data"] == {"a": "one", "theirs": "x"}

    world.remove(path)
    assert stack.up(refresh=True) == {"create": 1}
    assert world.api.get(path)["data"] == {"a": "one"}


def test_an_update_takes_over_what_was_done_with_kubectl(world: World) -> None:
    room = world.room("kubectl")
    path = f"{ROOT}/{room}/configmaps/a"
    stack = world.stack("kubectl", lambda opts: config_map("a", room, opts))
    stack.up()
    world.by_hand(path, {"data": {"a": "two", "theirs": "x"}}, "kubectl-edit")

    assert stack.refresh() == {"update": 1}
    # a dry run may not change owners, so a preview is refused as with the official provider
    assert '"kubectl-edit"' in stack.fails(preview)
    assert stack.up() == {"update": 1}
    assert world.api.get(path)["data"] == {"a": "one"}


def test_the_field_manager_that_the_program_names_is_used(world: World) -> None:
    room = world.room("named-manager")
    path = f"{ROOT}/{room}/configmaps/a"

    def program(opts: ResourceOptions, **metadata: Any) -> None:
        config_map("a", room, opts, **metadata)

    stack = world.stack("named-manager", program)
    stack.up()
    assert all(name.startswith("pulumi-kubernetes-") for name in managers(world, path))

    stack.runs(lambda opts: program(opts, annotations={FIELD_MANAGER: "deploys"}))
    assert stack.up() == {"update": 1}
    assert managers(world, path) == {"deploys"}
    assert stack.refresh() == {}


def managers(world: World, path: str) -> set[str]:
    return {each["manager"] for each in world.api.get(path)["metadata"]["managedFields"]}


def test_removed_false_is_drift_and_scaling_is_left_alone(world: World) -> None:
    room = world.room("scaled")
    path = f"/apis/apps/v1/namespaces/{room}/deployments/web"

    def program(opts: ResourceOptions, label: str = "web") -> None:
        ignoring = ResourceOptions(ignore_changes=["spec.replicas"])
        deployment(room, ResourceOptions.merge(opts, ignoring), label, replicas=1)

    stack = world.stack("scaled", program)
    stack.up()
    pod = {"automountServiceAccountToken": None}
    world.by_hand(path, {"spec": {"replicas": 5, "template": {"spec": pod}}})

    assert stack.refresh() == {"update": 1}
    assert stack.up() == {"update": 1}
    spec = world.api.get(path)["spec"]
    assert spec["replicas"] == 5
    assert spec["template"]["spec"]["automountServiceAccountToken"] is False

    stack.runs(lambda opts: program(opts, "other"))
    assert stack.preview() == {"replace": 1}
    assert stack.up() == {"replace": 1}
    assert world.api.get(path)["spec"]["selector"] == {"matchLabels": {"app": "other"}}


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("kubernetes:core/v1:Service", {"spec": {"prots": []}}, ".spec.prots: field not declared"),
    ("kubernetes:example.dev/v1:Widget", {"spec": {"sise": 1}}, ".spec.sise: field not declared"),
    ("kubernetes:example.dev/v1:Widget", {"spec": {"size": "x"}}, "expected numeric"),
    ("kubernetes:core/v1:Secret", {"data": {"a": "no base64"}}, "illegal base64"),
    (
        "kubernetes:policy/v1:PodDisruptionBudget",
        {"spec": {"minAvailable": -1}},
        '"wrong" is invalid: spec.minAvailable: Invalid value',
    ),
]


@pytest.mark.parametrize("room", ["default", "to-come"])
@pytest.mark.parametrize(("token", "inputs", "why"), WRONG)
def test_a_dry_run_finds_what_the_schema_refuses(
    world: World, room: str, token: str, inputs: dict[str, Any], why: str
) -> None:
    world.define(widget_definition())
    named = {**inputs, "metadata": {"name": "wrong", "namespace": room}}
    with pytest.raises(ProviderError, match=re.escape(why)) as caught:
        world.create(token, named, preview=True)
    assert "preview-" not in str(caught.value)


def test_a_preview_that_fails_changes_nothing(world: World) -> None:
    world.define(widget_definition())

    def program(opts: ResourceOptions) -> None:
        room = core.Namespace("fresh", metadata={"name": "fresh"}, opts=opts)
        widget("fresh", children(room, opts), {"sise": 1})

    said = world.stack("schema", program).fails(preview)
    assert "kubernetes:example.dev/v1:Widget 'widget': create" in said
    assert ".spec.sise: field not declared in schema" in said
    assert world.api.find(f"{ROOT}/fresh") is None


def test_what_is_not_ready_is_an_error_and_the_next_up_goes_on(world: World) -> None:
    world.define(widget_definition())
    room = world.room("waiting")

    def program(opts: ResourceOptions) -> None:
        widget(room, opts, {"size": 1}, **{WAIT_FOR: "condition=Ready", TIMEOUT: "1"})
        core.Service(
            "service",
            metadata={"name": "s", "namespace": room, "annotations": {TIMEOUT: "1"}},
            spec={"selector": {"app": "web"}, "ports": [{"port": 80}]},
            opts=opts,
        )

    stack = world.stack("waiting", program)
    said = stack.fails(up)
    assert f"Widget {room}/widget is not ready: condition=Ready does not hold" in said
    assert f"Service {room}/s is not ready: no ready pod stands behind it" in said

    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    world.by_hand(f"/apis/example.dev/v1/namespaces/{room}/widgets/widget", {"status": ready})
    endpoint = {"addresses": ["10.1.2.3"], "conditions": {"ready": True}}
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
        "addressType": "IPv4",
        "endpoints": [endpoint],
    }
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{room}/endpointslices"
    world.api.request("POST", slices, body=endpoints)
    assert stack.up() == {"update": 2}

    # what has gone wrong since is told by a refresh, and the next update waits for it again
    path = f"{slices}/s-1"
    world.by_hand(path, {"endpoints": [{**endpoint, "conditions": {"ready": False}}]})
    stack.refresh()
    assert "Refreshed resource is in an unhealthy state" in stack.said
    assert "no ready pod stands behind it" in stack.fails(up)
    world.by_hand(path, {"endpoints": [endpoint]})
    assert stack.up() == {"update": 1}


def test_a_finalizer_that_holds_a_deletion_is_named(world: World) -> None:
    room = world.room("held")
    patient = ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(delete="1s"))
    stack = world.stack(
        "held", lambda opts: config_map("a", room, ResourceOptions.merge(opts, patient))
    )
    stack.up()
    path = f"{ROOT}/{room}/configmaps/a"
    world.by_hand(path, {"metadata": {"finalizers": ["example.dev/hold"]}})

    said = stack.fails(destroy)
    assert "finalizers that hold it: example.dev/hold" in said

    world.by_hand(path, {"metadata": {"finalizers": None}})
    assert "delete" in stack.destroy()
    assert world.api.find(path) is None


def test_an_object_of_somebody_else_is_imported_and_never_taken_over(world: World) -> None:
    room = world.room("import")
    given = {"apiVersion": "v1", "metadata": {"name": "a"}}
    for path, body in (
        ("configmaps/a", {**given, "kind": "ConfigMap", "data": {"a": "one"}}),
        ("secrets/a", {**given, "kind": "Secret", "data": {"p": ENCODED}}),
    ):
        world.api.apply(f"{ROOT}/{room}/{path}", body, "them", force=False, dry_run=False)

    stack = world.stack("import", lambda opts: config_map("a", room, opts))
    for run in (preview, up):
        said = stack.fails(run)
        assert f"ConfigMap {room}/a stands already" in said
        assert f"id '{room}/a'" in said

    def importing(opts: ResourceOptions) -> None:
        opts = ResourceOptions.merge(opts, ResourceOptions(import_=f"{room}/a"))
        config_map("a", room, opts)
        meta: Any = {"name": "a", "namespace": room}
        core.Secret("a", metadata=meta, data={"p": ENCODED}, opts=opts)

    stack.runs(importing)
    assert stack.up() == {"import": 2}
    assert stack.refresh() == {}
    for text in (stack.said, world.kept()):
        assert ENCODED not in text


def test_two_providers_in_one_program(world: World) -> None:
    rooms = [world.room("left"), world.room("right")]

    def program(_: ResourceOptions) -> None:
        for room in rooms:
            own = kubernetes.Provider(room, kubeconfig=world.kubeconfig, namespace=room)
            opts = ResourceOptions(provider=own)
            core.ConfigMap(room, metadata={"name": "a"}, data={"room": room}, opts=opts)

    stack = world.stack("two", program)
    stack.up()
    for room in rooms:
        assert world.api.get(f"{ROOT}/{room}/configmaps/a")["data"] == {"room": room}
    assert stack.preview() == {}


def test_a_server_that_cannot_be_reached(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "limits", lambda: Limits(first_pause=0.01))
    nowhere = world.kubeconfig.replace(world.cloud.cluster_endpoint, "https://127.0.0.1:1")

    def program(_: ResourceOptions) -> None:
        away = kubernetes.Provider("away", kubeconfig=nowhere)
        config_map("a", "default", ResourceOptions(provider=away))

    said = world.stack("away", program).fails(up)
    assert "the Kubernetes API server https://127.0.0.1:1 cannot be reached: " in said
    assert "Connection refused" in said


def test_twenty_objects_come_and_go_quickly(world: World) -> None:
    space = ("kubernetes:core/v1:Namespace", {"metadata": {"name": "quick"}})
    kinds = ("core/v1:ConfigMap", "core/v1:ServiceAccount", "rbac.authorization.k8s.io/v1:Role")
    objects: list[tuple[str, dict[str, Any]]] = [
        (f"kubernetes:{kinds[each % 3]}", {"metadata": {"name": f"o{each}", "namespace": "quick"}})
        for each in range(20)
    ]

    begun = time.monotonic()
    world.create(*space)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(world.create, *each) for each in objects]:
            done.result()
        made = time.monotonic()
        for done in [pool.submit(world.delete, *each) for each in objects]:
            done.result()
    alone = time.monotonic()
    world.delete(*space)

    assert made - begun < 3
    assert alone - made < 3
    # its controller looks at a namespace five seconds after it was deleted
    assert time.monotonic() - alone < 15
