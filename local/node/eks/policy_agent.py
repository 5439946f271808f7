"""Keeps the node's firewall in line with the cluster's network policies."""

import shutil
import subprocess
import threading

from local.node.eks.health import serve_health
from local.node.eks.kube import Kube
from local.node.eks.policy_rules import Node, pods_of, ruleset
from local.node.eks.settings import NETWORK_POLICY, EksSettings
from local.node.eks.watching import Cache, Loop, say
from local.node.plan import PATH
from local.providers.kubernetes.trees import mapping

APPLY_SECONDS = 20.0


def program() -> str | None:
    """The program that changes the firewall; None when it is not installed."""
    return shutil.which("nft", path=PATH)


def run(settings: EksSettings) -> None:
    """Enforce for good.

    Raises:
        FileNotFoundError: ``nft`` is not installed.
    """
    nft = program()
    if nft is None:
        raise FileNotFoundError(f"nft (package nftables) is not in {PATH}")
    kube, changed = Kube(settings.credentials), threading.Event()
    policies = Cache(kube, "/apis/networking.k8s.io/v1/networkpolicies", changed)
    pods = Cache(kube, "/api/v1/pods", changed)
    namespaces = Cache(kube, "/api/v1/namespaces", changed)
    node = Node(settings.node_name, settings.node_address, (settings.api_port, settings.aws_port))
    applied: list[str] = []

    def reconcile() -> None:
        labels = {
            each["metadata"]["name"]: mapping(each["metadata"].get("labels"))
            for each in namespaces.objects()
        }
        rules = ruleset(policies.objects(), pods_of(pods.objects()), labels, node)
        if applied != [rules]:
            _apply(nft, rules)
            applied[:] = [rules]
            say(f"{len(policies.objects())} policies in force, {rules.count('drop')} sets of rules")

    loop = Loop(reconcile, changed, [policies, pods, namespaces])
    loop.start()
    serve_health(settings.ports[NETWORK_POLICY], [loop.trouble])
    threading.Event().wait()


def _apply(nft: str, rules: str) -> None:
    """Replace the table in one step: there is no moment without rules."""
    try:
        ended = subprocess.run(
            [nft, "-f", "-"],
            input=rules,
            capture_output=True,
            text=True,
            timeout=APPLY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"nft did not end within {APPLY_SECONDS:g} s") from None
    if ended.returncode != 0:
        raise OSError(f"nft refuses the rules: {ended.stderr.strip()[:500]}")
