"""The gateway as a transformer: KServe's arguments, and the settings that the library writes."""

import json
from pathlib import Path

import pytest
from gateway.__main__ import main
from gateway.settings import SettingsError, check, load
from gateway.told import Told
from gateway.transformer import told_by

from llm_platform.serving.gateway_transformer import GatewayShape, settings_text
from llm_platform.serving.kinds import ModelServer
from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.routes import Variant

SETTINGS = {
    "keys": {"required": False},
    "upstream": {"grpc": "127.0.0.1:9000", "http": "127.0.0.1:8000"},
}


def test_kserves_host_and_port_win() -> None:
    told = told_by(check(SETTINGS), Told(18080, "chat-predictor.assistants"))
    assert told.listen.http_port == 18080
    assert told.upstream.grpc == "chat-predictor.assistants:9000"
    assert told.upstream.http == "chat-predictor.assistants:80"


def test_without_arguments_the_file_holds() -> None:
    settings = check(SETTINGS)
    assert told_by(settings, Told()) == settings


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (Told(http_port=70_000), "--http_port"),
        (Told(http_port=18081), "--http_port"),
        (Told(predictor_host="a b"), "--predictor_host"),
    ],
)
def test_what_cannot_be_is_refused_by_name(told: Told, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        told_by(check(SETTINGS), told)


def test_the_command_that_kserve_writes_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps(SETTINGS))
    command = ["serve", f"--config={path}", "--check", "--http_port=18080"]
    added = ["--model_name", "chat", "--predictor_host", "chat-predictor.assistants"]

    assert main([*command, *added, "--workers", "1"]) == 0


def service() -> ServiceShape:
    return ServiceShape(
        service="chat",
        variant=Variant.CANDIDATE,
        server=ModelServer.TRITON,
        model="smollm3",
        min_replicas=1,
        max_replicas=2,
        gpus=0,
        cpus=0.5,
        memory_gib=2,
        pool="",
        priority_class="",
        timeout_seconds=300,
        grace_seconds=120,
    )


@pytest.mark.parametrize("secret", ["", "chat-keys"])
def test_the_settings_that_the_library_writes_are_good(tmp_path: Path, secret: str) -> None:
    front = GatewayShape(
        image="x/gateway:1",
        keys_secret=secret,
        min_replicas=1,
        max_replicas=2,
        cpus=0.1,
        memory_mib=512,
        settings={"admission": {"models": {"chat": {"slots": 4, "queue": 8}}}},
        model_settings={"name": "chat", "kind": "tensor"},
    )
    path = tmp_path / "gateway.json"
    path.write_text(settings_text(service(), front, "assistants"))

    read = load(path)

    assert read.upstream.grpc == "chat-candidate-predictor.assistants:9000"
    assert read.upstream.http == "chat-candidate-predictor.assistants:80"
    assert (read.models[0].name, read.models[0].triton) == ("chat", "smollm3")
    assert read.keys.required is bool(secret)
    assert read.listen.deadline_seconds == 300
    assert read.listen.drain < 120, "a pod is ended after its grace period"
