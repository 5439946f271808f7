"""Programs of images, run as processes: found on PATH, or as the forge makes them."""

import shutil
from pathlib import Path

import pytest

from local.forge import go_builds, packages
from local.forge.model import GoProgram, Recipe, WheelFile
from local.forge.recipes import GATEWAY, METRICS, WORKFLOWS
from local.reporter import LineReporter


def forged_program(repository: str) -> Path:
    """The program of an image of that repository, which has the same name.

    One that would have to be compiled first is left to the forge, for that takes minutes: the
    test is skipped, and says how it is made.
    """
    found = shutil.which(repository.rpartition("/")[2])
    if found:
        return Path(found)
    for entry in (*GATEWAY, *METRICS, *WORKFLOWS):
        if entry.repository != repository or not isinstance(entry.how, Recipe):
            continue
        for part in entry.how.parts:
            if isinstance(part, WheelFile):
                return packages.wheel_file(part, LineReporter())
            if isinstance(part, GoProgram):
                place = go_builds.entry(part)
                if not place.is_known_good():
                    pytest.skip(f"not compiled yet: llmp images forge {entry.name}")
                return place.program
    raise LookupError(repository)
