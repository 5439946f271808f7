"""Copies of the repository's models for tests that break them."""

import shutil
from pathlib import Path

MODEL_REPO = Path(__file__).resolve().parents[4] / "model_repo"
ENSEMBLE = ("minilm", "minilm_tokenizer", "minilm_encoder", "minilm_pooling")


def copy(target: Path, *models: str) -> Path:
    """A repository with these models; all without any."""
    target.mkdir(parents=True, exist_ok=True)
    for folder in sorted(MODEL_REPO.iterdir()):
        if (folder / "config.pbtxt").exists() and (not models or folder.name in models):
            shutil.copytree(
                folder, target / folder.name, ignore=shutil.ignore_patterns("__pycache__")
            )
    return target


def change(file: Path, before: str, after: str) -> None:
    """Replace a text that is in the file."""
    text = file.read_text()
    assert before in text, f"{file.name} has no {before!r}"
    file.write_text(text.replace(before, after, 1))
