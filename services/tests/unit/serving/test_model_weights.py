"""Weights are what their manifest says, or they are not loaded."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from serving.__main__ import main
from serving.weights import WeightsError, load_weights

GGUF = b"GGUF" + bytes(200)


def folder_with(tmp_path: Path, content: bytes = GGUF, **changes: Any) -> Path:
    """A version with one file and the right manifest, changed as asked."""
    (tmp_path / "model.gguf").write_bytes(content)
    entry: dict[str, Any] = {
        "file": "model.gguf",
        "format": "gguf",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "license": "Apache-2.0",
        **changes,
    }
    entry = {key: value for key, value in entry.items() if value is not None}
    (tmp_path / "weights.json").write_text(json.dumps({"files": {"model": entry}}))
    return tmp_path


def problems(folder: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        load_weights(folder)
    return str(caught.value)


def test_weights_that_are_right(tmp_path: Path) -> None:
    assert load_weights(folder_with(tmp_path)) == {"model": tmp_path / "model.gguf"}


def test_a_flipped_byte_names_file_and_digests(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    flipped = bytearray(GGUF)
    flipped[100] ^= 1
    (folder / "model.gguf").write_bytes(flipped)
    assert problems(folder) == (
        f"{folder / 'model.gguf'}: has SHA-256 {hashlib.sha256(flipped).hexdigest()}; "
        f"expected {hashlib.sha256(GGUF).hexdigest()}"
    )


def test_a_file_of_another_size_is_not_even_read(tmp_path: Path) -> None:
    assert problems(folder_with(tmp_path, bytes=7)).endswith("has 204 bytes; expected 7")


@pytest.mark.parametrize(
    ("kind", "head", "good"),
    [
        ("gguf", b"GGUF", True),
        ("gguf", b"GGML", False),
        ("onnx", b"\x08\x08\x12\x07pytorch", True),
        ("onnx", b"PK\x03\x04", False),
        ("onnx", b"\x80\x04\x95", False),
        ("safetensors", (64).to_bytes(8, "little") + b'{"a":', True),
        ("safetensors", b"\x80\x02}q\x00(X", False),
        ("safetensors", b"PK\x03\x04" + bytes(12), False),
        ("json", b'{"weights":[', True),
        ("json", b"\x80\x04", False),
    ],
)
def test_formats_are_known_by_how_they_begin(
    tmp_path: Path, kind: str, head: bytes, good: bool
) -> None:
    folder = folder_with(tmp_path, head + bytes(64), format=kind)
    if good:
        assert load_weights(folder)
    else:
        assert f"is no {kind} file; it begins with {head[:4].hex(' ')}" in problems(folder)


@pytest.mark.parametrize("ending", [".bin", ".pt", ".pth", ".pkl", ".PICKLE", ".ckpt", ".h5"])
def test_formats_that_can_run_code_are_refused(tmp_path: Path, ending: str) -> None:
    listed = tmp_path / "listed"
    listed.mkdir()
    assert "may run code when loaded" in problems(folder_with(listed, file=f"model{ending}"))
    beside = tmp_path / "beside"
    beside.mkdir()
    folder = folder_with(beside)
    (folder / f"other{ending}").write_bytes(b"0")
    assert "may run code when loaded; allowed: safetensors, gguf, onnx" in problems(folder)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"bytes": 0}, "bytes: must be a whole number from 1"),
        ({"bytes": True}, "bytes: must be a whole number from 1"),
        ({"sha256": "AB" * 32}, "sha256: must be 64 hexadecimal digits in lower case"),
        ({"sha256": None}, "sha256: is missing"),
        ({"file": "../x.gguf"}, "file: must be the name of a file in the version's folder"),
        ({"file": "/x.gguf"}, "file: must be the name of a file in the version's folder"),
        ({"url": "http://example.com"}, "url: unknown"),
        ({"package": {"name": "x"}}, "package: must have the texts name, path, version"),
        (
            {"package": {"name": "x", "version": "1", "path": "../../x"}},
            "package.path: must be relative",
        ),
    ],
)
def test_manifests_that_are_wrong(tmp_path: Path, changes: dict[str, Any], found: str) -> None:
    assert found in problems(folder_with(tmp_path, **changes))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[]", 'must be {"files"'),
        ('{"files": []}', 'must be {"files"'),
        ('{"files": {"model": 1}}', "files.model: must be an object"),
        ('{"files": ', "not JSON"),
    ],
)
def test_manifests_that_are_none(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "weights.json").write_text(text)
    assert found in problems(tmp_path)


def test_a_model_without_manifest(tmp_path: Path) -> None:
    assert "there is no manifest of the weights" in problems(tmp_path)


def test_weights_of_a_package(tmp_path: Path) -> None:
    """A package that every environment of the services has."""
    package = {"name": "numpy", "version": "0.0.1", "path": "numpy/__init__.py"}
    folder = folder_with(tmp_path, package=package)
    (folder / "model.gguf").unlink()
    assert "package numpy is installed in version" in problems(folder)
    absent = tmp_path / "absent"
    absent.mkdir()
    folder = folder_with(absent, package={**package, "name": "no-such-package"})
    (folder / "model.gguf").unlink()
    assert "no-such-package==0.0.1, which has it, is not installed" in problems(folder)


def test_every_problem_at_once_from_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    assert main(["weights", str(folder_with(good))]) == 0
    assert main(["weights", str(good), str(folder_with(bad, bytes=1, sha256="x"))]) == 1
    output = capsys.readouterr()
    assert output.err.count("error: ") == 1
    assert "sha256" in output.err
