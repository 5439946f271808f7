"""What hooks of a release leave, and what is done about it."""

import base64
import gzip
import json
from typing import Any

import pytest

from local.providers.kubernetes.access import Access
from local.providers.kubernetes.api import Api, ApiError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import Discovery
from local.providers.kubernetes.helm_hooks import hooks_of, remove_hooks
from local.providers.model import ProviderError

RIGHTS = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: maker}\n"
CONFIGURATION = "apiVersion: v1\nkind: Namespace\nmetadata: {name: injector}\n"
GONE = "apiVersion: gone.example/v1\nkind: Widget\nmetadata: {name: one}\n"
TRIED = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: tried}\n"


def secret(*hooks: tuple[str, list[str], int]) -> dict[str, Any]:
    record = {
        "hooks": [
            {"manifest": text, "events": events, "weight": weight} for text, events, weight in hooks
        ]
    }
    packed = base64.b64encode(gzip.compress(json.dumps(record).encode()))
    data = {"release": base64.b64encode(packed).decode()}
    return {"metadata": {"name": "one"}, "data": data}


class Deleting(Api):
    """An API server that only deletes, and knows two kinds."""

    def __init__(self) -> None:
        super().__init__(Access("http://127.0.0.1:1", None, None, None))
        self.deleted: list[str] = []

    def request(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        if path == "/api/v1":
            kinds = [
                ("ServiceAccount", "serviceaccounts", True),
                ("Namespace", "namespaces", False),
            ]
            return {
                "resources": [
                    {"kind": kind, "name": name, "namespaced": namespaced}
                    for kind, name, namespaced in kinds
                ]
            }
        if method == "DELETE":
            self.deleted.append(path)
        raise ApiError(404, {"message": "not found", "reason": "NotFound"})


def test_hooks_are_read_in_the_order_of_their_weight_without_tests() -> None:
    record = secret(
        (CONFIGURATION, ["pre-install"], 1), (TRIED, ["test"], 0), (RIGHTS, ["pre-install"], -1)
    )
    assert [each["metadata"]["name"] for each in hooks_of(record)] == ["maker", "injector"]


def test_a_release_without_hooks_leaves_nothing() -> None:
    assert hooks_of(secret()) == []


def test_what_is_no_record_is_an_error() -> None:
    with pytest.raises(ProviderError, match="no record"):
        hooks_of({"metadata": {"name": "one"}, "data": {"release": "x"}})


def test_they_go_in_the_other_order_from_the_namespace_of_the_release() -> None:
    api = Deleting()
    cluster = Cluster(api, Discovery(api), force=False, default_namespace="default")
    record = secret(*((each, ["pre-install"], 0) for each in (RIGHTS, CONFIGURATION, GONE)))

    remove_hooks(cluster, hooks_of(record), "gateway", 5)

    assert api.deleted == [
        "/api/v1/namespaces/injector",
        "/api/v1/namespaces/gateway/serviceaccounts/maker",
    ]
