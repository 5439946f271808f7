"""Making the folder of a new cloud, and the plan of an existing one."""

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from local.cluster import pki, ports, rooms
from local.cluster.commands import CloudPlan, Ports
from local.cluster.kubeconfig import write_kubeconfig, write_webhook_config
from local.cluster.pki import NodeNames
from local.cluster.record import Record, boot_id
from local.errors import LocalCloudError
from local.node import cgroups, configs, eks, store
from local.node.access import ADMIN_KUBECONFIG
from local.node.plan import HTTPS, NODE_ADDRESS, NODE_NAME, NODE_PROCESSES, NodePlan

API_PORT_VARIABLE = "LLMP_API_PORT"
HIGHEST_PORT = 65_535


def wanted_api_port() -> int | None:
    """The API server's port that the user has fixed with ``LLMP_API_PORT``, if any.

    Raises:
        LocalCloudError: It is not the number of a port.
    """
    text = os.environ.get(API_PORT_VARIABLE, "").strip()
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= HIGHEST_PORT:
        raise LocalCloudError(
            f"{API_PORT_VARIABLE} is {text!r}, which is not a port",
            f"set it to a number from 1 to {HIGHEST_PORT}, or unset it to let one be chosen",
        )
    return int(text)


def choose_ports() -> Ports:
    """Free ports for a new cloud.

    Raises:
        LocalCloudError: The port that the user has fixed is not free.
    """
    fixed = wanted_api_port()
    if fixed is not None and not ports.is_free(fixed):
        raise busy_port(fixed, "kube-apiserver", f"or set {API_PORT_VARIABLE} to another port")
    chosen: list[int] = [fixed or ports.free_port()]
    while len(chosen) < len(Ports.__dataclass_fields__):
        chosen.append(ports.free_port(chosen))
    api, aws, controller_manager, etcd, etcd_peer = chosen
    return Ports(aws, api, controller_manager, etcd, etcd_peer)


def plan_node(taken: Ports) -> NodePlan:
    """The node of a new live cloud: a store for its images, ports, a cgroup.

    Raises:
        LocalCloudError: All stores are in use.
    """
    chosen: dict[str, int] = {}
    for name in (*NODE_PROCESSES, HTTPS, *eks.PORTS):
        used = (*taken.as_dict().values(), *chosen.values())
        chosen[name] = ports.free_port(used)
    return NodePlan(f"{cgroups.PREFIX}{secrets.token_hex(4)}", store.choose(), chosen)


def busy_port(port: int, process: str, otherwise: str) -> LocalCloudError:
    """The error for a port that somebody else holds."""
    return LocalCloudError(
        f"port {port}, which {process} of the local cloud needs, is held by {ports.holder(port)}",
        f"end that process {otherwise}, then try again",
    )


def make_folder(plan: CloudPlan) -> None:
    """Make the folder of a new cloud with everything that its processes read."""
    for part in ("", "aws", "logs", "tmp", rooms.ENGINE_FOLDER):
        rooms.private_folder(plan.folder / part)
    node = NodeNames(NODE_NAME, NODE_ADDRESS) if plan.node else None
    credentials = pki.make(plan.pki.folder, node)
    clients = [
        (plan.folder / ADMIN_KUBECONFIG, credentials.admin),
        (plan.controller_manager_kubeconfig, credentials.controller_manager),
    ]
    if plan.node:
        plan.node.write(plan.folder)
        configs.write(plan.folder, plan.node, credentials)
        files = configs.ConfigFiles(plan.folder)
        clients += [
            (files.scheduler_kubeconfig, credentials.scheduler),
            (files.kubelet_kubeconfig, credentials.kubelet),
            (files.proxy_kubeconfig, credentials.proxy),
        ]
    for path, client in clients:
        write_kubeconfig(
            path,
            server=plan.api_endpoint,
            ca=credentials.ca,
            client=client,
            name=f"llm-platform-{plan.stack}",
        )
    write_webhook_config(plan.webhook_config, f"{plan.aws_endpoint}/_llmp/token-review")
    plan.processes().write(plan.folder)


def record_of(plan: CloudPlan, providers: str) -> Record:
    """What is to be written down about the cloud of `plan`."""
    return Record(
        id=plan.cloud_id,
        stack=plan.stack,
        boot_id=boot_id(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        providers=providers,
        ports=plan.ports,
        aws_endpoint=plan.aws_endpoint,
        cluster_endpoint=plan.api_endpoint,
        ca_file=plan.pki.ca,
        kubeconfig=plan.folder / ADMIN_KUBECONFIG,
    )


def plan_of(
    record: Record, folder: Path, tools: Mapping[str, Path], aws_program: Sequence[str]
) -> CloudPlan:
    """The plan of the cloud in `folder`, with the tools of today."""
    return CloudPlan(
        folder, record.id, record.stack, record.ports, tools, aws_program, NodePlan.read(folder)
    )
