"""Real releases: what is done when helm fails, is cut off, or finds one that was."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from local import patience
from local.charts.model import Chart, Origin
from local.charts.obtaining import WrongValuesError
from local.errors import LocalCloudError
from local.providers.kubernetes import releases_live
from local.providers.kubernetes.access import Access
from local.providers.kubernetes.api import Api, ApiError
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import Discovery
from local.providers.kubernetes.helm_storage import Release, to_secret
from local.providers.kubernetes.live import LiveCluster
from local.providers.kubernetes.releases_live import LiveReleases
from local.providers.model import (
    CreateRequest,
    DeleteRequest,
    PartialError,
    ProviderError,
    ReadRequest,
    UpdateRequest,
)
from local.toolchain.children import Ended

TYPE = "kubernetes:helm.sh/v3:Release"
INPUTS: dict[str, Any] = {
    "name": "keda", "namespace": "keda", "chart": "keda", "version": "2.20.2",
    "values": {"a": 1}, "atomic": True, "timeout": 60,
}  # fmt: skip
WELL = Ended(0, "", "")
BAD = Ended(1, "", "Error: INSTALLATION FAILED: timed out")


class Secrets(Api):
    """An API server that keeps Helm's Secrets."""

    def __init__(self) -> None:
        super().__init__(Access("http://127.0.0.1:1", None, None, None))
        self.kept: dict[str, dict[str, Any]] = {}

    def put(self, status: str, revision: int = 1, values: Mapping[str, Any] | None = None) -> None:
        given = dict(INPUTS["values"] if values is None else values)
        release = Release("keda", "keda", revision, "keda", "2.20.2", given, {}, (), "t", "t")
        secret = to_secret(release)
        secret["metadata"]["labels"]["status"] = status
        self.kept[secret["metadata"]["name"]] = secret

    def request(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        if path.startswith("/apis/apiextensions") or path.endswith("/pods"):
            return {"items": []}
        name = path.partition("?")[0].rpartition("/")[2]
        if method == "PATCH":
            meta = self.kept[name]["metadata"]
            meta.setdefault("annotations", {}).update(given["body"]["metadata"]["annotations"])
            return self.kept[name]
        if name == "secrets":
            return {"items": list(self.kept.values())}
        raise ApiError(404, {"message": "not found", "reason": "NotFound"})


@dataclass
class FakeHelm:
    """Stands for helm: does to the record what each command would."""

    api: Secrets
    acts: dict[str, Callable[[], Ended]] = field(default_factory=dict[str, Callable[[], Ended]])
    ran: list[str] = field(default_factory=list[str])

    def values_file(self, values: Mapping[str, Any]) -> str:
        assert values == INPUTS["values"]
        return "values.yaml"

    def run(self, arguments: Sequence[str], seconds: float, watch: Callable[[], None]) -> Ended:
        del seconds
        watch()
        self.ran.append(arguments[0])
        return self.acts[arguments[0]]()


@dataclass
class World:
    api: Secrets
    helm: FakeHelm
    releases: LiveReleases
    images: list[str]

    def install(self) -> Ended:
        self.api.put("deployed")
        return WELL

    def uninstall(self) -> Ended:
        self.api.kept.clear()
        return WELL

    def create(self, *, preview: bool = False) -> Any:
        return self.releases.create(
            CreateRequest("urn", TYPE, "keda", inputs=dict(INPUTS), preview=preview)
        )

    def update(self) -> Any:
        old = dict(INPUTS)
        request = UpdateRequest(
            "urn", TYPE, "keda", id="keda/keda", old_inputs=old, old_outputs=old, inputs=old
        )
        return self.releases.update(request)

    def read(self) -> Any:
        request = ReadRequest("urn", TYPE, "keda", id="keda/keda", inputs=INPUTS, outputs={})
        return self.releases.read(request)


def nothing(*_: Any) -> None:
    """Judges every value as known."""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    api = Secrets()
    helm = FakeHelm(api)
    images: list[str] = []

    class Live(LiveCluster):
        @property
        def folder(self) -> Path:
            return tmp_path

        def rendered(self, chart: Chart, place: Any) -> list[dict[str, Any]]:
            del chart, place
            return []

        def bring_images(self, chart: Chart, manifests: Any) -> None:
            del manifests
            images.append(chart.name)

    @contextmanager
    def runs(*_: Any) -> Generator[FakeHelm]:
        yield helm

    def obtain(wanted: Any, values: Mapping[str, Any], place: Any) -> Chart:
        del place
        return Chart(
            wanted.name, wanted.version, wanted.version, tmp_path, Origin.MODULE, "m@v1", values
        )

    cluster = Cluster(api, Discovery(api), force=True, default_namespace="default")
    live = Live(cluster, Access("http://x", None, None, None), cast("Any", None), "http://aws")
    monkeypatch.setattr(releases_live, "helm_runs", runs)
    monkeypatch.setattr(releases_live.obtaining, "obtain", obtain)
    monkeypatch.setattr(releases_live.obtaining, "judge", nothing)
    made = World(api, helm, LiveReleases(live), images)
    helm.acts = {"install": made.install, "uninstall": made.uninstall}
    return made


def test_a_release_is_installed_after_its_images_and_read_back(world: World) -> None:
    state = world.create()
    assert (world.images, world.helm.ran) == (["keda"], ["install"])
    assert state.id == "keda/keda"
    assert state.outputs["status"]["status"] == "deployed"
    read = world.read()
    assert read.inputs == INPUTS
    assert read.outputs == state.outputs


def test_at_preview_nothing_is_installed(world: World) -> None:
    assert world.create(preview=True).outputs == INPUTS
    assert (world.images, world.helm.ran) == ([], [])


@pytest.mark.parametrize(
    "error", [WrongValuesError("chart keda", ["x: no"]), LocalCloudError("no image", "hint")]
)
def test_what_cannot_be_had_is_said_before_anything_is_installed(
    error: Exception, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(releases_live.obtaining, "obtain", refuse)
    with pytest.raises(ProviderError, match=str(error).partition("\n")[0]):
        world.create()
    assert world.helm.ran == []


def test_a_failed_installation_that_helm_took_back_is_an_error(world: World) -> None:
    world.helm.acts["install"] = lambda: BAD
    with pytest.raises(ProviderError, match="taken back: INSTALLATION FAILED") as caught:
        world.create()
    assert not isinstance(caught.value, PartialError)


def test_a_failed_installation_that_stands_is_kept_and_named(world: World) -> None:
    def half() -> Ended:
        world.api.put("failed")
        return BAD

    world.helm.acts["install"] = half
    with pytest.raises(PartialError, match="the release failed") as caught:
        world.create()
    assert caught.value.state.id == "keda/keda"
    assert caught.value.state.outputs["status"]["status"] == "failed"


def test_ctrl_c_leaves_what_helm_left_in_the_state(world: World) -> None:
    def cut() -> Ended:
        world.api.put("pending-install")
        raise patience.StoppedError

    world.helm.acts["install"] = cut
    with pytest.raises(PartialError, match="stopped on request"):
        world.create()


def test_a_release_that_stands_already_is_not_taken(world: World) -> None:
    world.api.put("deployed")
    with pytest.raises(ProviderError, match="stands already"):
        world.create()
    assert world.helm.ran == []


@pytest.mark.parametrize("status", ["pending-install", "uninstalling", "failed"])
def test_one_that_never_stood_is_installed_anew(status: str, world: World) -> None:
    world.api.put(status)
    with pytest.raises(PartialError, match=f"Helm has it as {status}"):
        world.read()
    assert world.update().outputs["status"]["status"] == "deployed"
    assert world.helm.ran == ["uninstall", "install"]


def test_one_that_died_in_an_upgrade_is_rolled_back_first(world: World) -> None:
    world.api.put("deployed")
    world.api.put("pending-upgrade", 2)

    def upgrade() -> Ended:
        world.api.put("deployed", 4)
        return WELL

    world.helm.acts |= {"rollback": lambda: WELL, "upgrade": upgrade}
    assert world.update().outputs["status"]["revision"] == 4
    assert world.helm.ran == ["rollback", "upgrade"]


def test_a_failed_upgrade_says_what_stands_now(world: World) -> None:
    world.create()

    def rolled_back() -> Ended:
        world.api.put("deployed", 3)
        return BAD

    world.helm.acts["upgrade"] = rolled_back
    with pytest.raises(PartialError, match="the release failed") as caught:
        world.update()
    assert caught.value.state.inputs == INPUTS
    assert world.read().inputs == INPUTS


def test_what_a_person_installs_over_it_is_seen(world: World) -> None:
    world.create()
    world.api.put("deployed", 2, {"a": 2})
    assert world.read().inputs["values"] == {"a": 2}


def test_a_release_that_is_gone_is_gone(world: World) -> None:
    assert world.read() is None
    request = DeleteRequest("urn", TYPE, "keda", id="keda/keda", old_inputs={}, old_outputs={})
    world.releases.delete(request)
    assert world.helm.ran == ["uninstall"]
    with pytest.raises(ProviderError, match="is gone; refresh"):
        world.update()
