"""Certificates, ports, health, folders: the parts that need no cloud."""

import errno
import http.server
import json
import os
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.cluster import health, pki, ports, rooms
from local.cluster.commands import CloudPlan, Ports
from local.cluster.health import blamed, probe, tail
from local.cluster.kubeconfig import write_kubeconfig
from local.cluster.processes import Health, KeeperStatus, ProcessStatus, State, log_file
from local.errors import LocalCloudError

TOOLS = {
    name: Path("/tools") / name for name in ("etcd", "kube-apiserver", "kube-controller-manager")
}


def plan(folder: Path) -> CloudPlan:
    return CloudPlan(folder, "id-1", "local", Ports(1, 2, 3, 4, 5), TOOLS)


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def name_of(cert: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    return str(cert.subject.get_attributes_for_oid(oid)[0].value)


# Certificates


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> pki.Pki:
    return pki.make(tmp_path_factory.mktemp("credentials") / "pki")


def test_every_credential_is_private(credentials: pki.Pki) -> None:
    assert credentials.folder.stat().st_mode & 0o777 == 0o700
    files = list(credentials.folder.iterdir())
    assert len(files) == 12
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_the_serving_certificate_has_every_name_of_the_server(credentials: pki.Pki) -> None:
    cert = certificate(credentials.serving.cert)
    cert.verify_directly_issued_by(certificate(credentials.ca))
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) >= {
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
    }
    assert {str(each) for each in names.get_values_for_type(x509.IPAddress)} == {
        "127.0.0.1",
        "10.96.0.1",
    }


def test_clients_are_who_they_should_be(credentials: pki.Pki) -> None:
    admin = certificate(credentials.admin.cert)
    assert name_of(admin, NameOID.ORGANIZATION_NAME) == "system:masters"
    manager = certificate(credentials.controller_manager.cert)
    assert name_of(manager, NameOID.COMMON_NAME) == "system:kube-controller-manager"
    for cert in (admin, manager):
        usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_clients_of_the_cluster_are_no_clients_of_etcd(credentials: pki.Pki) -> None:
    certificate(credentials.etcd.cert).verify_directly_issued_by(certificate(credentials.etcd_ca))
    with pytest.raises(ValueError, match=r"[Ii]ssuer"):
        certificate(credentials.admin.cert).verify_directly_issued_by(
            certificate(credentials.etcd_ca)
        )


