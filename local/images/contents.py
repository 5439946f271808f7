"""What must not be in an image: weights, which come from the model store."""

import os
from pathlib import Path

from local.images.store import MB

ENDINGS = (".bin", ".gguf", ".h5", ".onnx", ".pt", ".pth", ".safetensors")
SMALLEST = 1 * MB
"""Smaller files of these kinds are examples and tables that libraries ship."""


def weights(root: Path) -> list[str]:
    """Files in the file system at `root` that are weights by name and size."""
    found: list[str] = []
    for folder, _, names in os.walk(root):
        for name in names:
            file = Path(folder, name)
            if name.endswith(ENDINGS) and not file.is_symlink() and file.is_file():
                size = file.stat().st_size
                if size >= SMALLEST:
                    found.append(f"/{file.relative_to(root)} ({size / MB:.0f} MB)")
    return sorted(found)
