"""What helm is run with: the provider's own access, in files that nobody else may read."""

import base64
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from local import patience
from local.charts.helm import Programs
from local.providers.kubernetes import helm_runs as module
from local.providers.kubernetes.access import Access
from local.providers.kubernetes.helm_runs import helm_runs

CERTIFICATES = Access("https://127.0.0.1:1", "CA", ("CERT", "KEY"), None)


# In Python: a shell cannot take SIGINT where it was ignored before, as in a job in the background.
WAITS = """
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path(sys.argv[0] + ".ended").touch()
    sys.exit(1)
signal.signal(signal.SIGINT, end)
pathlib.Path(sys.argv[0] + ".begun").touch()
time.sleep(30)
"""


def nothing() -> None:
    """Watches nothing."""


def kubeconfig_of(access: Access, folder: Path) -> dict[str, Any]:
    with helm_runs(access, folder) as helm:
        file = helm.folder / "kubeconfig"
        assert file.stat().st_mode & 0o077 == 0
        assert helm.folder.stat().st_mode & 0o077 == 0
        found: dict[str, Any] = json.loads(file.read_text())
    assert list(folder.glob(".helm-*")) == []
    return found


def test_a_client_certificate_goes_into_the_kubeconfig(tmp_path: Path) -> None:
    found = kubeconfig_of(CERTIFICATES, tmp_path)
    user, cluster = found["users"][0]["user"], found["clusters"][0]["cluster"]
    assert base64.b64decode(user["client-key-data"]) == b"KEY"
    assert base64.b64decode(cluster["certificate-authority-data"]) == b"CA"
    assert cluster["server"] == "https://127.0.0.1:1"


def test_a_token_lies_in_a_file_that_helm_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(["first", "second", "third"])
    access = Access("https://127.0.0.1:1", None, None, lambda: next(tokens))
    script = tmp_path / "helm"
    script.write_text('#!/bin/sh\ncat "$(dirname "$KUBECONFIG")/token"; echo " $*"; exit 3\n')
    script.chmod(0o755)
    monkeypatch.setattr(module.helm, "ensure", lambda: Programs(script, script))
    with helm_runs(access, tmp_path) as helm:
        ended = helm.run(["list"], 5, nothing)
        assert (ended.code, ended.stdout.split()[:2]) == (3, ["first", "list"])
        assert "second" in helm.run(["list"], 5, nothing).stdout


def test_a_request_that_is_told_to_end_ends_helm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "helm"
    script.write_text(f"#!{sys.executable} -I\n{WAITS}")
    script.chmod(0o755)
    monkeypatch.setattr(module.helm, "ensure", lambda: Programs(script, script))
    monkeypatch.setattr(module.children, "TICK_SECONDS", 0.2)
    told = patience.Patience()

    def end_once_begun() -> None:
        while not Path(f"{script}.begun").exists():
            time.sleep(0.05)
        told.end()

    ends = threading.Thread(target=end_once_begun)
    ends.start()
    with (
        helm_runs(CERTIFICATES, tmp_path) as helm,
        patience.using(told),
        pytest.raises(patience.StoppedError),
    ):
        helm.run(["install"], 30, nothing)
    ends.join()
    assert Path(f"{script}.ended").exists()


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    dead, mine = tmp_path / ".helm-999999999-a", tmp_path / f".helm-{os.getpid()}-b"
    for folder in (dead, mine):
        folder.mkdir()
    with helm_runs(CERTIFICATES, tmp_path):
        assert not dead.exists()
        assert mine.exists()
