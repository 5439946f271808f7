"""Network policies on a real node: what they stop, and what they let through."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from eks_world import Side, echo, folder_of, named, side, until

from llm_platform.kubernetes import network_rules
from local.cluster import keeping
from local.node.eks.mutation import AGENT_ADDRESS
from local.node.eks.settings import NETWORK_POLICY
from local.node.plan import NODE_ADDRESS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

NAMESPACES = ("tenant", "stranger")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A live cloud of this module's own with pods in two namespaces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        with side("policies") as made:
            made.node.apply(*(named("Namespace", name) for name in NAMESPACES))
            made.node.apply(
                echo("web", "tenant", app="web"),
                echo("client", "tenant", app="client"),
                echo("client", "stranger", app="client"),
            )
            made.wait_ready("web", "client", namespace="tenant")
            made.wait_ready("client", namespace="stranger")
            yield made


@pytest.fixture
def world(cloud: Side) -> Iterator[Side]:
    """The cloud, without policies again after the test."""
    yield cloud
    cloud.node.kubectl("delete", "networkpolicy", "--all", "-n", "tenant")
    until(lambda: reaches(cloud, "stranger", cloud_address(cloud, "web")), "everything open again")


def policy(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    found = named("NetworkPolicy", name, "networking.k8s.io/v1", spec=spec)
    found["metadata"]["namespace"] = "tenant"
    return found


def cloud_address(world: Side, pod: str) -> str:
    return f"http://{world.get('pod', pod, 'tenant')['status']['podIP']}:8080/"


def reaches(world: Side, namespace: str, url: str) -> bool:
    return bool(world.asks(url, "client", namespace))


def test_denied_and_then_what_is_allowed(world: Side) -> None:
    web = cloud_address(world, "web")
    assert reaches(world, "stranger", web)
    assert reaches(world, "tenant", web)
    world.node.apply(policy("deny", network_rules.everything_denied()))
    until(lambda: not reaches(world, "stranger", web), "closed to strangers")
    assert not reaches(world, "tenant", web)
    world.node.apply(policy("neighbours", network_rules.neighbours_reached()))
    until(lambda: reaches(world, "tenant", web), "open to neighbours")
    assert not reaches(world, "stranger", web)
    world.node.apply(policy("callers", network_rules.entered_from("stranger", [8080])))
    until(lambda: reaches(world, "stranger", web), "open to callers")
    # the node itself always reaches its pods, so probes go on
    world.wait_ready("web", namespace="tenant")


def test_a_port_that_is_not_named_stays_closed(world: Side) -> None:
    web = cloud_address(world, "web")
    world.node.apply(policy("other", network_rules.entered_from("stranger", [9090])))
    until(lambda: not reaches(world, "stranger", web), "the wrong port")
    world.node.apply(policy("named", by_name()))
    until(lambda: reaches(world, "stranger", web), "the port by its name")


def by_name() -> dict[str, Any]:
    spec = network_rules.entered_from("stranger", [])
    spec["ingress"][0]["ports"] = [{"port": "http", "protocol": "TCP"}]
    return spec


def test_leaving_is_held_to_names_credentials_and_https(world: Side) -> None:
    aws = f"http://{NODE_ADDRESS}:{world.node.cloud.aws_endpoint.rpartition(':')[2]}/_llmp/identity"
    agent = f"http://{AGENT_ADDRESS}/v1/credentials"
    named_stranger = "http://client.stranger/"
    web = named("Service", "client")
    web["metadata"]["namespace"] = "stranger"
    web["spec"] = {"selector": {"app": "client"}, "ports": [{"port": 80, "targetPort": 8080}]}
    world.node.apply(web)
    until(lambda: reaches(world, "tenant", named_stranger), "a Service of strangers")
    assert "cloud_id" in world.asks(aws, "client", "tenant")
    assert reaches(world, "tenant", agent)

    world.node.apply(policy("deny", network_rules.everything_denied()))
    until(lambda: not reaches(world, "tenant", aws), "AWS closed")
    assert not reaches(world, "tenant", agent)
    assert not reaches(world, "tenant", named_stranger)

    world.node.apply(policy("credentials", network_rules.credentials_fetched()))
    until(lambda: reaches(world, "tenant", agent), "credentials")
    assert not reaches(world, "tenant", aws)

    https = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": network_rules.ports([443])}
    world.node.apply(
        policy("https", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [https]})
    )
    until(lambda: reaches(world, "tenant", aws), "AWS, which is HTTPS to the world")
    assert not reaches(world, "tenant", named_stranger)

    world.node.apply(
        policy("names", network_rules.names_resolved()),
        policy("strangers", network_rules.left_for("stranger", [8080])),
    )
    until(lambda: reaches(world, "tenant", named_stranger), "names and strangers")


def test_rules_hold_while_the_agent_is_away_and_it_comes_back(world: Side) -> None:
    web = cloud_address(world, "web")
    world.node.apply(policy("deny", network_rules.everything_denied()))
    until(lambda: not reaches(world, "stranger", web), "closed to strangers")
    killed = agent(world)
    world.node.inside("kill", "-KILL", str(killed))
    assert not reaches(world, "stranger", web)
    until(lambda: agent(world) not in (0, killed), "the agent started again")
    world.node.apply(policy("callers", network_rules.entered_from("stranger", [8080])))
    until(lambda: reaches(world, "stranger", web), "open to callers")


def agent(world: Side) -> int:
    """Process id of the agent inside the node; 0 while it does not run."""
    status = keeping.status(folder_of(world))
    return status.processes[NETWORK_POLICY].pid if status else 0
