"""`make live`: the production program on a real node, its model asked through Envoy over TLS.

One `up` serves these tests and those of the other files that ask the platform; see `conftest.py`.
"""

import os
import subprocess
from typing import Any, cast

import grpc
import pytest
from live_platform import NAMESPACE, SERVICE, STACK, Platform

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a node needs root")

QUESTION = {"messages": [{"role": "user", "content": "Why is the sky blue?"}], "max_tokens": 24}


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
        address = platform.resolved(name)
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
