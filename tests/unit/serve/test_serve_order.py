"""What `llmp serve` is asked for: checked whole, before anything is started."""

import re
from pathlib import Path

import pytest

from llm_platform.problems import InvalidInputsError
from local.paths import REPOSITORY
from local.serving.order import (
    Order,
    differences,
    models_in,
    parse_models,
    ports_from,
    runs_here,
)

PYTHON = 'name: "{0}"\nbackend: "python"\n'


def repository(folder: Path, **configs: str) -> Path:
    for name, text in configs.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "config.pbtxt").write_text(text)
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    made = repository(
        tmp_path / "models",
        chat=PYTHON.format("chat"),
        chain='platform: "ensemble"\n',
        big='backend: "vllm"\n',
        onnx='# backend: "python"\nplatform: "onnxruntime_onnx"\n',
        gpu='backend: "python"\ninstance_group [ { kind: KIND_GPU } ]\n',
        cpu='backend: "python" # kind: KIND_GPU\ninstance_group [ { kind: KIND_CPU } ]\n',
        silent='name: "silent"\n',
    )
    (made / "profiles").mkdir()
    return made


def problems(order: Order) -> list[str]:
    with pytest.raises(InvalidInputsError) as caught:
        order.check()
    return [str(each) for each in caught.value.problems]


def test_what_needs_a_gpu_or_another_backend_is_not_loaded_by_default(models: Path) -> None:
    assert models_in(models) == ["big", "chain", "chat", "cpu", "gpu", "onnx", "silent"]
    assert Order(models).chosen_models() == ("chain", "chat", "cpu")
    assert not runs_here(models / "silent")


def test_of_those_the_gateway_offers_none_but_the_offered(models: Path) -> None:
    assert Order(models).chosen_models(["chat", "gpu", "nowhere"]) == ("chat",)
    assert Order(models).chosen_models(["nowhere"]) == ("chain", "chat", "cpu")
    assert Order(models, models=("gpu",)).chosen_models(["chat"]) == ("gpu",)


def test_every_problem_is_told_at_once(models: Path) -> None:
    found = problems(Order(models, models=("caht", "nix"), port=80))
    assert [each.split(":")[0] for each in found] == ["--models", "--models", "--port"]
    assert "did you mean chat?" in found[0]
    assert "allowed: big, chain, chat" in found[1]
    assert "1104 to 65534" in found[2]


@pytest.mark.parametrize("port", [-1, 1103, 65535, 70000])
def test_ports_that_leave_no_room_for_the_others(models: Path, port: int) -> None:
    assert len(problems(Order(models, port=port))) == 1


@pytest.mark.parametrize("port", [None, 0, 1104, 8080, 65534])
def test_ports_that_do(models: Path, port: int | None) -> None:
    Order(models, port=port).check()


def test_a_repository_that_is_none(tmp_path: Path) -> None:
    assert "there is no folder" in problems(Order(tmp_path / "nowhere"))[0]
    assert "no model in" in problems(Order(tmp_path))[0]
    only_gpu = repository(tmp_path / "gpu", gpu='backend: "vllm"\n')
    assert "runs on this machine" in problems(Order(only_gpu))[0]
    assert "none is named" in problems(Order(only_gpu, models=()))[0]


def test_the_usual_ports_are_those_that_the_servers_are_known_for() -> None:
    ports = ports_from(8080)
    assert (ports.triton_http, ports.triton_grpc, ports.triton_metrics) == (8000, 8001, 8002)
    assert (ports.http, ports.grpc) == (8080, 8081)
    assert len(set(ports_from(18080).as_dict().values())) == 5


def test_names_of_models_with_commas() -> None:
    assert parse_models(None) is None
    assert parse_models(" a, b,,a ") == ("a", "b")
    assert parse_models(" , ") == ()


def test_an_order_that_a_running_server_does_not_fulfil(models: Path) -> None:
    running = (models, ("chat",), 18080)
    assert differences(Order(), *running) == []
    assert differences(Order(models, ("chat",), 18080), *running) == []
    assert differences(Order(port=0), *running) == []
    found = differences(Order(models / "..", ("cpu",), 19000), *running)
    assert [each.split()[1] for each in found] == ["repository", "models", "port"]


def test_our_own_repository_has_something_to_serve() -> None:
    Order().check()
    assert "smollm2" in Order().chosen_models()


def test_the_regions_of_shared_memory_have_the_name_that_the_launcher_gives() -> None:
    from local.serving.leftovers import REGION  # noqa: PLC0415

    text = (REPOSITORY / "services" / "serving" / "regions.py").read_text(encoding="utf-8")
    prefix = re.search(r'^REGION_PREFIX = "([^"]+)"', text, re.MULTILINE)
    assert prefix
    assert REGION.match(f"{prefix[1]}4711_abc")
