"""One broken repository for every rule of the check; all are changes of models that are served."""

import json
from pathlib import Path

import broken_configs
import broken_files
import broken_graphs
import pytest
from broken import ENCODER, ENGINE, SYNTHETIC, TOKENIZER, Broken
from repositories import ENSEMBLE, MODEL_REPO, change, copy
from serving.__main__ import main
from serving.checking import Gpus, check_repository
from serving.checking.gpus import MEMORY_MIB, read_gpus

from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES

CASES = [*broken_configs.CASES, *broken_graphs.CASES, *broken_files.CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_broken_is_found(case: Broken, tmp_path: Path) -> None:
    folder = copy(tmp_path / "repository", *case.models)
    assert check_repository(folder) == []
    change(folder / case.file, case.before, case.after)
    problems = check_repository(folder)
    found = [problem for problem in problems if case.found in problem.message]
    assert found, [str(problem) for problem in problems]
    if case.at:
        lines = (folder / found[0].file).read_text().splitlines()
        assert found[0].line, found[0]
        assert case.at in lines[found[0].line - 1], found[0]


def test_the_repository_is_in_order() -> None:
    assert check_repository(MODEL_REPO) == []


def test_production_fits_two_large_gpus() -> None:
    assert check_repository(MODEL_REPO, Gpus("h100", 2)) == []


def test_a_configuration_that_is_missing(tmp_path: Path) -> None:
    folder = copy(tmp_path / "repository", "synthetic", "minilm_tokenizer")
    (folder / "synthetic/config.pbtxt").unlink()
    assert [str(each) for each in check_repository(folder)] == [
        "synthetic/config.pbtxt: is missing; every model has one"
    ]


def test_a_version_that_is_missing(tmp_path: Path) -> None:
    folder = copy(tmp_path / "repository", "synthetic")
    (folder / "synthetic/1").rename(folder / "synthetic/v1")
    messages = [str(each) for each in check_repository(folder)]
    assert any("v1: is no version" in message for message in messages)
    assert any("no folder with a number as its name" in message for message in messages)


def test_a_model_file_that_is_missing(tmp_path: Path) -> None:
    folder = copy(tmp_path / "repository", "synthetic")
    (folder / "synthetic/1/model.py").unlink()
    (folder / "synthetic/1/README").write_text("nothing")
    assert [str(each) for each in check_repository(folder)] == [
        "synthetic/1/model.py: is missing; the Python backend loads it"
    ]


def test_files_that_nobody_vouches_for(tmp_path: Path) -> None:
    folder = copy(tmp_path / "repository", "synthetic")
    (folder / "synthetic/1/extra.safetensors").write_bytes(b"0")
    (folder / "synthetic/1/old.pt").write_bytes(b"0")
    messages = [str(each) for each in check_repository(folder)]
    assert len(messages) == 2
    assert "extra.safetensors: is not in weights.json" in messages[0]
    assert "old.pt: .pt files may run code when loaded" in messages[1]


def test_all_problems_come_in_one_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy(tmp_path / "repository", *ENSEMBLE, "llm-vllm")
    change(folder / TOKENIZER, "max_batch_size: 32", "max_batch_size: -2")
    change(folder / ENGINE, '"dtype": "bfloat16"', '"dtype": "bf16"')
    change(folder / ENCODER, 'name: "minilm_encoder"', 'nam: "minilm_encoder"')
    assert main(["check", str(folder)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert all(line.startswith("error: ") for line in errors)
    assert {line.split(":")[1].strip() for line in errors} >= {
        "llm-vllm/1/model.json",
        "minilm/config.pbtxt",
        "minilm_encoder/config.pbtxt",
        "minilm_tokenizer/config.pbtxt",
    }


@pytest.mark.parametrize(
    ("gpus", "found"),
    [
        (Gpus("h100", 1), "is 2; there are 1 GPUs"),
        (Gpus("t4", 2), "t4 has no bfloat16"),
    ],
)
def test_gpus_that_do_not_do(tmp_path: Path, gpus: Gpus, found: str) -> None:
    folder = copy(tmp_path / "repository", "llm-vllm")
    assert any(found in each.message for each in check_repository(folder, gpus))


def test_models_share_the_memory_of_a_gpu(tmp_path: Path) -> None:
    folder = copy(tmp_path / "repository", "llm-vllm", "synthetic")
    change(folder / SYNTHETIC, "KIND_CPU count: 1", "KIND_GPU count: 2 gpus: [ 1, 2 ]")
    change(
        folder / SYNTHETIC,
        "parameters [",
        'parameters [ { key: "memory_mb" value: { string_value: "5000" } },',
    )
    messages = [each.message for each in check_repository(folder, Gpus("h100", 2))]
    assert "GPU 2; there are 2, from 0 to 1" in messages
    assert (
        "GPU 1 (h100) has 81920 MiB; the models need 83728: llm-vllm 73728, synthetic 10000"
        in messages
    )


def test_gpus_are_those_of_the_platform() -> None:
    for each in GPU_INSTANCE_TYPES.values():
        name = str(each.gpu).removeprefix("nvidia-")
        sizes = {MEMORY_MIB[key] for key in (name, f"{name}-80gb") if key in MEMORY_MIB}
        assert each.gpu_memory_mib in sizes or name == "v100", each.name
    assert read_gpus("nvidia-H100", 8) == Gpus("h100", 8)


@pytest.mark.parametrize(
    "arguments", [["--gpu", "rtx9000"], ["--gpus", "2"], ["--gpu", "h100", "--gpus", "0"]]
)
def test_gpus_that_do_not_exist(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(MODEL_REPO), *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: --gpu")


def test_no_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "nowhere")]) == 1
    assert "there is no such folder" in capsys.readouterr().err
    assert main(["check", str(tmp_path)]) == 1
    assert "no model" in capsys.readouterr().err


def test_both_language_models_have_one_contract() -> None:
    """A client need not know whether llama.cpp or vLLM answers."""

    def tensors(name: str) -> list[str]:
        text = (MODEL_REPO / name / "config.pbtxt").read_text()
        return [line.strip() for line in text.splitlines() if "data_type" in line]

    assert tensors("smollm2") == tensors("llm-vllm")
    assert json.loads((MODEL_REPO / "llm-vllm/1/model.json").read_text())["load_format"] == (
        "safetensors"
    )
