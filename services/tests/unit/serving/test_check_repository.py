"""One broken repository for every rule of the check; all are changes of models that are served."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from repositories import ENSEMBLE, MODEL_REPO, change, copy
from serving.__main__ import main
from serving.checking import Gpus, check_repository
from serving.checking.gpus import MEMORY_MIB, read_gpus

from llm_platform.gpu.catalogue import GPU_INSTANCE_TYPES


@dataclass(frozen=True)
class Broken:
    """A change of one file and what must be found: file, its line where it has one, words."""

    name: str
    models: tuple[str, ...]
    file: str
    before: str
    after: str
    found: str
    at: str = ""
    """Text of the line that is to blame, after the change; empty where none is."""


TOKENIZER = "minilm_tokenizer/config.pbtxt"
ENCODER = "minilm_encoder/config.pbtxt"
PRODUCTION = "minilm_encoder/configs/production.pbtxt"
MINILM = "minilm/config.pbtxt"
SMOLLM = "smollm2/config.pbtxt"
SYNTHETIC = "synthetic/config.pbtxt"
VLLM = "llm-vllm/config.pbtxt"
ENGINE = "llm-vllm/1/model.json"
ONE = ("minilm_tokenizer",)
LLM = ("llm-vllm",)

CASES = [
    Broken(
        "unknown field",
        ONE,
        TOKENIZER,
        "max_batch_size: 32",
        "max_batch_sizes: 32",
        'no field named "max_batch_sizes"',
        "max_batch_sizes: 32",
    ),
    Broken(
        "unknown value of an enum",
        ONE,
        TOKENIZER,
        "data_type: TYPE_STRING",
        "data_type: TYPE_TEXT",
        "TYPE_TEXT",
        "TYPE_TEXT",
    ),
    Broken(
        "bracket not closed",
        ONE,
        TOKENIZER,
        "count: 1 } ]",
        "count: 1 ",
        "has no field named",
        "dynamic_batching",
    ),
    Broken(
        "name is not the folder's",
        ONE,
        TOKENIZER,
        'name: "minilm_tokenizer"',
        'name: "tokenizer"',
        "must be the folder's: 'minilm_tokenizer'",
        'name: "tokenizer"',
    ),
    Broken(
        "unknown backend",
        ONE,
        TOKENIZER,
        'backend: "python"',
        'backend: "pytorch"',
        "backend 'pytorch'; allowed: python, onnxruntime, vllm, or platform 'ensemble'",
        'backend: "pytorch"',
    ),
    Broken("no backend", ONE, TOKENIZER, 'backend: "python"\n', "", "no backend; allowed"),
    Broken(
        "unknown platform",
        ONE,
        TOKENIZER,
        'backend: "python"',
        'platform: "onnxruntime_onnx"',
        "platform 'onnxruntime_onnx'",
        "platform",
    ),
    Broken(
        "ensemble with a backend",
        ENSEMBLE,
        MINILM,
        'platform: "ensemble"',
        'platform: "ensemble" backend: "python"',
        "an ensemble has no backend",
        "backend",
    ),
    Broken(
        "version that is missing",
        ONE,
        TOKENIZER,
        "latest { num_versions: 1 }",
        "specific { versions: [ 1, 3 ] }",
        "there is no version 3; there are 1",
        "version_policy",
    ),
    Broken(
        "no version is served",
        ONE,
        TOKENIZER,
        "latest { num_versions: 1 }",
        "latest { num_versions: 0 }",
        "latest must be 1 or more",
        "version_policy",
    ),
    Broken(
        "negative batch size",
        ONE,
        TOKENIZER,
        "max_batch_size: 32",
        "max_batch_size: -1",
        "max_batch_size is -1; allowed: 0 for no batches, or more",
        "max_batch_size: -1",
    ),
    Broken(
        "batching without batches",
        ONE,
        TOKENIZER,
        "max_batch_size: 32",
        "max_batch_size: 0",
        "dynamic_batching with max_batch_size 0",
        "dynamic_batching",
    ),
    Broken(
        "preferred size above the greatest",
        ("minilm_encoder",),
        ENCODER,
        "[ 8, 16, 32 ]",
        "[ 8, 16, 64 ]",
        "preferred_batch_size 64; allowed: 1 to max_batch_size, 32",
        "preferred_batch_size",
    ),
    Broken(
        "priority that does not exist",
        ("synthetic",),
        SYNTHETIC,
        "default_priority_level: 2",
        "default_priority_level: 3",
        "default_priority_level is 3; allowed: 1 to priority_levels, 2",
        "default_priority_level: 3",
    ),
    Broken(
        "priority without levels",
        ("synthetic",),
        SYNTHETIC,
        "priority_levels: 2",
        "",
        "default_priority_level without priority_levels",
        "default_priority_level: 2",
    ),
    Broken(
        "queue of a priority that does not exist",
        ("synthetic",),
        SYNTHETIC,
        "priority_levels: 2",
        "priority_levels: 2 priority_queue_policy { key: 5 value: { max_queue_size: 4 } }",
        "priority_queue_policy for level 5",
        "priority_queue_policy",
    ),
    Broken(
        "dimension of zero",
        ONE,
        TOKENIZER,
        "dims: [ 1 ]",
        "dims: [ 0 ]",
        "dims [0]; allowed: 1 or more, or -1",
        "dims: [ 0 ]",
    ),
    Broken(
        "input without a type",
        ONE,
        TOKENIZER,
        "data_type: TYPE_STRING ",
        "",
        "input 'text' without a data_type",
        '"text"',
    ),
    Broken(
        "output twice",
        ONE,
        TOKENIZER,
        '"attention_mask"',
        '"input_ids"',
        "output 'input_ids' is there twice",
        '"input_ids"',
    ),
    Broken(
        "ragged batches without batches",
        LLM,
        VLLM,
        '"text_input" data_type: TYPE_STRING dims: [ 1 ]',
        '"text_input" data_type: TYPE_STRING dims: [ 1 ] allow_ragged_batch: true',
        "allow_ragged_batch without batches",
        "allow_ragged_batch",
    ),
    Broken(
        "warm-up of another shape",
        ("minilm_encoder",),
        ENCODER,
        "dims: [ 16 ] zero_data",
        "dims: [ 16, 2 ] zero_data",
        "input 'input_ids' has dims [16, 2]; must fit [-1]",
        '"input_ids"',
    ),
    Broken(
        "warm-up of another type",
        ("minilm_encoder",),
        ENCODER,
        "value: { data_type: TYPE_INT64 dims: [ 16 ]",
        "value: { data_type: TYPE_FP32 dims: [ 16 ]",
        "input 'input_ids' is TYPE_FP32; must be TYPE_INT64",
        '"input_ids"',
    ),
    Broken(
        "warm-up that is too large",
        ("minilm_encoder",),
        ENCODER,
        "batch_size: 8\n",
        "batch_size: 64\n",
        "batch_size 64; max_batch_size is 32",
        "batch_size: 64",
    ),
    Broken(
        "cache of a decoupled model",
        ("smollm2",),
        SMOLLM,
        "max_batch_size: 0",
        "max_batch_size: 0\nresponse_cache { enable: true }",
        "a decoupled model cannot have a response_cache",
        "response_cache",
    ),
    Broken(
        "vLLM that is not decoupled",
        LLM,
        VLLM,
        "decoupled: true",
        "decoupled: false",
        "needs model_transaction_policy decoupled",
        "decoupled: false",
    ),
    Broken(
        "step that is missing",
        ENSEMBLE,
        MINILM,
        'model_name: "minilm_encoder"',
        'model_name: "encoder"',
        "step 1 (encoder): there is no such model",
        '"encoder"',
    ),
    Broken(
        "version of a step that is not served",
        ENSEMBLE,
        MINILM,
        "model_version: -1",
        "model_version: 7",
        "version 7 is not served; served: 1",
        "model_version: 7",
    ),
    Broken(
        "input that a step does not have",
        ENSEMBLE,
        MINILM,
        'input_map { key: "token_type_ids"',
        'input_map { key: "segments"',
        "the model has no input 'segments'",
        '"segments"',
    ),
    Broken(
        "input of a step that gets nothing",
        ENSEMBLE,
        MINILM,
        'input_map { key: "token_type_ids" value: "token_type_ids" }',
        "",
        "its input 'token_type_ids' is given nothing",
        "input_map",
    ),
    Broken(
        "output that a step does not have",
        ENSEMBLE,
        MINILM,
        'output_map { key: "tokens"',
        'output_map { key: "count"',
        "the model has no output 'count'",
        '"count"',
    ),
    Broken(
        "tensor that nothing makes",
        ENSEMBLE,
        MINILM,
        'key: "last_hidden_state" value: "hidden" }\n    },\n    {\n      model_name: "minilm_pool',
        'key: "last_hidden_state" value: "states" }\n    },\n    {\n      model_name: "minilm_pool',
        "nothing makes tensor 'hidden'",
        'value: "hidden"',
    ),
    Broken(
        "type that does not fit",
        ENSEMBLE,
        ENCODER,
        '"input_ids" data_type: TYPE_INT64',
        '"input_ids" data_type: TYPE_INT32',
        "tensor 'input_ids' is TYPE_INT64; must be TYPE_INT32",
    ),
    Broken(
        "shape that does not fit",
        ENSEMBLE,
        "minilm_pooling/config.pbtxt",
        "dims: [ -1, 384 ]",
        "dims: [ -1, 768 ]",
        "dims [-1, 384]; must fit [-1, 768]",
    ),
    Broken(
        "output of another shape",
        ENSEMBLE,
        MINILM,
        "dims: [ 384 ]",
        "dims: [ 385 ]",
        "tensor 'embedding' has dims [384]; must fit [385]",
        '"embedding"',
    ),
    Broken(
        "ensemble with larger batches than a step",
        ENSEMBLE,
        MINILM,
        "max_batch_size: 32",
        "max_batch_size: 64",
        "its max_batch_size is 32; the ensemble's is 64",
        "max_batch_size",
    ),
    Broken(
        "ensemble that contains itself",
        ENSEMBLE,
        MINILM,
        'model_name: "minilm_pooling"',
        'model_name: "minilm"',
        "the ensemble contains itself",
        "ensemble_scheduling",
    ),
    Broken(
        "steps that wait for one another",
        ENSEMBLE,
        MINILM,
        'input_map { key: "text" value: "text" }',
        'input_map { key: "text" value: "embedding" }',
        "wait for one another",
        "ensemble_scheduling",
    ),
    Broken(
        "input of the ensemble that is not used",
        ENSEMBLE,
        MINILM,
        'input [ { name: "text"',
        'input [ { name: "extra" data_type: TYPE_FP32 dims: [ 1 ] }, { name: "text"',
        "input 'extra' is not used by any step",
        '"extra"',
    ),
    Broken(
        "ensemble with instances",
        ENSEMBLE,
        MINILM,
        "response_cache",
        "instance_group [ { kind: KIND_CPU } ]\nresponse_cache",
        "an ensemble has no instances",
        "instance_group",
    ),
    Broken(
        "nothing said about where it runs",
        ONE,
        TOKENIZER,
        "instance_group [ { kind: KIND_CPU count: 1 } ]",
        "",
        "no instance_group",
    ),
    Broken(
        "GPU without its memory",
        ONE,
        TOKENIZER,
        "KIND_CPU",
        "KIND_GPU",
        "KIND_GPU without parameters.memory_mb",
        "KIND_GPU",
    ),
    Broken(
        "vLLM without GPUs",
        LLM,
        VLLM,
        "KIND_MODEL",
        "KIND_CPU",
        "vLLM needs GPUs",
        "instance_group",
    ),
    Broken(
        "several GPUs as one",
        LLM,
        VLLM,
        "KIND_MODEL",
        "KIND_GPU",
        "2 GPUs, but llm-vllm/config.pbtxt has KIND_GPU",
    ),
    Broken(
        "resource without a count",
        ONE,
        TOKENIZER,
        "count: 1 }",
        'count: 1 rate_limiter { resources [ { name: "cores" count: 0 } ] } }',
        "resource 'cores' with count 0",
        "resources",
    ),
    Broken(
        "other types in production",
        ("minilm_encoder",),
        PRODUCTION,
        'last_hidden_state" data_type: TYPE_FP32',
        'last_hidden_state" data_type: TYPE_FP16',
        "output 'last_hidden_state' is TYPE_FP16 [-1, 384]; in minilm_encoder/config.pbtxt: "
        "TYPE_FP32 [-1, 384]",
        '"last_hidden_state"',
    ),
    Broken(
        "smaller batches in production",
        ("minilm_encoder",),
        PRODUCTION,
        "max_batch_size: 32",
        "max_batch_size: 16",
        "max_batch_size is 16; in minilm_encoder/config.pbtxt: 32",
        "max_batch_size: 16",
    ),
    Broken(
        "model without execute",
        ONE,
        "minilm_tokenizer/1/model.py",
        "class TritonPythonModel(TokenizerModel)",
        "class TritonPythonModel",
        "TritonPythonModel has no execute",
        "class TritonPythonModel",
    ),
    Broken(
        "model that is not Python",
        ONE,
        "minilm_tokenizer/1/model.py",
        "class TritonPythonModel(",
        "class TritonPythonModel((",
        "is not Python",
        "class TritonPythonModel((",
    ),
    Broken(
        "model without the class",
        ONE,
        "minilm_tokenizer/1/model.py",
        "TritonPythonModel",
        "Model",
        "has no class TritonPythonModel",
    ),
    Broken(
        "digest of the wrong length",
        ONE,
        "minilm_tokenizer/1/weights.json",
        '"sha256": "be',
        '"sha256": "',
        "files.tokenizer.sha256: must be 64 hexadecimal digits",
    ),
    Broken(
        "format that can run code",
        ("minilm_encoder",),
        "minilm_encoder/1/weights.json",
        '"format": "onnx"',
        '"format": "pickle"',
        "files.model.format: 'pickle'; allowed: safetensors, gguf, onnx, json",
    ),
    Broken(
        "file that can run code",
        ("minilm_encoder",),
        "minilm_encoder/1/weights.json",
        '"file": "model.onnx"',
        '"file": "model.bin"',
        ".bin files may run code when loaded",
    ),
    Broken(
        "weights elsewhere on the disk",
        ONE,
        "minilm_tokenizer/1/weights.json",
        '"file": "tokenizer.json"',
        '"file": "../tokenizer.json"',
        "files.tokenizer.file: must be the name of a file in the version's folder",
    ),
    Broken(
        "manifest without what the backend loads",
        ("minilm_encoder",),
        "minilm_encoder/1/weights.json",
        '"file": "model.onnx"',
        '"file": "other.onnx"',
        "does not list model.onnx with format onnx",
    ),
    Broken(
        "unknown argument of vLLM",
        LLM,
        ENGINE,
        '"max_num_seqs"',
        '"max_num_seq"',
        "'max_num_seq' is unknown",
        '"max_num_seq"',
    ),
    Broken(
        "code from the model's folder",
        LLM,
        ENGINE,
        '"trust_remote_code": false',
        '"trust_remote_code": true',
        "trust_remote_code: true; allowed: false",
        "trust_remote_code",
    ),
    Broken(
        "weights that can run code",
        LLM,
        ENGINE,
        '"load_format": "safetensors"',
        '"load_format": "pt"',
        'load_format: "pt"; allowed: "safetensors"',
        "load_format",
    ),
    Broken(
        "share of memory above 1",
        LLM,
        ENGINE,
        '"gpu_memory_utilization": 0.9',
        '"gpu_memory_utilization": 9',
        "gpu_memory_utilization: 9; allowed: 0.05 to 0.98",
        "gpu_memory_utilization",
    ),
    Broken(
        "prompts in the log",
        LLM,
        ENGINE,
        '"enable_log_requests": false',
        '"enable_log_requests": true',
        "enable_log_requests: true; allowed: false",
        "enable_log_requests",
    ),
    Broken(
        "whole number as text",
        LLM,
        ENGINE,
        '"tensor_parallel_size": 2',
        '"tensor_parallel_size": "2"',
        'tensor_parallel_size: "2"; allowed: 1 to 16',
        "tensor_parallel_size",
    ),
    Broken(
        "model on a hub without a revision",
        LLM,
        ENGINE,
        '"model": "/mnt/models/llm-vllm/1"',
        '"model": "someone/model"',
        "without 'revision'",
        '"model"',
    ),
    Broken(
        "prefill in one piece that does not fit",
        LLM,
        ENGINE,
        '"enable_chunked_prefill": true',
        '"enable_chunked_prefill": false',
        "without chunked prefill it must be max_model_len, 16384, or more",
        "max_num_batched_tokens",
    ),
    Broken("engine that is not JSON", LLM, ENGINE, "{", "{,", "is not JSON: line 1, column 2"),
]


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
