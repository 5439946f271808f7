"""Provider configuration, and requests to an API server that is not there or not well."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from local.limits import Limits
from local.providers.kubernetes import api, removal
from local.providers.kubernetes.access import Access
from local.providers.kubernetes.api import Api, ApiError, UnreachableError
from local.providers.kubernetes.discovery import Discovery, ResourceKind, UnknownKindError
from local.providers.kubernetes.package import KubernetesPackage
from local.providers.model import CheckRequest, CreateRequest, ProviderError, ReadRequest
from local.providers.values import UNKNOWN, Secret

PACKAGE = KubernetesPackage()
CONFIG_MAPS = ResourceKind("v1", "ConfigMap", "configmaps", namespaced=True)


def kubeconfig(server: str = "https://s", user: str = "t", authority: str = "") -> str:
    cluster = {"server": server, "certificate-authority-data": authority}
    return json.dumps(
        {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": cluster}],
            "users": [{"name": "x", "user": {"token": user}}],
        }
    )


class TestConfiguration:
    def test_what_would_not_be_obeyed_is_refused(self) -> None:
        config = {"renderYamlToDirectory": "x", "kubeconfig": UNKNOWN, "__internal": 1}
        failures = PACKAGE.check_config(config)
        assert [each.property for each in failures] == ["renderYamlToDirectory"]
        failures = PACKAGE.check_config({"enableServerSideApply": "false"})
        assert [each.property for each in failures] == ["enableServerSideApply"]
        assert PACKAGE.check_config({"enablePatchForce": "true", "namespace": "x"}) == []

    @pytest.mark.parametrize("given", [None, "", " \n"])
    def test_a_kubeconfig_is_needed(self, given: Any) -> None:
        with pytest.raises(ProviderError, match="no kubeconfig is given"):
            PACKAGE.configure({"kubeconfig": given})

    def test_a_kubeconfig_may_be_an_object_or_a_file(self, tmp_path: Path) -> None:
        PACKAGE.configure({"kubeconfig": json.loads(kubeconfig())})
        (tmp_path / "config").write_text(kubeconfig())
        PACKAGE.configure({"kubeconfig": str(tmp_path / "config")})
        with pytest.raises(ProviderError, match="the kubeconfig cannot be read"):
            PACKAGE.configure({"kubeconfig": str(tmp_path / "nowhere")})

    def test_a_bad_certificate_is_an_error_in_words(self) -> None:
        with pytest.raises(ProviderError, match="a certificate of the kubeconfig"):
            PACKAGE.configure({"kubeconfig": kubeconfig(authority="Ym9ndXM=")})

    def test_without_a_cluster_a_preview_answers_with_the_inputs(self) -> None:
        session = PACKAGE.configure({"kubeconfig": UNKNOWN})
        request = CreateRequest("urn", "kubernetes:core/v1:ConfigMap", "a", {"x": 1}, preview=True)
        assert session.create(request).outputs == {"x": 1}
        with pytest.raises(ProviderError, match="is not known"):
            session.read(ReadRequest("urn", "kubernetes:core/v1:ConfigMap", "a", "a", {}, {}))

    @pytest.mark.parametrize(
        ("old", "new", "replaces"),
        [
            (kubeconfig(user="a"), kubeconfig(user="b"), False),
            (kubeconfig(), kubeconfig("https://other"), True),
            (kubeconfig(), UNKNOWN, False),
            (kubeconfig(), "nonsense: [", True),
        ],
    )
    def test_another_cluster_replaces_the_provider(
        self, old: Any, new: Any, replaces: bool
    ) -> None:
        diff = PACKAGE.diff_config({"kubeconfig": old}, {"kubeconfig": new})
        assert set(diff.changes) == {"kubeconfig"}
        assert bool(diff.replaces) is replaces
        named = {"clusterIdentifier": "prod"}
        diff = PACKAGE.diff_config({"kubeconfig": old, **named}, {"kubeconfig": new, **named})
        assert not diff.replaces
        assert PACKAGE.diff_config(named, {"clusterIdentifier": "dev"}).replaces


def checked(token: str, inputs: dict[str, Any]) -> Any:
    session = PACKAGE.configure({"kubeconfig": UNKNOWN})
    return session.check(CheckRequest("urn", token, "a", {}, inputs, b"seed"))


class TestCheck:
    def test_version_and_kind_come_from_the_type(self) -> None:
        inputs = checked("kubernetes:apps/v1:Deployment", {}).inputs
        assert (inputs["apiVersion"], inputs["kind"]) == ("apps/v1", "Deployment")

    def test_another_kind_than_the_types_is_refused(self) -> None:
        failures = checked("kubernetes:core/v1:ConfigMap", {"kind": "Secret"}).failures
        assert [each.property for each in failures] == ["kind"]

    def test_generated_names_are_refused(self) -> None:
        given = {"metadata": {"generateName": "x-"}}
        failures = checked("kubernetes:core/v1:ConfigMap", given).failures
        assert [each.property for each in failures] == ["metadata.generateName"]

    @pytest.mark.parametrize(
        "token",
        [
            "kubernetes:core/v1:ConfigMapPatch",
            "kubernetes:core/v1:ConfigMapList",
            "kubernetes:yaml/v2:ConfigFile",
            "kubernetes:helm.sh/v4:Chart",
            "kubernetes:kustomize/v2:Directory",
        ],
    )
    def test_types_that_are_not_handled(self, token: str) -> None:
        with pytest.raises(ProviderError, match=f"{token} is not handled"):
            checked(token, {})

    def test_a_secret_is_one_from_the_start(self) -> None:
        inputs = checked("kubernetes:core/v1:Secret", {"stringData": {"a": "b"}}).inputs
        assert inputs["stringData"] == Secret({"a": "b"})


QUICK = Limits(first_pause=0.001)


class FakeServer(BaseHTTPRequestHandler):
    """Answers with what is in `answers`, in turn; the last one for ever."""

    answers: ClassVar[list[tuple[int, Any]]] = []
    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_DELETE = do_PATCH = do_GET  # noqa: N815 - named by the base class

    def log_message(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Keep quiet."""


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(api, "limits", lambda: QUICK)
    FakeServer.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeServer)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield Api(Access(f"http://127.0.0.1:{server.server_port}", None, None, lambda: "t"))
    server.shutdown()
    server.server_close()


