from typing import Any

import pytest

from local.node.eks.load_balancers import CLASS, MOST, balanced, forsaken, relays, status


def service(name: str, *, age: int = 0, address: str = "", **spec: Any) -> dict[str, Any]:
    ports = [{"port": 443, "protocol": "TCP"}]
    wanted = {"type": "LoadBalancer", "loadBalancerClass": CLASS, "ports": ports, **spec}
    return {
        "metadata": {
            "namespace": "gateway",
            "name": name,
            "creationTimestamp": f"2026-01-01T00:00:{age:02}Z",
        },
        "spec": wanted,
        "status": status(address)["status"] if address else {},
    }


def addresses(services: list[dict[str, Any]]) -> dict[str, str]:
    return {each.name: each.address for each in balanced(services)}


def test_the_oldest_service_gets_the_first_address() -> None:
    found = addresses([service("young", age=2), service("old", age=1)])
    assert found == {"old": "10.88.0.16", "young": "10.88.0.17"}


def test_an_address_is_kept_and_never_given_twice() -> None:
    had = service("young", age=5, address="10.88.0.16")
    found = addresses([service("old", age=1), had])
    assert found == {"old": "10.88.0.17", "young": "10.88.0.16"}
    both = [service("a", age=1, address="10.88.0.20"), service("b", age=2, address="10.88.0.20")]
    assert addresses(both) == {"a": "10.88.0.20", "b": "10.88.0.16"}


def test_an_address_of_somebody_else_is_replaced() -> None:
    assert addresses([service("a", address="192.0.2.1")]) == {"a": "10.88.0.16"}


@pytest.mark.parametrize(
    "spec", [{"type": "ClusterIP"}, {"loadBalancerClass": "other"}, {"loadBalancerClass": None}]
)
def test_services_of_others_are_left_alone(spec: dict[str, Any]) -> None:
    assert balanced([service("a", **spec)]) == []


def test_a_service_that_is_leaving_gets_nothing() -> None:
    leaving = service("a")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert balanced([leaving]) == []


def test_one_that_wants_no_load_balancer_any_more_is_freed() -> None:
    assert forsaken([service("a", address="10.88.0.16", type="ClusterIP")]) == [("gateway", "a")]
    assert forsaken([service("a", address="10.88.0.16")]) == []
    assert forsaken([service("a", type="ClusterIP")]) == []


def test_when_all_addresses_are_given_the_youngest_stay_without() -> None:
    many = [service(f"s{number:03}") for number in range(MOST + 1)]
    found = addresses(many)
    assert len(set(found.values())) == MOST
    assert f"s{MOST:03}" not in found


def test_a_port_of_the_host_leads_to_the_oldest_service_that_has_it() -> None:
    udp = {"port": 53, "protocol": "UDP"}
    both = [
        service("old", age=1, ports=[{"port": 443}, udp]),
        service("young", age=2, ports=[{"port": 443}, {"port": 9000}]),
    ]
    assert relays(balanced(both)) == {"443": "10.88.0.16:443", "9000": "10.88.0.17:9000"}


def test_it_knows_what_the_service_was_told() -> None:
    told, untold = balanced([service("a", address="10.88.0.16"), service("b", age=1)])
    assert told.is_told
    assert not untold.is_told
