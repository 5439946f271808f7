"""docs/models.md says what the code does."""

import re
from pathlib import Path

from repositories import MODEL_REPO
from serving import launch, sampling, schemas, vectors, weights
from serving.checking import vllm
from serving.llm import COUNTERS, GAUGES
from serving.train_sentiment import read_sentences

PAGE = (MODEL_REPO.parent / "docs/models.md").read_text()
SERVICES = MODEL_REPO.parent / "services"


def between(start: str, end: str) -> str:
    return PAGE[PAGE.index(start) : PAGE.index(end, PAGE.index(start))]


def names(text: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, text))


def first_column(text: str) -> set[str]:
    rows = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_model_is_in_the_table() -> None:
    listed = first_column(between("# Models", "## Start a server"))
    assert listed == {file.parent.name for file in MODEL_REPO.glob("*/config.pbtxt")}


def test_options_of_the_launcher() -> None:
    listed = names(between("## Start a server", "## The language models"), r"\*\*(--[a-z-]+)\*\*")
    source = Path(launch.__file__).read_text()
    assert listed == names(source, r'add_argument\(\s*"(--[a-z-]+)"')
    assert f"{launch.Options(Path()).cache_bytes // 1024 // 1024} MiB" in PAGE


def test_inputs_outputs_and_parameters_of_the_language_models() -> None:
    listed = first_column(between("## The language models", "### llm-vllm"))
    config = (MODEL_REPO / "smollm2/config.pbtxt").read_text()
    tensors = names(config, r'name: "(\w+)" data_type')
    assert listed == tensors | set(sampling.ALLOWED)
    assert f"| {sampling.DEFAULT_MAX_TOKENS} |" in PAGE
    parameters = names(config, r'key: "(\w+)"')
    assert parameters <= names(PAGE, r"`(\w+)`")
    assert {*COUNTERS, *GAUGES} <= names(PAGE, r"`(\w+)`")
    assert set(schemas.SUPPORTED) <= names(PAGE, r"`([$\w]+)`")


def test_numbers_of_the_language_model() -> None:
    config = (MODEL_REPO / "smollm2/config.pbtxt").read_text()
    settings = dict(re.findall(r'key: "(\w+)" value: \{ string_value: "(\w+)"', config))
    assert (settings["slots"], settings["waiting"]) == ("16", "24")
    assert "Sixteen answers" in PAGE
    assert f"{settings['waiting']} more requests" in PAGE.replace("\n  ", " ")
    assert f"{int(settings['prompt_bytes']):,} bytes" in PAGE
    assert f"context of {int(settings['context_tokens']):,}" in PAGE.replace("\n  ", " ")
    assert f"(`smollm2`: {settings['max_tokens']})" in PAGE


def test_arguments_of_vllm() -> None:
    section = between("### llm-vllm", "## The embedding model")
    listed = first_column(section) | {"revision", "tokenizer_revision"}
    assert listed == set(vllm.ALLOWED)
    for choices in vllm.CHOICES.values():
        for value in choices:
            assert f"`{value}`" in section or value in (None, True, False)


def test_the_rest() -> None:
    assert ", ".join(str(each) for each in vectors.BUCKETS[:-1]) in PAGE
    assert all(f"`{ending}`" in PAGE for ending in weights.REFUSED)
    sentences = read_sentences(SERVICES / "serving/training/sentiment.tsv")[1]
    assert f"{len(sentences)} English sentences" in PAGE
    label = (MODEL_REPO / "sentiment_label/config.pbtxt").read_text()
    assert 'string_value: "0.25"' in label
    for path in names(PAGE, r"(?:services|bench|model_repo)/[\w/.]+\.(?:py|tsv|json)"):
        assert (MODEL_REPO.parent / path).exists() or path.startswith("services/.venv"), path
