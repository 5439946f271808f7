from pathlib import Path

import pytest

from llm_platform import versions
from local.cluster.commands import CloudPlan, Ports
from local.cluster.processes import ProcessSpec
from local.node import eks
from local.node.eks import policy_agent, table
from local.node.eks.addons import COREDNS_IMAGE, METRICS_SERVER_IMAGE
from local.node.eks.settings import EksSettings
from local.node.plan import NodePlan

PORTS = {name: 21000 + number for number, name in enumerate(eks.PORTS)}


@pytest.fixture(autouse=True)
def _nft(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_agent, "program", lambda: "/usr/sbin/nft")


def plan(folder: Path, *, node: bool = True) -> CloudPlan:
    tools = {"kwok": Path("/tools/kwok")}
    made = NodePlan("llmp-1", folder / "store", PORTS) if node else None
    return CloudPlan(folder, "id", "live", Ports(1, 2, 3, 4, 5), tools, node=made)


def specs(folder: Path) -> dict[str, ProcessSpec]:
    return {each.name: each for each in eks.processes(plan(folder))}


def test_every_port_has_one_listener(tmp_path: Path) -> None:
    used = [port for spec in specs(tmp_path).values() for port in spec.ports]
    assert sorted(used) == sorted(PORTS.values())


def test_health_is_asked_at_a_port_of_the_process(tmp_path: Path) -> None:
    for name, spec in specs(tmp_path).items():
        assert spec.health.url == f"http://127.0.0.1:{PORTS[name]}/healthz"
        assert PORTS[name] in spec.ports


def test_a_process_is_told_where_pods_find_aws(tmp_path: Path) -> None:
    settings = EksSettings.parse(specs(tmp_path)["eks-pod-identity"].argv[-1])
    assert settings.pod_aws_endpoint == "http://10.88.0.1:1"
    assert (settings.aws_port, settings.api_port) == (1, 2)


def test_kwok_plays_only_the_nodes_that_are_marked(tmp_path: Path) -> None:
    argv = specs(tmp_path)["kwok"].argv
    assert argv[0] == "/tools/kwok"
    assert "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake" in argv


def test_without_its_program_policies_have_no_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "eks-network-policy" in specs(tmp_path)
    monkeypatch.setattr(policy_agent, "program", lambda: None)
    assert "eks-network-policy" not in specs(tmp_path)


def test_a_cloud_without_a_node_has_no_such_processes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no node"):
        table.specs(plan(tmp_path, node=False))


@pytest.mark.parametrize(
    ("image", "addon"),
    [(COREDNS_IMAGE, versions.COREDNS), (METRICS_SERVER_IMAGE, versions.METRICS_SERVER)],
)
def test_the_addons_are_of_the_version_that_is_pinned_for_eks(image: str, addon: str) -> None:
    pin = versions.ADDONS[versions.KUBERNETES_VERSION][addon]
    assert image.rpartition(":")[2] == pin.partition("-eksbuild")[0]
