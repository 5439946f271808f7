"""GPUs that models can be checked against."""

from collections.abc import Mapping
from dataclasses import dataclass

MEMORY_MIB: Mapping[str, int] = {
    "t4": 16384,
    "t4g": 16384,
    "v100": 16384,
    "a10g": 22888,
    "l4": 22888,
    "rtx-pro-4500": 32768,
    "a100": 40960,
    "l40s": 45776,
    "a100-80gb": 81920,
    "h100": 81920,
    "rtx-pro-6000": 98304,
    "h200": 144384,
    "b200": 183359,
    "b300": 275040,
}
"""Memory of one GPU; where a model is sold with two sizes, the bare name has the smaller."""

WITHOUT_BFLOAT16 = frozenset({"t4", "t4g", "v100"})
"""Older than Ampere."""


@dataclass(frozen=True)
class Gpus:
    """The GPUs of one server.

    Attributes:
        model: One of `MEMORY_MIB`.
        count: How many.
    """

    model: str
    count: int

    @property
    def memory_mib(self) -> int:
        """Memory of one."""
        return MEMORY_MIB[self.model]


def read_gpus(model: str, count: int) -> Gpus:
    """GPUs by name, with or without ``nvidia-`` before it.

    Raises:
        ValueError: There is no such model, or the count makes no sense.
    """
    name = model.lower().removeprefix("nvidia-")
    if name not in MEMORY_MIB:
        message = f"--gpu: unknown model {model!r}; allowed: {', '.join(MEMORY_MIB)}"
        raise ValueError(message)
    if not 1 <= count <= 16:
        message = f"--gpus: {count}; allowed: 1 to 16"
        raise ValueError(message)
    return Gpus(name, count)
