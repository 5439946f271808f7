"""The processes of EKS's side as the keeper's table wants them."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from local.cluster.pki import LOOPBACK
from local.cluster.processes import Health, ProcessSpec, Restart
from local.node.eks import policy_agent
from local.node.eks.kube import Credentials
from local.node.eks.settings import (
    CONTROLLERS,
    KWOK,
    NETWORK_POLICY,
    POD_IDENTITY,
    WEBHOOK,
    EksSettings,
)
from local.node.plan import NODE_ADDRESS, NODE_NAME, PATH
from local.paths import REPOSITORY

if TYPE_CHECKING:
    from local.cluster.commands import CloudPlan

KWOK_NETWORK = "10.245.0.1/24"
"""Addresses of pods that are not real; they lead nowhere."""
TITLES = {
    CONTROLLERS: "EKS controllers (load balancers, volumes, node groups)",
    POD_IDENTITY: "EKS Pod Identity (webhook, agent)",
    NETWORK_POLICY: "network policy agent",
    KWOK: "kwok (simulated nodes)",
}
ADMIN_KUBECONFIG = "admin.kubeconfig"


def settings_of(plan: "CloudPlan") -> EksSettings:
    """What the processes of a live cloud are told.

    Raises:
        ValueError: The cloud has no node.
    """
    if plan.node is None:
        raise ValueError("the cloud has no node")
    admin, serving = plan.pki.admin, plan.pki.serving
    return EksSettings(
        folder=str(plan.folder),
        credentials=Credentials(
            plan.api_endpoint, str(plan.pki.ca), str(admin.cert), str(admin.key)
        ),
        serving_cert=str(serving.cert),
        serving_key=str(serving.key),
        aws_endpoint=plan.aws_endpoint,
        pod_aws_endpoint=f"http://{NODE_ADDRESS}:{plan.ports.aws}",
        node_name=NODE_NAME,
        node_address=NODE_ADDRESS,
        api_port=plan.ports.api,
        aws_port=plan.ports.aws,
        ports=dict(plan.node.ports),
    )


def specs(plan: "CloudPlan") -> Sequence[ProcessSpec]:
    """The table; the agent of network policies is left out where its program is missing."""
    settings = settings_of(plan)
    names = [CONTROLLERS, POD_IDENTITY]
    if policy_agent.program():
        names.append(NETWORK_POLICY)
    ours = [_ours(name, settings) for name in names]
    return [*ours, _kwok(plan, settings)]


def _ours(name: str, settings: EksSettings) -> ProcessSpec:
    ports = [settings.ports[name]]
    if name == POD_IDENTITY:
        ports.append(settings.ports[WEBHOOK])
    argv = [sys.executable, "-P", "-m", "local.node.eks", name, settings.text()]
    env = {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    return _spec(name, argv, settings, env=env, ports=ports)


def _kwok(plan: "CloudPlan", settings: EksSettings) -> ProcessSpec:
    flags = {
        "kubeconfig": plan.folder / ADMIN_KUBECONFIG,
        "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
        "cidr": KWOK_NETWORK,
        # the heartbeats that kwok writes without leases come further apart than Kubernetes waits
        "node-lease-duration-seconds": 40,
        "server-address": f"{LOOPBACK}:{settings.ports[KWOK]}",
    }
    argv = [str(plan.tools[KWOK]), *(f"--{key}={value}" for key, value in flags.items())]
    return _spec(KWOK, argv, settings, env={}, ports=[settings.ports[KWOK]])


def _spec(
    name: str,
    argv: Sequence[str],
    settings: EksSettings,
    *,
    env: dict[str, str],
    ports: Sequence[int],
) -> ProcessSpec:
    common = {
        "HOME": settings.folder,
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "TMPDIR": str(settings.root / "tmp"),
    }
    return ProcessSpec(
        name=name,
        title=TITLES[name],
        argv=argv,
        env={**common, **env},
        restart=Restart.ALWAYS,
        health=Health(f"http://{LOOPBACK}:{settings.ports[name]}/healthz"),
        stop_seconds=3,
        ports=ports,
    )
