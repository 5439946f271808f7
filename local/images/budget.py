"""Size against budget, and where the size is. Pure, but for `parts`, which reads a folder."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.images.store import MB

SHOWN = 8
PACKAGES = "site-packages"


@dataclass(frozen=True)
class Measured:
    """An image's size beside its budget, in MB."""

    name: str
    size_mb: float
    budget_mb: int

    @property
    def exceeded(self) -> bool:
        """Whether it is larger than allowed."""
        return self.size_mb > self.budget_mb

    @property
    def text(self) -> str:
        """For people: ``gateway: 310 MB of 340 MB, 91 %``."""
        share = 100 * self.size_mb / self.budget_mb
        return f"{self.name}: {self.size_mb:.0f} MB of {self.budget_mb} MB, {share:.0f} %"


def over(measured: Iterable[Measured]) -> list[str]:
    """What is wrong with sizes; empty when nothing is."""
    return [
        f"{each.name} is {each.size_mb - each.budget_mb:.0f} MB above its budget of "
        f"{each.budget_mb} MB"
        for each in measured
        if each.exceeded
    ]


def part_of(path: Path) -> str:
    """What a file of an image belongs to: a Python package, a folder of /opt, or Debian."""
    if PACKAGES in path.parts:
        name = path.parts[path.parts.index(PACKAGES) + 1]
        return f"Python: {name.removesuffix('.libs').partition('-')[0].partition('.')[0]}"
    if path.parts[:1] == ("opt",) and len(path.parts) > 2:
        return f"/opt/{path.parts[1]}"
    return "Debian and Python itself"


def parts(root: Path) -> dict[str, int]:
    """Bytes of every part of the file system at `root`."""
    sizes: dict[str, int] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            file = Path(folder, name)
            if not file.is_symlink() and file.is_file():
                part = part_of(file.relative_to(root))
                sizes[part] = sizes.get(part, 0) + file.stat().st_size
    return sizes


def largest(sizes: Mapping[str, int], shown: int = SHOWN) -> list[tuple[str, float]]:
    """The largest parts in MB, the rest as one."""
    ranked = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(size for _, size in ranked[shown:])
    named = [(name, size / MB) for name, size in ranked[:shown]]
    return [*named, (f"{len(ranked) - shown} more", rest / MB)] if rest else named
