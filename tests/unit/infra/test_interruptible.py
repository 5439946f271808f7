"""Ctrl-C during a run: the engine is told once, in order, and has the time to save."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from pulumi.automation import CommandError

from infra.cli.interruptible import InterruptiblePulumi
from local.paths import REPOSITORY

FAKE_ENGINE = """\
    #!{python}
    import pathlib, signal, sys, time
    folder = pathlib.Path(__file__).parent
    asked = []
    def stop(number, frame):
        asked.append(number)
        if len(asked) > 1:
            sys.exit(9)
    signal.signal(signal.SIGINT, stop)
    (folder / "running").touch()
    deadline = time.monotonic() + 20
    while not asked and time.monotonic() < deadline:
        time.sleep(0.01)
    for _ in range({saving}):
        time.sleep(0.01)
    (folder / "saved").write_text("checkpoint")
    sys.exit(255)
"""

DRIVER = """\
    import sys
    from pathlib import Path
    from infra.cli.interruptible import InterruptiblePulumi, InterruptedRunError
    try:
        InterruptiblePulumi(Path(sys.argv[1]), print).run(["up"], "/", {})
    except InterruptedRunError:
        sys.exit(130)
"""


def fake_engine(folder: Path, saving: int) -> Path:
    path = folder / "pulumi"
    path.write_text(textwrap.dedent(FAKE_ENGINE).format(python=sys.executable, saving=saving))
    path.chmod(0o700)
    return path


def driver(engine: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DRIVER), str(engine)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not (engine.parent / "running").exists():
        assert time.monotonic() < deadline, "the engine did not start"
        time.sleep(0.02)
    return process


def test_first_signal_lets_the_engine_save(tmp_path: Path) -> None:
    process = driver(fake_engine(tmp_path, saving=30))

    # a terminal sends Ctrl-C to the whole process group
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    assert (tmp_path / "saved").read_text() == "checkpoint"
    assert said.count("Stopping:") == 1


def test_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    process = driver(fake_engine(tmp_path, saving=2000))

    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert process.returncode == 130
    assert not (tmp_path / "saved").exists()


def test_a_failing_command_keeps_its_words(tmp_path: Path) -> None:
    path = tmp_path / "pulumi"
    path.write_text("#!/bin/sh\necho out; echo 'error: no such stack' >&2; exit 3\n")
    path.chmod(0o700)
    heard: list[str] = []

    with pytest.raises(CommandError, match="no such stack"):
        InterruptiblePulumi(path, print).run(["up"], str(tmp_path), {}, heard.append)

    assert heard == ["out"]
