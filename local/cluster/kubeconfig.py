"""Kubeconfig files with everything in them, and the one of the token webhook."""

import base64
from pathlib import Path

import yaml

from local.cluster.pki import Pair
from local.cluster.processes import write_private


def write_kubeconfig(path: Path, *, server: str, ca: Path, client: Pair, name: str) -> None:
    """Write a private kubeconfig that holds its credentials and so works from anywhere.

    Args:
        path: Where to write it.
        server: Address of the API server.
        ca: Certificate of its authority.
        client: Client certificate and key.
        name: Name of its cluster, user and context.
    """
    cluster = {"server": server, "certificate-authority-data": _encoded(ca)}
    user = {
        "client-certificate-data": _encoded(client.cert),
        "client-key-data": _encoded(client.key),
    }
    _write(path, cluster, user, name)


def write_webhook_config(path: Path, url: str) -> None:
    """Write what kube-apiserver needs to ask `url` who the bearer of a token is."""
    _write(path, {"server": url}, {}, "token-review")


def _write(path: Path, cluster: dict[str, str], user: dict[str, str], name: str) -> None:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    write_private(path, yaml.safe_dump(content, sort_keys=False))


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
