"""The plan of a node, what its processes are given, and what a cloud without one stays."""

import json
import tarfile
import tomllib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509

from local.cluster import pki
from local.cluster.commands import CloudPlan, Ports
from local.cluster.pki import NodeNames
from local.cluster.processes import ProcessSpec
from local.node import configs, eks, pause_image
from local.node.plan import (
    HTTPS,
    NODE_ADDRESS,
    NODE_NAME,
    NODE_PROCESSES,
    NODE_TOOLS,
    NodePlan,
)

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager")
TOOLS = {name: Path("/tools") / name for name in (*CONTROL_PLANE, *NODE_TOOLS)}
NAMES = (*NODE_PROCESSES, HTTPS, *eks.PORTS)
NODE = NodePlan(
    "llmp-1a2b", Path("/cache/store-0"), {name: 100 + i for i, name in enumerate(NAMES)}
)


def plan(folder: Path, node: NodePlan | None) -> CloudPlan:
    return CloudPlan(folder, "id-1", "live", Ports(1, 2, 3, 4, 5), TOOLS, node=node)


def spec(made: CloudPlan, name: str) -> ProcessSpec:
    return next(each for each in made.processes().processes if each.name == name)


def flags(made: CloudPlan, name: str) -> dict[str, str]:
    words = [word.removeprefix("--") for word in spec(made, name).argv[1:]]
    return dict(word.split("=", 1) for word in words)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert NodePlan.read(tmp_path) is None
    NODE.write(tmp_path)
    assert NodePlan.read(tmp_path) == NODE
    assert NODE.https_port == NODE.ports[HTTPS]


def test_a_cloud_without_a_node_is_what_it_was(tmp_path: Path) -> None:
    made = plan(tmp_path, None)

    assert [each.name for each in made.processes().processes] == ["aws", *CONTROL_PLANE]
    assert "--host" not in spec(made, "aws").argv
    api = flags(made, "kube-apiserver")
    assert api["bind-address"] == api["advertise-address"] == "127.0.0.1"
    assert api["authorization-mode"] == "RBAC"
    assert "enable-aggregator-routing" not in api
    assert "-node-lifecycle-controller" in flags(made, "kube-controller-manager")["controllers"]


def test_a_live_cloud_has_a_node_s_processes_each_with_its_port(tmp_path: Path) -> None:
    made = plan(tmp_path, NODE)
    names = [each.name for each in made.processes().processes]

    assert names[: 4 + len(NODE_PROCESSES)] == ["aws", *CONTROL_PLANE, *NODE_PROCESSES]
    for name in NODE_PROCESSES:
        assert list(spec(made, name).ports) == [NODE.ports[name]]
        assert f":{NODE.ports[name]}/" in spec(made, name).health.url


def test_the_api_server_of_a_node_knows_kubelets_and_extension_servers(tmp_path: Path) -> None:
    api = flags(plan(tmp_path, NODE), "kube-apiserver")

    assert api["advertise-address"] == NODE_ADDRESS
    assert api["authorization-mode"] == "Node,RBAC"
    assert api["endpoint-reconciler-type"] == "lease"
    assert api["requestheader-allowed-names"] == pki.FRONT_PROXY
    assert Path(api["requestheader-client-ca-file"]).name == "front-proxy-ca.crt"
    assert Path(api["kubelet-client-certificate"]).name == "kube-apiserver-kubelet-client.crt"


def test_node_lifecycle_is_looked_after_where_there_is_a_node(tmp_path: Path) -> None:
    controllers = flags(plan(tmp_path, NODE), "kube-controller-manager")["controllers"].split(",")
    assert controllers == ["*", "-node-ipam-controller"]


def test_what_makes_containers_lets_them_read_their_files(tmp_path: Path) -> None:
    made = plan(tmp_path, NODE)
    assert {spec(made, name).umask for name in ("containerd", "kubelet")} == {0o022}
    assert spec(made, "kube-apiserver").umask == 0o077


def test_a_node_s_certificates(tmp_path: Path) -> None:
    made = pki.make(tmp_path / "pki", NodeNames(NODE_NAME, NODE_ADDRESS))
    authority = x509.load_pem_x509_certificate(made.ca.read_bytes())
    for pair, subject in (
        (made.kubelet, f"O=system:nodes,CN=system:node:{NODE_NAME}"),
        (made.kubelet_client, "O=system:masters,CN=kube-apiserver-kubelet-client"),
        (made.scheduler, "CN=system:kube-scheduler"),
        (made.proxy, "CN=system:kube-proxy"),
    ):
        cert = x509.load_pem_x509_certificate(pair.cert.read_bytes())
        cert.verify_directly_issued_by(authority)
        assert set(cert.subject.rfc4514_string().split(",")) == set(subject.split(","))
    for pair in (made.serving, made.kubelet_serving):
        cert = x509.load_pem_x509_certificate(pair.cert.read_bytes())
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        addresses = [str(each) for each in names.get_values_for_type(x509.IPAddress)]
        assert NODE_ADDRESS in addresses
    front = x509.load_pem_x509_certificate(made.front_proxy.cert.read_bytes())
    front.verify_directly_issued_by(
        x509.load_pem_x509_certificate(made.front_proxy_ca.read_bytes())
    )
    with pytest.raises(ValueError, match="does not match certificate issuer"):
        front.verify_directly_issued_by(authority)


def test_configuration_files_are_private_and_point_into_the_cloud(tmp_path: Path) -> None:
    configs.write(tmp_path, NODE, pki.Pki(tmp_path / "pki"))
    files = configs.ConfigFiles(tmp_path)

    made = [path for path in files.folder.rglob("*") if path.is_file()]
    assert len(made) == 4
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    containerd = tomllib.loads(files.containerd.read_text())
    assert containerd["root"] == "/cache/store-0/containerd"
    assert containerd["state"].startswith("/run/")
    kubelet = json.loads(files.kubelet.read_text())
    assert kubelet["cgroupRoot"] == "/llmp-1a2b"
    assert kubelet["podLogsDir"] == str(tmp_path / "pod-logs")
    assert kubelet["imageGCHighThresholdPercent"] == 100


def test_a_path_with_odd_characters_stays_toml(tmp_path: Path) -> None:
    odd = replace(NODE, store=Path('/cache/my "store"\\0'))
    text = configs.containerd_config(odd, tmp_path / "cni")
    assert tomllib.loads(text)["root"] == '/cache/my "store"\\0/containerd'


def test_an_image_s_archive_is_the_same_each_time() -> None:
    first = pause_image.archive_of(b"program")
    assert first == pause_image.archive_of(b"program")
    with tarfile.open(fileobj=BytesIO(first)) as archive:
        manifest = json.loads(_member(archive, "manifest.json"))[0]
        config = json.loads(_member(archive, manifest["Config"]))
        layer = _member(archive, manifest["Layers"][0])
    assert manifest["RepoTags"] == [configs.PAUSE_IMAGE]
    assert config["config"]["Entrypoint"] == ["/pause"]
    with tarfile.open(fileobj=BytesIO(layer)) as content:
        assert content.getmember("pause").mode == 0o755
        assert _member(content, "pause") == b"program"


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
