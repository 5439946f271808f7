"""The network of a node, made inside its network namespace."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from local.node.plan import BRIDGE, NODE_ADDRESS, NODE_NETWORK, PATH

GATEWAY = "10.88.0.254"
"""Nobody has it: kube-proxy and the kubelet want a default route to tell the node's address by."""


def make() -> None:
    """Bring up loopback and a bridge with the node's address; pods route by it.

    Raises:
        subprocess.CalledProcessError: ``ip`` refuses.
    """
    length = NODE_NETWORK.partition("/")[2]
    for words in (
        ("link", "set", "lo", "up"),
        ("link", "add", BRIDGE, "type", "bridge"),
        ("address", "add", f"{NODE_ADDRESS}/{length}", "dev", BRIDGE),
        ("link", "set", BRIDGE, "up"),
        ("route", "add", "default", "via", GATEWAY, "dev", BRIDGE),
    ):
        _ip(words)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _ip(words: Sequence[str]) -> None:
    program = shutil.which("ip", path=PATH)
    if program is None:
        raise FileNotFoundError(f"ip (iproute2) is not in {PATH}")
    subprocess.run([program, *words], check=True, stdin=subprocess.DEVNULL)
