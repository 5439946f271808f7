"""Faults of the Kubernetes API as the stand-in meets them: what is sent again, what is found."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local import patience
from local.faults import kubernetes as faults
from local.faults import plan
from local.faults.kubernetes import Reply, status_document
from local.faults.plan import Effect, FaultPlan, Kind, Rule, Side
from local.faults.record import counted
from local.limits import Limits
from local.providers.kubernetes import api as api_module
from local.providers.kubernetes.access import Access
from local.providers.kubernetes.api import Api, ApiError, UnreachableError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import Discovery
from local.providers.kubernetes.manifests import Manifests
from local.providers.kubernetes.releases import Releases
from local.providers.model import CreateRequest, PartialError

QUICK = Limits(answer_seconds=0.01, attempts=3, first_pause=0.001)
CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "default"},
}
PATH = "/api/v1/namespaces/default/configmaps/a"
SECRETS = "/api/v1/namespaces/default/secrets"


class MemoryApi(Api):
    """An API server in memory: it takes and gives single objects."""

    def __init__(self) -> None:
        super().__init__(Access("http://127.0.0.1:1", None, None, None))
        self.stored: dict[str, Any] = {}
        self.sent: list[str] = []

    def _send(self, method: str, url: str, data: str | None, headers: Mapping[str, str]) -> Reply:
        address = urlsplit(url)
        path = address.path
        self.sent.append(f"{method} {path}")
        if path == "/api/v1":
            resource = {"name": "configmaps", "kind": "ConfigMap", "namespaced": True}
            return Reply(200, {"resources": [resource]})
        body: dict[str, Any] = json.loads(data or "{}")
        if method == "POST":
            path += f"/{body['metadata']['name']}"
            if path in self.stored:
                return Reply(409, status_document(409, "AlreadyExists", "already exists"))
        if method == "PATCH":
            manager = parse_qs(address.query)["fieldManager"][0]
            entry: dict[str, Any] = {"manager": manager, "operation": "Apply", "fieldsV1": {}}
            body["metadata"] = {**body["metadata"], "managedFields": [entry]}
        if method in {"POST", "PATCH"}:
            self.stored[path] = body
        if path not in self.stored:
            return Reply(404, status_document(404, "NotFound", "not found"))
        return Reply(200, self.stored[path])


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryApi]:
    for module in (api_module, faults):
        monkeypatch.setattr(module, "limits", lambda: QUICK)
    faults.use(tmp_path)
    yield MemoryApi()
    faults.stop_using()


def spoil(folder: Path, call: str, kind: Kind, effect: Effect, **more: Any) -> None:
    rule = Rule(Side.KUBERNETES, call, 1.0, kind, effect, **more)
    FaultPlan(1, (rule,)).write(folder)


def manifests(api: Api) -> Manifests:
    return Manifests(Cluster(api, Discovery(api), force=False, default_namespace="default"))


def taking_over(api: Api) -> Cluster:
    """A cluster that is not asked first whether an object stands already."""
    return Cluster(api, Discovery(api), force=False, default_namespace="default", upsert=True)


def creation() -> CreateRequest:
    return CreateRequest("urn", "kubernetes:core/v1:ConfigMap", "a", inputs=dict(CONFIG_MAP))


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.CUT, Kind.TIMEOUT])
@pytest.mark.parametrize("effect", Effect)
def test_applying_is_repeated(
    kind: Kind, effect: Effect, memory: MemoryApi, tmp_path: Path
) -> None:
    spoil(tmp_path, "PATCH *", kind, effect, times=2)
    memory.apply(PATH, CONFIG_MAP, "me", force=False, dry_run=False)
    assert memory.sent == [f"PATCH {PATH}"] * (3 if effect is Effect.AFTER else 1)
    assert counted(tmp_path) == {("kubernetes", f"{kind.value} {effect.value}"): 2}


@pytest.mark.parametrize(("kind", "error"), [(Kind.ERROR, ApiError), (Kind.CUT, UnreachableError)])
def test_a_post_whose_outcome_is_unknown_is_not_repeated(
    kind: Kind, error: type[Exception], memory: MemoryApi, tmp_path: Path
) -> None:
    spoil(tmp_path, "POST *", kind, Effect.AFTER)
    with pytest.raises(error) as caught:
        memory.request("POST", "/api/v1/namespaces", body={"metadata": {"name": "n"}})
    assert getattr(caught.value, "lost", False)
    assert memory.sent == ["POST /api/v1/namespaces"]


def test_a_throttled_post_is_repeated_after_the_time_that_the_server_names(
    memory: MemoryApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(patience, "pause", pauses.append)
    spoil(tmp_path, "POST *", Kind.THROTTLE, Effect.BEFORE, times=2, seconds=4.0)
    memory.request("POST", "/api/v1/namespaces", body={"metadata": {"name": "n"}})
    assert memory.sent == ["POST /api/v1/namespaces"]
    assert len(pauses) == 2
    assert all(2 <= pause <= 6 for pause in pauses)


def test_an_error_names_the_call_how_often_it_was_made_and_the_next_step(
    memory: MemoryApi, tmp_path: Path
) -> None:
    spoil(tmp_path, "*", Kind.ERROR, Effect.BEFORE)
    with pytest.raises(ApiError) as caught:
        memory.get(PATH)
    assert str(caught.value) == (
        f"GET {PATH}: Internal error occurred: fault plan of the local cloud "
        "(3 attempts; run the same command again to go on)"
    )


def test_an_object_whose_answers_were_all_lost_is_found(memory: MemoryApi, tmp_path: Path) -> None:
    spoil(tmp_path, "PATCH *", Kind.CUT, Effect.AFTER, times=3)
    state = manifests(memory).create(creation())
    assert state.id == "default/a"
    assert memory.sent.count(f"PATCH {PATH}") == 3


def test_an_object_that_was_not_made_is_an_error(memory: MemoryApi, tmp_path: Path) -> None:
    spoil(tmp_path, "PATCH *", Kind.ERROR, Effect.BEFORE)
    with pytest.raises(ApiError, match="fault plan"):
        manifests(memory).create(creation())
    assert memory.stored == {}


def test_an_object_that_cannot_be_looked_for_is_kept_by_its_name(
    memory: MemoryApi, tmp_path: Path
) -> None:
    rules = (
        Rule(Side.KUBERNETES, "PATCH *", 1.0, Kind.CUT, Effect.AFTER),
        Rule(Side.KUBERNETES, f"GET {PATH}", 1.0, Kind.CUT, Effect.BEFORE),
    )
    FaultPlan(1, rules).write(tmp_path)
    unsure = taking_over(memory)
    with pytest.raises(PartialError) as caught:
        Manifests(unsure).create(creation())
    assert caught.value.state.id == "default/a"
    assert "it may have been made, and looking for it failed" in caught.value.reasons[0]


def test_somebody_elses_object_is_not_taken(memory: MemoryApi, tmp_path: Path) -> None:
    memory.apply(PATH, CONFIG_MAP, "theirs", force=False, dry_run=False)
    spoil(tmp_path, "PATCH *", Kind.ERROR, Effect.BEFORE)
    others = taking_over(memory)
    with pytest.raises(ApiError, match="fault plan"):
        Manifests(others).create(creation())


RELEASE = {"name": "r", "namespace": "default", "chart": "c", "version": "1", "skipCrds": True}


def test_a_release_whose_record_was_made_is_found(memory: MemoryApi, tmp_path: Path) -> None:
    cluster = Cluster(memory, Discovery(memory), force=False, default_namespace="default")
    request = CreateRequest("urn", "kubernetes:helm.sh/v3:Release", "r", inputs=dict(RELEASE))
    spoil(tmp_path, f"POST {SECRETS}", Kind.CUT, Effect.AFTER)
    assert Releases(cluster).create(request).id == "default/r"
    plan.clear(tmp_path)
    spoil(tmp_path, f"POST {SECRETS}", Kind.CUT, Effect.BEFORE)
    other = CreateRequest("urn", request.type, "s", inputs={**RELEASE, "name": "s"})
    with pytest.raises(UnreachableError):
        Releases(cluster).create(other)
    assert [path.rpartition("/")[2] for path in memory.stored] == ["sh.helm.release.v1.r.v1"]
