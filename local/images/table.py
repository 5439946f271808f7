"""The images of this project: what each is built from, and how large it may be. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from llm_platform import versions
from llm_platform.versions import Image
from local.paths import REPOSITORY

CONTEXT = REPOSITORY / "services"
"""Folder that every build may copy from; `.dockerignore` in it says what."""


class Origin(StrEnum):
    """Where an image in the store comes from."""

    BUILT = "built"
    """From our Dockerfile, on the public base that it names."""
    FORGED = "forged"
    """Made here without a registry: from our Dockerfile on a base of Debian's packages, or from
    a pinned Go module or package; see `local.forge`."""
    PULLED = "pulled"
    """From a registry."""
    SIMULATED = "simulated"
    """Not to be had: what runs it is a simulated node, and does nothing."""


@dataclass(frozen=True)
class OwnImage:
    """An image that this project builds.

    Attributes:
        name: What it is called on the command line.
        image: Repository and tag that it gets.
        dockerfile: Its Dockerfile, from `CONTEXT`.
        target: The stage that is built.
        budget_mb: Size in MB (10^6 bytes, unpacked) above which a build fails.
        contexts: Further folders that its Dockerfile copies from, by their names in it.
    """

    name: str
    image: Image
    dockerfile: str
    target: str
    budget_mb: int
    contexts: Mapping[str, Path] = field(default_factory=dict[str, Path])


IMAGES: Mapping[str, OwnImage] = {
    each.name: each
    for each in (
        OwnImage("gateway", versions.GATEWAY, "gateway/Dockerfile", "gateway", 485),
        OwnImage(
            "rollout",
            versions.ROLLOUT,
            "rollout/Dockerfile",
            "rollout",
            120,
            {"components": REPOSITORY / "components"},
        ),
        OwnImage("triton", versions.TRITON_CPU, "serving/Dockerfile", "cpu", 450),
    )
}
"""Every image by its name. Budgets are some 10 % above what was measured; see docs/images.md."""
