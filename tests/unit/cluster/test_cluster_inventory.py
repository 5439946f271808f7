"""The inventory, against a recorded form of discovery."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.cluster import inventory as module
from local.errors import LocalCloudError


def resource(kind: str, plural: str, *verbs: str) -> dict[str, Any]:
    return {"resource": plural, "responseKind": {"kind": kind}, "verbs": list(verbs or ("list",))}


CORE: dict[str, Any] = {
    "metadata": {},
    "versions": [
        {
            "version": "v1",
            "resources": [
                resource("Namespace", "namespaces"),
                resource("ConfigMap", "configmaps"),
                resource("Event", "events"),
                resource("Binding", "bindings", "create"),
            ],
        }
    ],
}
APPS: dict[str, Any] = {
    "metadata": {"name": "example.com"},
    "versions": [
        {"version": "v2", "resources": [resource("Thing", "things")]},
        {"version": "v1", "resources": [resource("Thing", "things"), resource("Old", "olds")]},
    ],
}


def test_each_kind_once_in_its_preferred_version() -> None:
    assert list(module.resources_of(APPS)) == [
        module.Resource("example.com/Thing", "/apis/example.com/v2/things"),
        module.Resource("example.com/Old", "/apis/example.com/v1/olds"),
    ]


def test_what_cannot_be_listed_or_changes_by_itself_is_left_out() -> None:
    assert [each.kind for each in module.resources_of(CORE)] == ["core/Namespace", "core/ConfigMap"]


class Server:
    """Answers like an API server; urllib3's pool manager as the Kubernetes client has it."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {
            "/api": (200, {"items": [CORE]}),
            "/apis": (200, {"items": [APPS]}),
            "/api/v1/namespaces?limit=500": (200, self.listing("b", "a")),
            "/api/v1/configmaps?limit=500": (200, self.listing("one", then="x y", namespace="ns")),
            "/api/v1/configmaps?limit=500&continue=x+y": (200, self.listing("two", namespace="ns")),
            "/apis/example.com/v2/things?limit=500": (200, {"items": None, "metadata": {}}),
            "/apis/example.com/v1/olds?limit=500": (404, {}),
        }

    @staticmethod
    def listing(*names: str, then: str = "", namespace: str = "") -> dict[str, Any]:
        extra = {"namespace": namespace} if namespace else {}
        items = [{"metadata": {"name": name, **extra}} for name in names]
        return {"items": items, "metadata": {"continue": then} if then else {}}

    def request(self, method: str, url: str, **_: Any) -> Any:
        assert method == "GET"
        status, body = self.answers[url.removeprefix("https://server")]
        return SimpleNamespace(status=status, data=json.dumps(body).encode())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    client = SimpleNamespace(
        rest_client=SimpleNamespace(pool_manager=made),
        configuration=SimpleNamespace(host="https://server"),
    )

    def api_client(_: Path) -> SimpleNamespace:
        return client

    monkeypatch.setattr(module, "api_client", api_client)
    return made


@pytest.mark.usefixtures("server")
def test_names_of_everything_page_by_page() -> None:
    assert module.inventory(Path("kubeconfig")) == {
        "core/ConfigMap": ["ns/one", "ns/two"],
        "core/Namespace": ["a", "b"],
    }


def test_automatic_objects_are_left_out(server: Server) -> None:
    listing = server.listing("auto", "mine")
    listing["items"][0]["metadata"]["labels"] = {module.AUTOMATIC_LABEL: "onstart"}
    server.answers["/apis/example.com/v2/things?limit=500"] = (200, listing)
    assert module.inventory(Path("kubeconfig"))["example.com/Thing"] == ["mine"]


def test_a_refusal_is_told(server: Server) -> None:
    server.answers["/apis/example.com/v2/things?limit=500"] = (403, {"message": "forbidden"})
    with pytest.raises(LocalCloudError, match="403"):
        module.inventory(Path("kubeconfig"))
