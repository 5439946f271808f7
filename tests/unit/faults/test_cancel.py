"""The engine's Cancel ends waits, and only these; the process goes on serving."""

import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from local import patience
from local.faults.plan import Kind
from local.patience import Patience, StoppedError, last_look, using
from local.providers import model
from local.providers.aws.cloud import Cloud
from local.providers.aws.session import AwsSession
from local.providers.kubernetes import removal
from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import ResourceKind
from local.providers.model import CreateRequest, PartialError, ProviderError
from local.providers.server import serve
from local.providers.values import to_struct
from tests.unit.faults.conftest import Faulty

URN = "urn:pulumi:dev::p::slow:m:T::one"
THREADS = 2


class SlowSession(model.Session):
    def __init__(self, waiting: threading.Semaphore) -> None:
        self._waiting = waiting

    def create(self, request: CreateRequest) -> model.State:
        if not request.inputs.get("quick"):
            self._waiting.release()
            patience.pause(600)
        return model.State("id", {})


class SlowPackage(model.Package):
    name = "slow"
    version = "1.0.0"
    threads = THREADS

    def __init__(self) -> None:
        self.waiting = threading.Semaphore(0)

    def configure(self, config: dict[str, Any]) -> model.Session:
        return SlowSession(self.waiting)

    def handled_types(self) -> frozenset[str]:
        return frozenset({"slow:m:T"})


class Connection:
    """One provider instance of an engine."""

    def __init__(self, port: int) -> None:
        # without the option two channels of a process would share one connection
        options = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.stub.Configure(provider_pb2.ConfigureRequest())

    def create(self, **inputs: Any) -> Any:
        request = provider_pb2.CreateRequest(urn=URN, properties=to_struct(inputs))
        return self.stub.Create.future(request)


@pytest.fixture
def package() -> SlowPackage:
    return SlowPackage()


@pytest.fixture
def port(package: SlowPackage) -> Iterator[int]:
    server, port = serve(package)
    yield port
    server.stop(grace=0).wait()


def test_cancel_reaches_its_own_session_although_every_turn_is_taken(
    port: int, package: SlowPackage
) -> None:
    stopped, other = Connection(port), Connection(port)
    running = [stopped.create() for _ in range(THREADS + 3)]
    for _ in range(THREADS):
        package.waiting.acquire()
    stopped.stub.Cancel(empty_pb2.Empty())

    for each in running:
        assert each.exception().details() == (
            "slow:m:T 'one': create: stopped on request while it waited"
        )
    assert other.create(quick=True).result().id == "id"
    patient = other.create()
    package.waiting.acquire()
    assert not patient.done()
    other.stub.Cancel(empty_pb2.Empty())
    assert patient.exception() is not None
    assert Connection(port).create(quick=True).result().id == "id"


@pytest.fixture
def ended() -> Patience:
    made = Patience()
    made.end()
    return made


def test_a_wait_that_was_ended_does_not_begin_again(ended: Patience) -> None:
    with using(ended):
        with pytest.raises(StoppedError):
            patience.pause(600)
        with last_look():
            patience.pause(0)
        with pytest.raises(StoppedError):
            patience.pause(0)
    patience.pause(0)


def test_a_last_look_is_short(ended: Patience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LAST_SECONDS", 0.01)
    with using(ended), last_look(), pytest.raises(StoppedError):
        patience.pause(600)


def test_waiting_for_aws_ends(ended: Patience) -> None:
    cloud = Cloud.connect("http://127.0.0.1:1", "us-east-1", {})
    with using(ended), pytest.raises(StoppedError):
        cloud.wait("never", lambda: None)


def test_what_was_made_is_told_when_the_rest_is_stopped(
    faulty: Faulty, aws: AwsSession, ended: Patience
) -> None:
    faulty.spoil(Kind.THROTTLE, call="ec2:ModifyVpcAttribute")
    inputs: dict[str, Any] = {
        "cidrBlock": "10.9.0.0/16",
        "instanceTenancy": "default",
        "enableDnsHostnames": True,
        "tagsAll": {"llm-platform:resource": "stopped"},
    }
    with using(ended), pytest.raises(PartialError, match="stopped on request") as caught:
        aws.create(CreateRequest("u", "aws:ec2/vpc:Vpc", "vpc", inputs))
    faulty.heal()
    made = caught.value.state.id
    assert faulty.client("ec2").describe_vpcs(VpcIds=[made])["Vpcs"]


class StubbornApi:
    """Objects that neither get ready nor go."""

    live: dict[str, Any] = {  # noqa: RUF012 never changed
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "n", "uid": "1", "generation": 2},
        "status": {"observedGeneration": 1},
    }

    def find(self, path: str) -> Any:
        del path
        return self.live

    find_metadata = find

    def request(self, *_: Any, **__: Any) -> Any:
        return self.live


def test_waiting_for_kubernetes_ends(ended: Patience) -> None:
    kind = ResourceKind("apps/v1", "Deployment", "deployments", namespaced=True)
    api: Any = StubbornApi()
    cluster = Cluster(api, api, force=False, default_namespace="default")
    with using(ended):
        live, lacks = cluster.wait_ready(kind, api.live, 600)
        assert live is api.live
        assert lacks.endswith("; stopped on request while it waited")
        with pytest.raises(ProviderError, match="it is being deleted; stopped on request"):
            removal.remove(api, kind, "/d", {}, 600)
