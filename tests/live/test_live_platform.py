"""`make live`: the production program on a real node, its model asked through Envoy over TLS.

One `up` serves all tests, in the order of the file; the last one takes it down.
"""

import os
import re
import subprocess
import time
from collections.abc import Generator
from typing import Any, cast

import grpc
import pytest
from live_platform import NAMESPACE, SERVICE, STACK, Platform

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

QUESTION = {"messages": [{"role": "user", "content": "Why is the sky blue?"}], "max_tokens": 24}
DNS = """
import socket, struct, sys
name = sys.argv[1] if len(sys.argv) > 1 else NAME
asked = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\\0"
query = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + asked + struct.pack(">HH", 1, 1)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.sendto(query, ("10.96.0.10", 53))
answer = client.recv(4096)
assert answer[3] & 15 == 0, f"code {answer[3] & 15}"
print(socket.inet_ntoa(answer[-4:]))
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    made = Platform(tmp_path_factory.mktemp("live"))
    try:
        began = time.monotonic()
        made.said = made.llmp("live", "up")
        made.seconds = time.monotonic() - began
        yield made
    finally:
        made.llmp("stop", STACK)


def test_the_real_controller_says_that_the_model_is_ready(platform: Platform) -> None:
    print(f"live up, images at hand: {platform.seconds:.0f} s")  # noqa: T201 - a measurement
    (service,) = platform.objects("inferenceservices.serving.kserve.io")

    conditions = {each["type"]: each["status"] for each in service["status"]["conditions"]}
    assert (service["metadata"]["name"], conditions["Ready"]) == (SERVICE, "True"), conditions


def test_its_pods_run_under_the_restricted_profile(platform: Platform) -> None:
    namespace = next(
        each for each in platform.objects("namespaces") if each["metadata"]["name"] == NAMESPACE
    )
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    pods = platform.objects("pods")
    parts = {each["metadata"]["labels"].get("component") for each in pods}
    assert {"predictor", "transformer"} <= parts
    for pod in pods:
        assert pod["spec"]["nodeName"] == platform.live.node_name
        assert all(each["ready"] for each in pod["status"]["containerStatuses"]), pod["status"]


def test_a_person_is_answered_through_envoy(platform: Platform) -> None:
    said = platform.llmp("chat", "--stack", STACK, "--max-tokens", "24", "Why is the sky blue?")

    assert len(said.split()) > 5, said


def test_curl_is_answered_over_tls(platform: Platform) -> None:
    authority = platform.state / "authority.pem"
    authority.write_text(platform.authority)
    port = platform.live.https_port
    command = [
        "curl", "--silent", "--show-error", "--fail", "--cacert", str(authority),
        "--connect-to", f"{platform.host}:443:127.0.0.1:{port}",
        f"https://{platform.host}/v1/models",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert "smollm2" in done.stdout


def test_an_answer_comes_in_pieces(platform: Platform) -> None:
    answer = platform.ask("/v1/chat/completions", {**QUESTION, "model": "smollm2", "stream": True})

    assert (answer.status, answer.headers["x-llm-variant"]) == (200, "stable")
    assert answer.body.rstrip().endswith(b"data: [DONE]")
    assert len(answer.arrivals) > 5
    assert answer.arrivals[-1] - answer.arrivals[0] > 0.05


def test_grpc_is_answered(platform: Platform) -> None:
    host = platform.host.replace(".", ".grpc.", 1)
    options = [("grpc.ssl_target_name_override", host), ("grpc.default_authority", host)]
    credentials = grpc.ssl_channel_credentials(platform.authority.encode())
    address = f"127.0.0.1:{platform.live.https_port}"
    with grpc.secure_channel(address, credentials, options) as channel:
        live = cast("Any", channel).unary_unary("/inference.GRPCInferenceService/ServerLive")
        assert live(b"", timeout=30) == b"\x08\x01"


def test_the_model_has_a_name_in_the_api_and_in_dns(platform: Platform) -> None:
    models = platform.ask("/v1/models").json["data"]
    assert "smollm2" in [each["id"] for each in models]
    for name in (f"{SERVICE}-predictor.{NAMESPACE}.svc.cluster.local", platform.host):
        address = platform.inside(f"NAME = {name!r}\n{DNS}").strip()
        assert address.startswith("10."), (name, address)


def test_what_is_not_served_is_not_reached(platform: Platform) -> None:
    assert platform.ask("/metrics").status == 404
    refused = platform.ask("/v1/chat/completions", {**QUESTION, "model": "nobody"})
    assert (refused.status, "nobody" in refused.json["error"]["message"]) == (404, True)


def test_the_next_up_changes_nothing(platform: Platform) -> None:
    before = {
        each["metadata"]["uid"]: each["metadata"]["generation"]
        for kind in ("inferenceservices.serving.kserve.io", "deployments.apps", "httproutes")
        for each in platform.objects(kind)
    }

    said = platform.llmp("live", "up")

    assert "Nothing to change." in said
    after = {
        each["metadata"]["uid"]: each["metadata"]["generation"]
        for kind in ("inferenceservices.serving.kserve.io", "deployments.apps", "httproutes")
        for each in platform.objects(kind)
    }
    assert after == before


def test_destroy_leaves_nothing_but_what_is_retained(platform: Platform) -> None:
    said = platform.llmp("destroy", STACK, "--yes")

    assert "left over" not in said
    retained = re.findall(r"retained, as its chart declares: (.*)", said)
    # cert-manager's chart keeps its definitions: with them every certificate would be gone
    assert retained
    assert all("CustomResourceDefinition" in each for each in retained), retained
    assert all(each.endswith("cert-manager.io") for each in retained), retained
    assert f"before the first up, but for the {len(retained)} objects that are retained." in said
