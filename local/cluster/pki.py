"""Certificates and keys of one control plane: made once, private, thrown away with the cloud."""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = "127.0.0.1"
SERVICE_ADDRESS = "10.96.0.1"
"""First address of the Service network: that of the Service ``kubernetes``."""
API_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
ADMIN = "llm-platform-admin"
CONTROLLER_MANAGER = "system:kube-controller-manager"
FRONT_PROXY = "front-proxy-client"
"""Who kube-apiserver says it is to extension API servers."""
VALID_FOR = datetime.timedelta(days=5 * 365)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM files."""

    cert: Path
    key: Path


@dataclass(frozen=True)
class Pki:
    """Where the credentials of a control plane are; every file is 0600 in a 0700 folder."""

    folder: Path

    @property
    def ca(self) -> Path:
        """Certificate of the cluster's authority."""
        return self.folder / "ca.crt"

    @property
    def etcd_ca(self) -> Path:
        """Certificate of the authority that etcd trusts; it signs nothing for people."""
        return self.folder / "etcd-ca.crt"

    @property
    def serving(self) -> Pair:
        """What kube-apiserver and kube-controller-manager show to their clients."""
        return self._pair("serving")

    @property
    def admin(self) -> Pair:
        """A client in ``system:masters``."""
        return self._pair("admin")

    @property
    def controller_manager(self) -> Pair:
        """The client that kube-controller-manager is."""
        return self._pair("kube-controller-manager")

    @property
    def kubelet(self) -> Pair:
        """The client that the kubelet of a live cloud's node is."""
        return self._pair("kubelet")

    @property
    def kubelet_serving(self) -> Pair:
        """What that kubelet shows to its clients."""
        return self._pair("kubelet-serving")

    @property
    def kubelet_client(self) -> Pair:
        """The client that kube-apiserver is to that kubelet."""
        return self._pair("kube-apiserver-kubelet-client")

    @property
    def scheduler(self) -> Pair:
        """The client that kube-scheduler is."""
        return self._pair("kube-scheduler")

    @property
    def proxy(self) -> Pair:
        """The client that kube-proxy is."""
        return self._pair("kube-proxy")

    @property
    def front_proxy_ca(self) -> Path:
        """Certificate of the authority that extension API servers trust to name a caller."""
        return self.folder / "front-proxy-ca.crt"

    @property
    def front_proxy(self) -> Pair:
        """The client that kube-apiserver is to extension API servers."""
        return self._pair("front-proxy-client")

    @property
    def etcd(self) -> Pair:
        """Both etcd's serving certificate and its client's: it has one client."""
        return self._pair("etcd")

    @property
    def service_accounts(self) -> Pair:
        """Key pair of service account tokens; `Pair.cert` is the bare public key."""
        return Pair(self.folder / "service-accounts.pub", self.folder / "service-accounts.key")

    def _pair(self, name: str) -> Pair:
        return Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")


@dataclass(frozen=True)
class NodeNames:
    """By what a live cloud's node is known."""

    name: str
    address: str


def make(folder: Path, node: NodeNames | None = None) -> Pki:
    """Make every credential of a new control plane in `folder`, which must not exist yet.

    With a `node`, those of its kubelet, of kube-scheduler, of kube-proxy and of the aggregation
    layer too.
    """
    folder.mkdir(mode=0o700)
    pki = Pki(folder)
    cluster = _Authority("llm-platform local cluster")
    _write(pki.ca, cluster.pem())
    addresses = (LOOPBACK, SERVICE_ADDRESS, *((node.address,) if node else ()))
    cluster.issue(pki.serving, "kube-apiserver", server_names=API_NAMES, addresses=addresses)
    if node:
        _make_for_node(pki, cluster, node)
    cluster.issue(pki.admin, ADMIN, group="system:masters")
    cluster.issue(pki.controller_manager, CONTROLLER_MANAGER)
    storage = _Authority("llm-platform local etcd")
    _write(pki.etcd_ca, storage.pem())
    storage.issue(pki.etcd, "etcd", server_names=("localhost",))
    tokens = ec.generate_private_key(ec.SECP256R1())
    _write(pki.service_accounts.key, _key_pem(tokens))
    public = tokens.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(pki.service_accounts.cert, public)
    return pki


def _make_for_node(pki: Pki, cluster: "_Authority", node: NodeNames) -> None:
    user = f"system:node:{node.name}"
    cluster.issue(pki.kubelet, user, group="system:nodes")
    cluster.issue(
        pki.kubelet_serving,
        user,
        group="system:nodes",
        server_names=(node.name,),
        addresses=(LOOPBACK, node.address),
    )
    cluster.issue(pki.kubelet_client, "kube-apiserver-kubelet-client", group="system:masters")
    cluster.issue(pki.scheduler, "system:kube-scheduler")
    cluster.issue(pki.proxy, "system:kube-proxy")
    front = _Authority("llm-platform local front proxy")
    _write(pki.front_proxy_ca, front.pem())
    front.issue(pki.front_proxy, FRONT_PROXY)


class _Authority:
    """A certificate authority whose key never reaches the disk."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._cert = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def pem(self) -> bytes:
        return self._cert.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        pair: Pair,
        name: str,
        *,
        group: str = "",
        server_names: Sequence[str] = (),
        addresses: Sequence[str] = (LOOPBACK, SERVICE_ADDRESS),
    ) -> None:
        """Write a certificate for clients, and for servers as well when it has names."""
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if group:
            attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = _builder(x509.Name(attributes), self._name, key.public_key())
        if server_names:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
            names: list[x509.GeneralName] = [x509.DNSName(each) for each in server_names]
            names += [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        cert = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        _write(pair.key, _key_pem(key))
        _write(pair.cert, cert.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # the clock may be set back
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
