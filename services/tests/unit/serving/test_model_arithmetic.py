"""The arithmetic of the embedding and sentiment models, against ONNX Runtime and by hand."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from repositories import MODEL_REPO
from serving import vectors
from serving.onnx_head import head_model, main
from serving.onnx_runtime import OnnxSession
from serving.sentiment import label, read_head
from serving.train_sentiment import TARGETS, Embedder, fit, read_sentences, write_head
from serving.weights import read_manifest

LABELLED = Path(__file__).resolve().parents[2] / "fixtures/sentiment/labelled.tsv"
HEAD = MODEL_REPO / "sentiment_head/1"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder(MODEL_REPO)


@pytest.fixture(scope="module")
def judged(embedder: Embedder) -> tuple[list[str], Any]:
    """Labels and scores of sentences that the head was not trained on."""
    labels, texts = read_sentences(LABELLED)
    weights, bias = read_head(HEAD / "head.json")
    return labels, np.tanh(embedder.embed(texts) @ np.array(weights) + bias)


@pytest.mark.parametrize(
    ("length", "expected"), [(1, 16), (16, 16), (17, 32), (200, 256), (256, 256)]
)
def test_lengths_are_few(length: int, expected: int) -> None:
    assert vectors.bucket(length) == expected


def test_padding_is_no_part_of_the_mean() -> None:
    hidden = np.zeros((2, 3, 2), dtype=np.float32)
    hidden[0] = [[3, 0], [0, 4], [99, 99]]
    mask = vectors.pad([[1, 1], []], 3)
    pooled = vectors.pool(hidden, mask)
    assert pooled[0] == pytest.approx([0.6, 0.8])
    assert not np.isnan(pooled).any()


def test_padding_hardly_changes_a_vector(embedder: Embedder) -> None:
    """The encoder's numbers are 8 bits wide and scaled by batch, so hardly is not never."""
    text, other = "The invoice is attached.", "word " * 100
    alone, padded = embedder.embed([text])[0], embedder.embed([text, other])[0]
    assert alone @ padded > 0.98


def test_meaning_decides_about_distance(embedder: Embedder) -> None:
    one, same, other = embedder.embed(
        ["How do I reset my password?", "I forgot my password.", "It rains in the mountains."]
    )
    assert one @ same > 0.5 > one @ other


def test_the_head_is_the_same_in_onnx() -> None:
    weights, bias = read_head(HEAD / "head.json")
    generator = np.random.default_rng(1)
    given = generator.normal(size=(5, len(weights))).astype(np.float32)
    score = OnnxSession(head_model(weights, bias)).run({"embedding": given})
    assert score.shape == (5, 1)
    expected = np.tanh(given @ np.array(weights) + bias)
    assert score[:, 0] == pytest.approx(expected, abs=1e-5)


def test_the_file_for_the_onnx_backend_is_the_one_in_the_manifest(tmp_path: Path) -> None:
    assert main([str(HEAD / "head.json"), str(tmp_path / "model.onnx")]) == 0
    content = (tmp_path / "model.onnx").read_bytes()
    wanted = read_manifest(HEAD / "weights.json")[0]["model"]
    assert (len(content), hashlib.sha256(content).hexdigest()) == (wanted.bytes, wanted.sha256)
    assert main([str(tmp_path / "none.json"), str(tmp_path / "model.onnx")]) == 1
    assert main([]) == 2


def test_the_head_is_what_training_gives(embedder: Embedder, tmp_path: Path) -> None:
    labels, texts = read_sentences(
        Path(__file__).resolve().parents[3] / "serving/training/sentiment.tsv"
    )
    weights, bias = fit(embedder.embed(texts), [TARGETS[each] for each in labels])
    write_head(tmp_path, weights, bias)
    trained, kept = read_head(tmp_path / "head.json"), read_head(HEAD / "head.json")
    assert trained[0] == pytest.approx(kept[0], abs=0.02)
    assert trained[1] == pytest.approx(kept[1], abs=0.02)


def test_sentiment_of_sentences_it_has_not_seen(judged: tuple[list[str], Any]) -> None:
    """The quality that docs/models.md states: three labels, 20 sentences each."""
    labels, scores = judged
    assert [labels.count(each) for each in TARGETS] == [20, 20, 20]
    pairs = list(zip(labels, scores, strict=True))
    assert np.mean([label(score, 0.25) == each for each, score in pairs]) >= 0.75
    loud = [(each, score) for each, score in pairs if each != "neutral"]
    assert np.mean([(score > 0) == (each == "positive") for each, score in loud]) >= 0.9


def test_training_and_judging_share_no_sentence() -> None:
    _, trained = read_sentences(
        Path(__file__).resolve().parents[3] / "serving/training/sentiment.tsv"
    )
    assert not set(trained) & set(read_sentences(LABELLED)[1])