class TestRequests:
    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (429, {}),
            (503, "unavailable"),
            (401, {"message": "Unauthorized"}),
            (500, {"message": 'failed calling webhook "x"'}),
            (500, {"message": "Internal error occurred"}),
        ],
    )
    def test_a_server_that_is_busy_is_asked_again(self, fake: Api, status: int, body: Any) -> None:
        FakeServer.answers[:] = [(status, body), (status, body), (200, {"ok": 1})]
        assert fake.get("/x") == {"ok": 1}
        assert len(FakeServer.asked) == 3

    @pytest.mark.parametrize("status", [400, 403, 409, 422, 501])
    def test_a_refusal_is_one(self, fake: Api, status: int) -> None:
        FakeServer.answers[:] = [(status, {"message": "no", "reason": "Because"})]
        with pytest.raises(ApiError, match="no"):
            fake.get("/x")
        assert len(FakeServer.asked) == 1

    def test_there_is_an_end(self, fake: Api) -> None:
        FakeServer.answers[:] = [(503, "unavailable")]
        with pytest.raises(ApiError, match="unavailable"):
            fake.get("/x")
        assert len(FakeServer.asked) == QUICK.attempts

    def test_an_unknown_kind(self, fake: Api) -> None:
        FakeServer.answers[:] = [(404, {"message": "not found"})]
        with pytest.raises(UnknownKindError, match=r"no kind Model in x\.io/v1"):
            Discovery(fake).find("x.io/v1", "Model")

    def test_a_server_that_is_gone_is_not_asked_for_long(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api, "limits", lambda: QUICK)
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            server = f"https://127.0.0.1:{reserved.getsockname()[1]}"
            gone = Api(Access(server, None, None, None))
            with pytest.raises(UnreachableError) as caught:
                gone.get("/x")
            said = str(caught.value)
            assert said.startswith(f"the Kubernetes API server {server} cannot be reached: ")
            assert "refused" in said
            assert "0x" not in said
            monkeypatch.setattr(api, "limits", lambda: Limits(first_pause=5))
            begun = time.monotonic()
            with pytest.raises(UnreachableError):
                gone.get("/x")
            assert time.monotonic() - begun < 1


