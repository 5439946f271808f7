import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.aws import retries
from local.aws.client import client
from local.faults import plan
from local.faults.plan import Effect, FaultPlan, Kind, Rule, Side
from local.limits import Limits
from local.paths import REPOSITORY
from local.providers.aws import creation
from local.providers.aws.cloud import Cloud
from local.providers.aws.session import AwsSession

REGION = "us-east-1"
QUICK = Limits(answer_seconds=2, attempts=4, first_pause=0.001)
CHANGING = "*:[!DGLH]*"
"""Calls that neither describe, get, list nor head."""


@dataclass(frozen=True)
class Faulty:
    """An emulated AWS whose calls go wrong when a test says so."""

    endpoint: str
    folder: Path

    def spoil(self, kind: Kind, effect: Effect = Effect.BEFORE, **more: Any) -> None:
        rule: dict[str, Any] = {"call": "*", "ratio": 1.0, "seconds": 0.0, **more}
        FaultPlan(1, (Rule(Side.AWS, kind=kind, effect=effect, **rule),)).write(self.folder)

    def heal(self) -> None:
        plan.clear(self.folder)

    def client(self, service: str) -> Any:
        return client(service, self.endpoint, REGION)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    folder = tmp_path_factory.mktemp("faulty")
    authority = folder / "ca.pem"
    authority.write_text("a certificate\n")
    command = [
        *(sys.executable, "-m", "local.aws", "--folder", str(folder / "aws"), "--port", "0"),
        *("--cloud-id", "faulty", "--cluster-endpoint", "https://127.0.0.1:6443"),
        *("--cluster-ca", str(authority), "--faults", str(folder)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    yield Faulty(line.removeprefix("listening on ").strip(), folder)
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture
def faulty(emulator: Faulty, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    for module in (retries, creation):
        monkeypatch.setattr(module, "limits", lambda: QUICK)
    yield emulator
    emulator.heal()


@pytest.fixture(scope="session")
def aws(emulator: Faulty) -> AwsSession:
    return AwsSession(Cloud.connect(emulator.endpoint, REGION, {}), {"stack": "test"})
