"""Weights that a model store lacks are uploaded once, and only what the manifest says."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from local.node import weights


class Notes:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def started(self, step: str) -> None:
        self.said.append(step)

    def note(self, step: str, text: str) -> None:
        self.said.append(f"{step}: {text}")

    def finished(self, step: str, text: str, seconds: float) -> None:
        self.said.append(f"{step}: {text} {seconds}")

    def failed(self, step: str, text: str) -> None:
        self.said.append(f"{step}: {text}")


class Store:
    """As much of S3 as is asked for."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.uploads: list[str] = []

    def list_buckets(self) -> Any:
        return {"Buckets": [{"Name": "models"}]}

    def get_paginator(self, name: str) -> Any:
        assert name == "list_objects_v2"
        return self

    def paginate(self, **_: str) -> Any:
        return [{"Contents": [{"Key": key} for key in self.objects]}, {}]

    def get_object(self, **asked: str) -> Any:
        return {"Body": io.BytesIO(self.objects[asked["Key"]])}

    def upload_file(self, source: str, bucket: str, key: str) -> None:
        assert bucket == "models"
        self.uploads.append(key)
        self.objects[key] = Path(source).read_bytes()


def manifest(content: bytes) -> bytes:
    entry = {
        "file": "model.gguf",
        "sha256": hashlib.sha256(content).hexdigest(),
        "package": {"name": "some", "version": "1", "path": "some/model.gguf"},
    }
    return json.dumps({"files": {"model": entry}}).encode()


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "python3.11" / "site-packages" / "some"
    folder.mkdir(parents=True)
    monkeypatch.setattr(weights, "PACKAGES", tmp_path)
    return folder


def test_missing_weights_are_uploaded_once(packages: Path) -> None:
    (packages / "model.gguf").write_bytes(b"weights")
    store = Store({"model_repo/small/1/weights.json": manifest(b"weights")})
    done: set[str] = set()

    weights.publish(store, done, Notes())
    weights.publish(store, done, Notes())

    assert store.uploads == ["model_repo/small/1/model.gguf"]


def test_weights_that_are_there_are_left_alone(packages: Path) -> None:
    (packages / "model.gguf").write_bytes(b"weights")
    store = Store(
        {
            "model_repo/small/1/weights.json": manifest(b"weights"),
            "model_repo/small/1/model.gguf": b"of a pipeline",
        }
    )

    weights.publish(store, set(), Notes())

    assert store.uploads == []


@pytest.mark.parametrize("content", [None, b"other"])
def test_what_is_missing_or_another_is_told_and_not_uploaded(
    packages: Path, content: bytes | None
) -> None:
    if content is not None:
        (packages / "model.gguf").write_bytes(content)
    store, notes = Store({"model_repo/small/1/weights.json": manifest(b"weights")}), Notes()

    weights.publish(store, set(), notes)

    assert store.uploads == []
    assert "model_repo/small/1/model.gguf" in notes.said[0]
