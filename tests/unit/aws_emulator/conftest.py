import os
import subprocess
import sys
from collections.abc import Generator
from itertools import count
from typing import Any

import pytest

from local.paths import REPOSITORY
from tests.unit.aws_emulator.support import (
    CLOUD_ID,
    CLUSTER_ENDPOINT,
    Emulator,
    MakeCluster,
    Network,
    make_network,
    make_role,
)

_numbers = count(1)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator]:
    folder = tmp_path_factory.mktemp("aws")
    authority = folder / "ca.pem"
    authority.write_text("a certificate\n")
    command = [
        *(sys.executable, "-m", "local.aws"),
        *("--folder", str(folder / "aws"), "--port", "0", "--cloud-id", CLOUD_ID),
        *("--cluster-endpoint", CLUSTER_ENDPOINT, "--cluster-ca", str(authority)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        endpoint = line.removeprefix("listening on ").strip()
        yield Emulator(endpoint, folder / "aws" / "calls.jsonl", process.pid)
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"t{os.getpid()}-{next(_numbers)}"


@pytest.fixture(scope="session")
def ec2(emulator: Emulator) -> Any:
    return emulator.client("ec2")


@pytest.fixture(scope="session")
def eks(emulator: Emulator) -> Any:
    return emulator.client("eks")


@pytest.fixture(scope="session")
def iam(emulator: Emulator) -> Any:
    return emulator.client("iam")


@pytest.fixture(scope="session")
def network(ec2: Any) -> Network:
    return make_network(ec2)


@pytest.fixture(scope="session")
def cluster_role(iam: Any) -> str:
    return make_role(iam, "cluster-role", "eks.amazonaws.com")


@pytest.fixture(scope="session")
def node_role(iam: Any) -> str:
    return make_role(iam, "node-role", "ec2.amazonaws.com")


@pytest.fixture(scope="session")
def pod_role(iam: Any) -> str:
    return make_role(iam, "pod-role", "pods.eks.amazonaws.com")


@pytest.fixture
def make_cluster(eks: Any, network: Network, cluster_role: str, name: str) -> MakeCluster:
    """Makes a cluster of the test's name; settings replace those of a plain one."""

    def make(**settings: Any) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "name": name,
            "roleArn": cluster_role,
            "resourcesVpcConfig": {"subnetIds": list(network.subnets)},
            "accessConfig": {"authenticationMode": "API"},
            **settings,
        }
        return eks.create_cluster(**wanted)["cluster"]

    return make


@pytest.fixture
def cluster(make_cluster: MakeCluster) -> str:
    """Name of a plain cluster."""
    return make_cluster()["name"]