HELD = {"metadata": {"name": "a", "uid": "1", "finalizers": ["x.io/keep"]}}


class TestRemoval:
    def remove(self, fake: Api, timeout: float = 5) -> None:
        removal.remove(fake, CONFIG_MAPS, "/x", {}, timeout)

    def test_what_is_gone_already_is_a_success(self, fake: Api) -> None:
        FakeServer.answers[:] = [(404, {})]
        self.remove(fake)
        assert FakeServer.asked == [("DELETE", "/x")]

    def test_it_waits_until_the_object_is_gone(self, fake: Api) -> None:
        FakeServer.answers[:] = [(200, HELD), (200, HELD), (200, HELD), (404, {})]
        self.remove(fake)
        assert len(FakeServer.asked) == 4

    def test_another_object_of_that_name_is_another(self, fake: Api) -> None:
        other = {"metadata": {"name": "a", "uid": "2"}}
        FakeServer.answers[:] = [(200, {"details": {"uid": "1"}}), (200, other)]
        self.remove(fake)
        assert [method for method, *_ in FakeServer.asked] == ["DELETE", "GET"]

    def test_what_holds_it_is_named(self, fake: Api) -> None:
        FakeServer.answers[:] = [(200, HELD)]
        with pytest.raises(ProviderError, match=r"finalizers that hold it: x\.io/keep"):
            self.remove(fake, 0.1)

    def test_a_crd_that_does_not_go_is_nudged_and_a_refusal_of_that_is_no_failure(
        self, fake: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(removal, "NUDGE_SECONDS", 0.0)
        crds = ResourceKind(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition", "crds", namespaced=False
        )
        going = {"metadata": {"name": "a", "uid": "1", "deletionTimestamp": "now"}}
        FakeServer.answers[:] = [(200, going), (200, going), (200, going), (409, {}), (404, {})]
        removal.remove(fake, crds, "/x", {}, 5)
        assert [method for method, _ in FakeServer.asked] == [
            "GET", "DELETE", "GET", "PATCH", "GET",
        ]  # fmt: skip

    def test_the_storage_of_a_crd_is_loaded_before_it_goes(self, fake: Api) -> None:
        crds = ResourceKind(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition", "crds", namespaced=False
        )
        standing = {
            "metadata": {"name": "a", "uid": "1"},
            "spec": {
                "group": "x.io",
                "names": {"plural": "as"},
                "versions": [{"name": "v1", "served": False}, {"name": "v2", "served": True}],
            },
            "status": {"conditions": [{"type": "Established", "status": "True"}]},
        }
        FakeServer.answers[:] = [(200, standing), (404, {}), (200, standing), (404, {})]
        removal.remove(fake, crds, "/x", {}, 5)
        assert FakeServer.asked == [
            ("GET", "/x"), ("GET", "/apis/x.io/v2/as?limit=1"), ("DELETE", "/x"), ("GET", "/x"),
        ]  # fmt: skip

    def test_a_namespace_says_what_is_left_in_it(self, fake: Api) -> None:
        message = "Some resources are remaining: pods. has 1 resource instances"
        conditions = [{"type": "NamespaceContentRemaining", "message": message}]
        space = {
            "metadata": {"name": "a", "uid": "1"},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"conditions": conditions},
        }
        FakeServer.answers[:] = [(200, space)]
        with pytest.raises(ProviderError, match="hold it: kubernetes; Some resources"):
            self.remove(fake, 0.1)
