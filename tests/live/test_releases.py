"""Add-ons are installed for real: by helm, on a node, with images that were made here.

Envoy Gateway stands for a chart of its project's module with definitions of its own,
cert-manager for one whose webhook others wait for.
"""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from node_world import REPORTER, node, tools
from release_world import Place, inputs_of, with_value

from local import patience
from local.node import ready
from local.providers.model import CreateRequest, PartialError, ProviderError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

GATEWAY = "gateway-helm"
CERTS = "cert-manager"
MONITORS = "prometheus-operator-crds"
TOO_MUCH = with_value(GATEWAY, "deployment.envoyGateway.resources.requests.cpu", "50")
ISSUER = "kubernetes:cert-manager.io/v1:Issuer"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        with node("releases") as made:
            ready.prepare(made.live, tools(), REPORTER)
            found = Place.of(made)
            found.create(MONITORS)
            yield found


def nothing_stands(place: Place) -> bool:
    """Whether nothing of Envoy Gateway's chart is there; what its hooks make is its namespace's."""
    left = place.names("deployments,services,configmaps", GATEWAY)
    own = [each for each in left if not each.endswith("/kube-root-ca.crt")]
    return own == [] and place.definitions("gateway.envoyproxy.io") == []


def test_values_that_the_chart_does_not_know_are_named_and_nothing_is_installed(
    place: Place,
) -> None:
    values = with_value(GATEWAY, "deployment.envoyGatway.resources", {})
    for attempt in (place.preview, place.create):
        with pytest.raises(ProviderError, match=r"envoyGatway: .*did you mean envoyGateway\?"):
            attempt(GATEWAY, values=values)
    assert nothing_stands(place)


def test_an_image_that_does_not_exist_is_named_and_nothing_is_installed(place: Place) -> None:
    image = "docker.io/envoyproxy/gateway:v9.9.9"
    values = with_value(GATEWAY, "global.images.envoyGateway.image", image)
    with pytest.raises(ProviderError, match=r"v9\.9\.9"):
        place.create(GATEWAY, values=values)
    assert nothing_stands(place)


def test_a_release_that_does_not_get_ready_is_taken_back_with_its_cause(place: Place) -> None:
    with pytest.raises(ProviderError, match=r"taken back: .* has no node: .*Insufficient cpu"):
        place.create(GATEWAY, values=TOO_MUCH, timeout=15)
    assert nothing_stands(place)


def test_ctrl_c_takes_it_back_too(place: Place) -> None:
    mine = patience.Patience()
    threading.Timer(8.0, mine.end).start()
    with patience.using(mine), pytest.raises(ProviderError, match="stopped on request"):
        place.create(GATEWAY, values=TOO_MUCH)
    assert nothing_stands(place)


def test_a_killed_installation_is_found_as_it_is_and_replaced(place: Place) -> None:
    child = place.dying(GATEWAY, values=TOO_MUCH)
    while not place.names("deployments", GATEWAY):
        assert child.poll() is None
        time.sleep(0.2)
    child.kill()
    child.wait()
    with pytest.raises(PartialError, match="pending-install"):
        place.read(GATEWAY)
    place.delete(GATEWAY)
    assert place.read(GATEWAY) is None
    assert nothing_stands(place)


def test_a_release_runs_and_a_refresh_finds_no_difference(place: Place) -> None:
    made = place.create(GATEWAY)
    assert made.outputs["status"]["status"] == "deployed"
    place.node.kubectl(
        "rollout", "status", "deployment/envoy-gateway", "-n", "envoy-gateway-system"
    )
    assert len(place.definitions("gateway.envoyproxy.io")) == 8
    read = place.read(GATEWAY)
    assert read is not None
    assert read.inputs == inputs_of(GATEWAY)
    assert read.outputs == made.outputs


def test_a_failed_upgrade_leaves_what_stood(place: Place) -> None:
    with pytest.raises(PartialError, match="rolled back"):
        place.update(GATEWAY, values=TOO_MUCH, timeout=15)
    read = place.read(GATEWAY)
    assert read is not None
    assert read.inputs == inputs_of(GATEWAY)
    place.node.kubectl(
        "rollout", "status", "deployment/envoy-gateway", "-n", "envoy-gateway-system"
    )


def issuer(place: Place, name: str) -> str:
    inputs: dict[str, Any] = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": {"name": name, "namespace": "cert-manager"},
        "spec": {"selfSigned": {}},
    }
    return place.session.create(CreateRequest("urn", ISSUER, name, inputs=inputs)).id


def test_right_after_a_release_its_webhook_lets_objects_pass(place: Place) -> None:
    place.create(CERTS)
    assert issuer(place, "gate") == "cert-manager/gate"


def test_a_webhook_that_is_down_is_named(place: Place) -> None:
    scale = ("-n", "cert-manager", "scale", "deployment/cert-manager-webhook")
    place.node.kubectl(*scale, "--replicas=0")
    pods = ("-n", "cert-manager", "wait", "--for=delete", "pod", "--timeout=60s")
    place.node.kubectl(*pods, "-l", "app.kubernetes.io/name=webhook")
    with pytest.raises(ProviderError, match=r"webhook\.cert-manager\.io.*no endpoints available"):
        issuer(place, "refused")
    place.node.kubectl(*scale, "--replicas=1")


def test_what_was_installed_goes_but_for_what_the_chart_keeps(place: Place) -> None:
    place.delete(CERTS)
    place.delete(GATEWAY)
    assert nothing_stands(place)
    assert place.definitions("gateway.networking.k8s.io") == []
    kept = place.definitions("cert-manager.io")
    assert kept
    for each in kept:
        policy = "jsonpath={.metadata.annotations.helm\\.sh/resource-policy}"
        assert place.node.kubectl("get", each, "-o", policy) == "keep"
