"""The servicer over real gRPC, with a package that keeps its resources in memory."""

from collections.abc import Generator
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from local.providers import model
from local.providers.server import serve
from local.providers.values import UNKNOWN, from_struct, to_struct

URN = "urn:pulumi:dev::p::fake:m:T::one"


class FakeSession(model.Session):
    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.seen: list[Any] = []

    def check(self, request: model.CheckRequest) -> model.Checked:
        failures = [model.CheckFailure("bad", "is bad")] if request.inputs.get("bad") else []
        return model.Checked({**request.inputs, "seed": request.random_seed.hex()}, failures)

    def diff(self, request: model.DiffRequest) -> model.Diff:
        detailed = {"a.b": model.Kind.UPDATE_REPLACE, "c": model.Kind.ADD}
        return model.Diff({} if request.ignore_changes else detailed, delete_before_replace=True)

    def create(self, request: model.CreateRequest) -> model.State:
        if request.inputs.get("fault"):
            raise RuntimeError("broken")
        if request.inputs.get("refused"):
            raise model.ProviderError("CreateThing: AccessDenied: no")
        state = model.State("id-1", {"who": self.config["who"], "unknown": UNKNOWN})
        if request.inputs.get("partial"):
            given = model.State("id-2", {"x": 1}, {"x": 0})
            raise model.PartialError(given, ["not ready", "no nodes"])
        return state

    def read(self, request: model.ReadRequest) -> model.State | None:
        return None if request.id == "gone" else model.State(request.id, {"n": 1.0})

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        return {"token": token, **args}


class FakePackage(model.Package):
    name = "fake"
    version = "1.2.3"

    def configure(self, config: dict[str, Any]) -> model.Session:
        return FakeSession(config)

    def handled_types(self) -> frozenset[str]:
        return frozenset({"fake:m:T"})


@pytest.fixture(scope="module")
def port() -> Generator[int]:
    server, port = serve(FakePackage())
    yield port
    server.stop(0).wait()


def channel_to(port: int) -> tuple[grpc.Channel, Any]:
    """A connection of its own (channels to one address would share one), and its stub."""
    channel = grpc.insecure_channel(
        f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]
    )
    return channel, provider_pb2_grpc.ResourceProviderStub(channel)


def connected(port: int, who: str) -> tuple[grpc.Channel, Any]:
    channel, stub = channel_to(port)
    stub.Configure(provider_pb2.ConfigureRequest(args=to_struct({"who": who})))
    return channel, stub


@pytest.fixture
def stub(port: int) -> Generator[Any]:
    channel, stub = connected(port, "first")
    yield stub
    channel.close()


def create(stub: Any, **inputs: Any) -> provider_pb2.CreateResponse:
    return stub.Create(provider_pb2.CreateRequest(urn=URN, properties=to_struct(inputs)))


def test_each_connection_has_its_own_session(port: int, stub: Any) -> None:
    channel, other = connected(port, "second")
    assert from_struct(create(other).properties)["who"] == "second"
    assert from_struct(create(stub).properties)["who"] == "first"
    channel.close()


def test_a_session_survives_cancel(stub: Any) -> None:
    stub.Cancel(empty_pb2.Empty())
    assert create(stub).id == "id-1"


def test_nothing_but_plain_values_is_accepted(port: int) -> None:
    channel, other = channel_to(port)
    shake = other.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="e"))
    accepted = (shake.accept_secrets, shake.accept_resources, shake.accept_outputs)
    assert accepted == (False, False, False)
    configured = other.Configure(provider_pb2.ConfigureRequest(args=to_struct({"who": "x"})))
    assert configured.supportsPreview
    accepted = (configured.acceptSecrets, configured.acceptResources, configured.acceptOutputs)
    assert accepted == (False, False, False)
    assert other.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    assert '"fake"' in other.GetSchema(provider_pb2.GetSchemaRequest()).schema
    channel.close()


def test_a_connection_that_was_not_configured_is_refused(port: int) -> None:
    channel, other = channel_to(port)
    with pytest.raises(grpc.RpcError, match="was not configured"):
        create(other)
    channel.close()


def test_check_returns_inputs_and_failures(stub: Any) -> None:
    request = provider_pb2.CheckRequest(
        urn=URN, news=to_struct({"bad": True, "u": UNKNOWN}), randomSeed=b"\x01"
    )
    answer = stub.Check(request)
    assert from_struct(answer.inputs) == {"bad": True, "u": UNKNOWN, "seed": "01"}
    assert [(f.property, f.reason) for f in answer.failures] == [("bad", "is bad")]


def test_diff_is_detailed(stub: Any) -> None:
    diff = stub.Diff(provider_pb2.DiffRequest(urn=URN))
    assert diff.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(diff.replaces) == ["a"]
    assert list(diff.diffs) == ["a", "c"]
    assert diff.deleteBeforeReplace
    assert diff.hasDetailedDiff
    assert diff.detailedDiff["a.b"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE
    assert diff.detailedDiff["c"].inputDiff
    same = stub.Diff(provider_pb2.DiffRequest(urn=URN, ignoreChanges=["a"]))
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_read_tells_gone_from_there(stub: Any) -> None:
    gone = stub.Read(provider_pb2.ReadRequest(urn=URN, id="gone"))
    assert gone.id == ""
    there = stub.Read(provider_pb2.ReadRequest(urn=URN, id="x", inputs=to_struct({"kept": 1})))
    assert (there.id, from_struct(there.inputs)) == ("x", {"kept": 1})


def test_an_error_names_resource_call_and_cause(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        create(stub, refused=True)
    assert "fake:m:T 'one': create: CreateThing: AccessDenied: no" in str(caught.value)


def test_a_fault_is_a_sentence_and_its_trace_goes_to_the_log(
    stub: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        create(stub, fault=True)
    message = str(caught.value)
    assert "RuntimeError: broken" in message
    assert "Traceback" not in message
    assert "Traceback" in caplog.text


def test_what_exists_but_is_not_ready_goes_with_the_error(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        create(stub, partial=True)
    error: Any = caught.value
    metadata: dict[str, Any] = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert detail.id == "id-2"
    assert list(detail.reasons) == ["not ready", "no nodes"]
    assert from_struct(detail.properties) == {"x": 1}
    assert from_struct(detail.inputs) == {"x": 0}


def test_invoke(stub: Any) -> None:
    request = provider_pb2.InvokeRequest(tok="fake:m:f", args=to_struct({"a": 1}))
    assert from_struct(getattr(stub.Invoke(request), "return")) == {"token": "fake:m:f", "a": 1}


def test_what_a_package_does_not_offer_is_refused_by_name(stub: Any) -> None:
    with pytest.raises(grpc.RpcError, match="type fake:m:T is not handled"):
        stub.Delete(provider_pb2.DeleteRequest(urn=URN, id="x"))
    with pytest.raises(grpc.RpcError, match="component fake:m:C is not handled"):
        stub.Construct(provider_pb2.ConstructRequest(type="fake:m:C", name="c"))