def test_a_kubeconfig_works_from_anywhere(credentials: pki.Pki, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(
        path, server="https://127.0.0.1:1", ca=credentials.ca, client=credentials.admin, name="n"
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert str(credentials.folder) not in path.read_text()


# Commands


def test_every_address_is_loopback(tmp_path: Path) -> None:
    text = json.dumps([list(spec.argv) for spec in plan(tmp_path).processes().processes])
    assert "0.0.0.0" not in text  # noqa: S104  # looked for, not bound
    for flag in (
        "--bind-address=127.0.0.1",
        "--listen-client-urls=https://127.0.0.1:4",
        "--listen-peer-urls=https://127.0.0.1:5",
        "--client-cert-auth=true",
        "--peer-client-cert-auth=true",
        "--anonymous-auth=false",
        "--authorization-mode=RBAC",
        "--endpoint-reconciler-type=none",
        "--use-service-account-credentials=true",
    ):
        assert flag in text


def test_processes_inherit_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    for spec in plan(tmp_path).processes().processes:
        assert "AWS_SECRET_ACCESS_KEY" not in spec.env
        assert "HTTPS_PROXY" not in spec.env
        assert spec.env["HOME"] == str(tmp_path)


def test_the_aws_process_gets_what_it_was_promised(tmp_path: Path) -> None:
    aws = plan(tmp_path).processes().processes[0]
    flags = list(aws.argv)[list(aws.argv).index("local.aws") + 1 :]
    assert dict(zip(flags[::2], flags[1::2], strict=True)) == {
        "--folder": str(tmp_path / "aws"),
        "--port": "1",
        "--cloud-id": "id-1",
        "--cluster-endpoint": "https://127.0.0.1:2",
        "--cluster-ca": str(tmp_path / "pki" / "ca.crt"),
        "--faults": str(tmp_path),
    }
    assert aws.health.expect == {"cloud_id": "id-1"}


# Ports


def test_a_listener_is_seen_and_named() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.holder(port).startswith(f"process {os.getpid()} (")
    assert ports.is_free(port)


def test_free_ports_differ_and_are_not_those_of_outgoing_connections() -> None:
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    taken: list[int] = []
    for _ in range(20):
        taken.append(ports.free_port(taken))
    assert len(set(taken)) == 20
    assert all(20_000 <= port < max(first_ephemeral, 21_000) for port in taken)


# Health


class _Answer(http.server.BaseHTTPRequestHandler):
    status, body = 200, b"{}"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its own name
        del format, args


@pytest.fixture
def answering() -> Iterator[tuple[type[_Answer], str]]:
    handler = type("Answer", (_Answer,), {})
    server = http.server.HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield handler, f"http://127.0.0.1:{server.server_port}/readyz"
    server.shutdown()
    server.server_close()


def test_healthy_is_200_with_what_is_expected(answering: tuple[type[_Answer], str]) -> None:
    handler, url = answering
    assert probe(Health(url)) == ""
    handler.body = b'{"cloud_id": "a"}'
    assert probe(Health(url, expect={"cloud_id": "a"})) == ""
    assert "cloud_id 'a' instead of 'b'" in probe(Health(url, expect={"cloud_id": "b"}))
    handler.body = b"hello"
    assert "not JSON" in probe(Health(url, expect={"cloud_id": "b"}))
    handler.status, handler.body = 500, b"[+]ping ok\n[-]etcd failed: reason withheld\n"
    assert probe(Health(url)).endswith("answered 500: [-]etcd failed: reason withheld")


def test_no_answer_says_why() -> None:
    assert "refused" in probe(Health("http://127.0.0.1:1/"))


def test_no_proxy_is_asked(
    answering: tuple[type[_Answer], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert probe(Health(answering[1])) == ""


def test_a_certificate_of_somebody_else_is_not_trusted(
    credentials: pki.Pki, answering: tuple[type[_Answer], str]
) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), answering[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credentials.serving.cert, credentials.serving.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"https://127.0.0.1:{server.server_port}/"
    assert probe(Health(url, str(credentials.ca))) == ""
    assert "CERTIFICATE_VERIFY_FAILED" in probe(Health(url, str(credentials.etcd_ca)))
    server.shutdown()
    server.server_close()


def test_the_cause_is_blamed_and_not_who_waits_for_it(tmp_path: Path) -> None:
    aws, etcd, api, manager = plan(tmp_path).processes().processes
    reasons = {spec.name: "no answer" for spec in (aws, etcd, api, manager)}
    running = ProcessStatus(1, State.RUNNING)

    def status(**processes: ProcessStatus) -> KeeperStatus:
        known = {"aws": running, "etcd": running, "api": running, "manager": running} | processes
        names = {"api": "kube-apiserver", "manager": "kube-controller-manager"}
        return KeeperStatus(1, {names.get(key, key): value for key, value in known.items()})

    pending = [etcd, api, manager]
    assert blamed(pending, reasons, status()).process is etcd
    again = ProcessStatus(9, State.RUNNING, 2, "ended with exit code 1")
    assert blamed(pending, reasons, status(api=again)).process is api
    failed = ProcessStatus(0, State.FAILED, 6, "ended with exit code 1")
    sick = blamed(pending, reasons, status(api=again, manager=failed))
    assert (sick.process, sick.hopeless) == (manager, True)
    ended = KeeperStatus(1, status().processes, "the keeper was killed")
    sick = blamed(pending, reasons, ended)
    assert (sick.why, sick.hopeless) == ("the keeper was killed", True)


def test_the_end_of_a_log_is_short(tmp_path: Path) -> None:
    log = log_file(tmp_path, "etcd")
    log.parent.mkdir()
    log.write_text("".join(f"{n} {'x' * 1000}\n" for n in range(500)))
    lines = tail(tmp_path, "etcd").splitlines()
    assert lines[-1].startswith("499 ")
    assert len(lines) == health.TAIL_LINES
    assert max(map(len, lines)) == health.LINE_LENGTH
    assert "cannot be read" in tail(tmp_path, "other")


# Folders


def test_only_the_newest_lost_clouds_are_kept(tmp_path: Path) -> None:
    for number in range(4):
        cloud = tmp_path / "cloud"
        (cloud / "etcd").mkdir(parents=True)
        (cloud / "number").write_text(str(number))
        kept = rooms.put_aside(cloud)
        assert kept.name.startswith("lost-")
        assert not cloud.exists()
        os.utime(kept)  # inode change times must differ
    left = sorted((each / "number").read_text() for each in tmp_path.glob("lost-*"))
    assert left == ["2", "3"]
    assert not list(tmp_path.glob("lost-*/etcd"))


@pytest.mark.parametrize(
    ("content", "empty"),
    [
        ('{"checkpoint": {"latest": {"resources": []}}}', True),
        ('{"checkpoint": {"latest": {}}}', True),
        ('{"checkpoint": {"latest": null}}', True),
        ('{"checkpoint": {"latest": {"resources": [{"urn": "u"}]}}}', False),
        ('{"checkpoint": {"latest": {"pending_operations": [{}]}}}', False),
        ("damaged", False),
    ],
)
def test_a_state_that_may_hold_something_is_not_empty(
    tmp_path: Path, content: str, *, empty: bool
) -> None:
    assert rooms.engine_is_empty(tmp_path)
    stacks = tmp_path / "backend" / ".pulumi" / "stacks" / "llm-platform"
    stacks.mkdir(parents=True)
    (stacks / "local.json").write_text(content)
    assert rooms.engine_is_empty(tmp_path) is empty


def test_a_nearly_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10 * 1024 * 1024)

    def nearly_full(_: Path) -> Any:
        return usage

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    with pytest.raises(LocalCloudError, match="10 MiB free"):
        rooms.check_space(tmp_path)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "no space left"), (errno.EDQUOT, "no space left"), (errno.EACCES, "written")],
)
def test_trouble_with_the_disk_is_told_in_words(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(LocalCloudError, match=words), rooms.disk_errors(tmp_path):
        raise OSError(number, os.strerror(number))


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(ConnectionRefusedError), rooms.disk_errors(tmp_path):
        raise ConnectionRefusedError(errno.ECONNREFUSED, "no")
