"""Ten wrong stack files: one error each, every problem with its path and what is allowed.

Every case is run through the real `llmp up`; the exit code is 2 and nothing is started.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from infra.cli import workspace
from infra.cli.main import main
from infra.settings_source import read_stack_file
from local.paths import REPOSITORY

NAME = "1 to 32 of a-z, 0-9 and -, starting with a letter, not ending with -"
VPC = "a network from /16 to /20, e.g. 10.0.0.0/16"
SETTINGS_KEYS = (
    "addons | aws:region | cluster | cost | environment | gpuPools | models | network | services"
    " | serving | tenants"
)


def good() -> dict[str, Any]:
    """The local stack file; each case changes something in it."""
    return read_stack_file(REPOSITORY / "stacks" / "Pulumi.local.yaml", "local")


def change(path: str, value: Any) -> Any:
    """A change of one value, by room and then key or index."""

    def apply(config: dict[str, Any]) -> None:
        room, *keys = path.split("/")
        target: Any = config
        parts: list[str] = [room if room == "aws:region" else f"llm-platform:{room}", *keys]
        for part in parts[:-1]:
            target = target[int(part) if part.isdigit() else part]
        last = parts[-1]
        if value is None:
            del target[last]
        else:
            target[int(last) if last.isdigit() else last] = value

    return apply


CASES: dict[str, tuple[list[Any], list[str]]] = {
    "misspelt key": (
        [change("network/natGateway", "SINGLE")],
        [
            (
                "network.natGateway: is not a known key; did you mean natGateways?; allowed: "
                "cidr | endpoints | flowLogRetentionDays | natGateways | zones"
            )
        ],
    ),
    "misspelt room": (
        [change("gpuPool", [])],
        [f"gpuPool: is not a known key; did you mean gpuPools?; allowed: {SETTINGS_KEYS}"],
    ),
    "missing room": (
        [change("cost", None)],
        [
            (
                "cost: is missing; allowed: a mapping with monthlyBudgetUsd, "
                "allowedInstanceFamilies, maxGpus, alertEmail"
            )
        ],
    ),
    "bad region and the zones that follow": (
        [change("aws:region", "us-east-1")],
        [
            (
                "network.zones[0]: 'eu-central-1a' is not in us-east-1; allowed: "
                "us-east-1a, us-east-1b, …"
            ),
            (
                "network.zones[1]: 'eu-central-1b' is not in us-east-1; allowed: "
                "us-east-1a, us-east-1b, …"
            ),
        ],
    ),
    "three in one room": (
        [
            change("environment/name", "Local!"),
            change("environment/owner", ""),
            change("environment/cloud", "azure"),
        ],
        [
            "environment.cloud: 'azure' is not allowed; allowed: aws | emulated",
            f"environment.name: 'Local!' is not allowed; allowed: {NAME}",
            "environment.owner: '' is not allowed; allowed: a text of 1 to 120 characters",
        ],
    ),
    "three in three rooms": (
        [
            change("network/cidr", "10.0.0.0/8"),
            change("gpuPools/1/autoscaler", None),
            change("services/0/tenant", "nobody"),
        ],
        [
            (
                "gpuPools[1].minimum: 0 without an autoscaler: a managed node group never grows by "
                "itself; allowed: 1 or more, or autoscaler: CLUSTER_AUTOSCALER"
            ),
            f"network.cidr: /8 is not allowed; allowed: {VPC}",
            "services[0].tenant: 'nobody' is not in tenants; allowed: assistants",
        ],
    ),
    "four in a pool": (
        [
            change("gpuPools/0/maximum", 0),
            change("gpuPools/0/capacity", "free"),
            change("gpuPools/0/instanceTypes", []),
            change("gpuPools/0/colour", "red"),
        ],
        [
            (
                "gpuPools[0].capacity: 'free' is not allowed; "
                "allowed: ON_DEMAND | SPOT | CAPACITY_BLOCK"
            ),
            (
                "gpuPools[0].colour: is not a known key; allowed: amiFamily | "
                "autoscaler | capacity | instanceTypes | maximum | minimum | name | "
                "reservationId | rootVolumeGib"
            ),
            (
                "gpuPools[0].instanceTypes: [] is not allowed; allowed: 1 to 10 EC2 GPU instance "
                "types with the same GPUs, e.g. g6.2xlarge"
            ),
            "gpuPools[0].maximum: 0 is not allowed; allowed: a whole number from 1 to 100",
        ],
    ),
    "sizes the wrong way round": (
        [change("cluster/systemNodes/minimum", 9), change("services/0/replicas", 9)],
        [
            "cluster.systemNodes.maximum: 3 is below minimum (9); allowed: 9 or more",
            "services[0].maximumReplicas: 4 is below replicas (9); allowed: 9 or more",
        ],
    ),
    "a family that is not paid for": (
        [change("gpuPools/0/instanceTypes", ["p5.48xlarge"])],
        [
            (
                "gpuPools[0].instanceTypes[0]: p5.48xlarge is not of a family in "
                "cost.allowedInstanceFamilies; allowed: m7i | g6"
            )
        ],
    ),
    "what the components refuse": (
        [
            change("cluster/kubernetesVersion", "1.29"),
            change("cluster/publicAccessCidrs", ["0.0.0.0/0"]),
            change("gpuPools/0/instanceTypes", ["g6.2xlarge", "g6.12xlarge"]),
        ],
        [
            (
                "cluster (Cluster.kubernetes_version): Kubernetes 1.29 has no pinned add-ons; "
                "allowed: one of 1.35, 1.36"
            ),
            (
                "cluster (Cluster.public_access_cidrs[0]): '0.0.0.0/0' opens the API server to "
                "4294967296 addresses; allowed: public IPv4 blocks no larger than /16; none "
                "keeps it private"
            ),
            (
                "gpuPools[0] (GpuNodePool.instance_types): their GPUs differ: g6.2xlarge has 1 × "
                "nvidia-l4 with 22 GiB; g6.12xlarge has 4 × nvidia-l4 with 22 GiB; allowed: types "
                "with the same number of the same GPU and the same processor"
            ),
        ],
    ),
    "GPUs without a pool": (
        [change("services/0/gpus", 1), change("network/zones", ["eu-central-1a"] * 2)],
        [
            "network.zones: 'eu-central-1a' is given 2 times; allowed: every name once",
            (
                "services[0].pool: gpus is 1 and pool is not set; allowed: both, or neither (the "
                "model then runs on CPUs)"
            ),
        ],
    ),
}


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workspace, "STACKS", tmp_path)
    monkeypatch.setenv("LLMP_STATE", str(tmp_path / "state"))
    return tmp_path


def run_up(stacks: Path, document: Any) -> tuple[int, str]:
    path = stacks / "Pulumi.local.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    result = CliRunner().invoke(main, ["up", "local"])
    return result.exit_code, result.stderr


@pytest.mark.parametrize("case", CASES)
def test_every_problem_is_named_at_once(case: str, stacks: Path) -> None:
    changes, expected = CASES[case]
    config = good()
    for apply in changes:
        apply(config)

    code, said = run_up(stacks, {"config": config})

    title, *lines = said.strip().splitlines()
    noun = "problem" if len(expected) == 1 else "problems"
    assert code == 2
    assert title == f"stacks/Pulumi.local.yaml: {len(expected)} {noun}"
    assert [line.strip() for line in lines] == expected
    assert not (stacks / "state").exists(), "nothing may be started before the input is right"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("config: [", "is no YAML"),
        ("- a list", "is no mapping"),
        ("configuration: {}", "is not a key of a stack file"),
    ],
)
def test_a_file_that_is_no_stack_file(document: str, problem: str, stacks: Path) -> None:
    code, said = run_up(stacks, document)

    assert code == 2
    assert problem in said
    assert "Traceback" not in said


def test_a_stack_that_does_not_exist_names_those_that_do(stacks: Path) -> None:
    (stacks / "Pulumi.dev.yaml").touch()

    result = CliRunner().invoke(main, ["up", "prodd"])

    assert result.exit_code == 2
    assert "there is no such stack file; allowed: dev" in result.stderr
