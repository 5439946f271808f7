"""The life of a stack's local cloud: made, resumed, noticed as lost, stopped.

A cloud is four processes under one keeper, and the engine's state beside them. The AWS process
has everything in memory, so the cloud ends with it; Kubernetes is on disk and is started again.
A live cloud has a node as well, and all its processes run in namespaces of their own.
"""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from local import locks
from local.cluster import building, health, keeping, rooms
from local.cluster.choices import refuse_to_mix
from local.cluster.commands import AWS, AWS_PROGRAM, ETCD, CloudPlan
from local.cluster.port_check import check_ports
from local.cluster.processes import Plan
from local.cluster.progress import ProcessProgress
from local.cluster.record import Record, boot_id
from local.errors import LocalCloudError
from local.node import access
from local.node.access import LiveCloud
from local.node.plan import NodePlan
from local.node.store import TAKEN as STORE_TAKEN
from local.paths import state_folder
from local.reporter import Reporter

STEP = "local cloud"
START_SECONDS = 60.0
AWS_ANSWER_SECONDS = 5.0
OTHER_COMMAND_SECONDS = 240.0
BUSY = "works on the same cloud"
PORT_ATTEMPTS = 3
PORT_TAKEN = "address already in use"
PROVIDERS = ("stand-in", "official")


@dataclass(frozen=True)
class LocalCloud:
    """A cloud that is alive.

    Attributes:
        id: Its identity: another id is another cloud, with nothing of this one in it.
        folder: Where it lives.
        stack: Name of its stack.
        providers: ``stand-in`` or ``official``: who talks to it on the engine's behalf.
        aws_endpoint: Address of every AWS service.
        cluster_endpoint: Address of the Kubernetes API server.
        kubeconfig: Kubeconfig of its administrator.
        engine_folder: Where Pulumi's backend, home and workspace live; private.
        live: Access to the node, for a live cloud.
    """

    id: str
    folder: Path
    stack: str
    providers: str
    aws_endpoint: str
    cluster_endpoint: str
    kubeconfig: Path
    engine_folder: Path
    live: LiveCloud | None = None


@dataclass(frozen=True)
class _Order:
    """What was asked for."""

    stack: str
    providers: str
    tools: Mapping[str, Path]
    reporter: Reporter
    aws_program: Sequence[str]
    live: bool

    @property
    def folder(self) -> Path:
        return _room(self.stack) / "cloud"


def ensure(
    stack: str,
    providers: str,
    tools: Mapping[str, Path],
    reporter: Reporter,
    *,
    aws_program: Sequence[str] = AWS_PROGRAM,
    live: bool = False,
) -> tuple[LocalCloud, list[str]]:
    """Return the stack's cloud, alive and healthy: the one there is, or a new one.

    Args:
        stack: Name of the stack.
        providers: ``stand-in`` or ``official``; one cloud never serves both.
        tools: Paths of etcd, kube-apiserver and kube-controller-manager by name.
        reporter: Told of the progress.
        aws_program: Program and first arguments of the AWS process.
        live: Whether it has a node; needs the tools of `local.node.plan.NODE_TOOLS` too, and root.

    Returns:
        The cloud, and what was lost with the one before it, in words; nothing when it was
        resumed or there was none.

    Raises:
        LocalCloudError: It cannot be had; says why, and shows the log of the process to blame.
        ValueError: `providers` is neither of the two.
    """
    if providers not in PROVIDERS:
        raise ValueError(f"providers is {providers!r}, allowed: {', '.join(PROVIDERS)}")
    order = _Order(stack, providers, tools, reporter, aws_program, live)
    room = _room(stack)
    with rooms.disk_errors(room):
        rooms.private_folder(room)
        with _only_command(room, reporter):
            return _ensured(order)


def find(stack: str) -> LocalCloud | None:
    """The stack's cloud when it is alive and healthy, else None; starts and changes nothing."""
    folder = _room(stack) / "cloud"
    record = Record.read(folder)
    if record is None or record.boot_id != boot_id() or not keeping.is_alive(folder):
        return None
    if any(health.probe(spec.health) for spec in Plan.read(folder).processes):
        return None
    return _cloud(record, folder)


def recorded(stack: str) -> LocalCloud | None:
    """The stack's cloud as it is written down, alive or not; None when there is none."""
    folder = _room(stack) / "cloud"
    record = Record.read(folder)
    return _cloud(record, folder) if record else None


def lost(stack: str) -> str:
    """What of the stack's cloud cannot be had back, in words; changes nothing.

    Empty when the cloud can go on, if need be after its Kubernetes was started again, and when
    there is none.
    """
    folder = _room(stack) / "cloud"
    record = Record.read(folder)
    return _what_is_gone(folder, record) if record else ""


def stop(stack: str, reporter: Reporter) -> bool:
    """End the stack's cloud, and with it everything in it; returns False when there was none.

    What may still be read, logs and the engine's state, is put aside like a lost cloud.

    Raises:
        LocalCloudError: Something of it could not be ended.
    """
    room = _room(stack)
    folder = room / "cloud"
    if not folder.exists():
        return False
    with (
        rooms.disk_errors(room),
        _only_command(room, reporter),
    ):
        if not folder.exists():
            return False
        reporter.note(STEP, "stopping its processes")
        keeping.stop(folder)
        if Record.read(folder) is None:
            rooms.discard(folder)
            return False
        rooms.put_aside(folder)
        return True


def _only_command(room: Path, reporter: Reporter) -> AbstractContextManager[None]:
    """One command that starts or stops this cloud at a time; a second one waits."""
    return locks.waiting(room / "ensure.lock", reporter, STEP, BUSY, OTHER_COMMAND_SECONDS)


def _ensured(order: _Order) -> tuple[LocalCloud, list[str]]:
    folder = order.folder
    record = Record.read(folder)
    if record is None:
        # Half made by a command that was killed: nobody ever used it.
        _clear(folder)
        return _create(order), []
    gone = _what_is_gone(folder, record)
    is_live = NodePlan.read(folder) is not None
    if not gone and (record.providers != order.providers or is_live != order.live):
        refuse_to_mix(record, folder, providers=order.providers, live=order.live)
        keeping.stop(folder)
        rooms.discard(folder)
        return _create(order), []
    if not gone:
        gone = _resume(order, record)
    if not gone:
        return _cloud(record, folder), []
    keeping.stop(folder)
    kept = rooms.put_aside(folder)
    lost = [f"{gone}; everything in it is gone, in AWS, in Kubernetes and in Pulumi's state"]
    lost.append(f"its logs and the engine's old state are in {kept}")
    return _create(order), lost


def _what_is_gone(folder: Path, record: Record) -> str:
    """What of the cloud cannot be had back, in words; empty when it can go on."""
    if record.boot_id != boot_id():
        return "this machine was restarted since the local cloud was made"
    known = keeping.status(folder)
    if known is None or not keeping.is_alive(folder):
        reason = known.ended if known else "its keeper never began"
        return f"the local cloud had stopped ({reason})"
    aws = next(spec for spec in Plan.read(folder).processes if spec.name == AWS)
    sick = health.wait([aws], lambda: keeping.status(folder), AWS_ANSWER_SECONDS)
    if sick:
        return f"{aws.title} had stopped ({sick.why})"
    if not (folder / ETCD / "member").is_dir():
        return "the data of Kubernetes (etcd) had been removed"
    return ""


def _resume(order: _Order, record: Record) -> str:
    """Have the Kubernetes processes running; returns what cannot be had back, in words."""
    folder, reporter = order.folder, order.reporter
    fixed = building.wanted_api_port()
    if fixed not in {None, record.ports.api}:
        reporter.note(
            STEP,
            f"{building.API_PORT_VARIABLE} counts when a cloud is made; {record.ports.api} it is",
        )
    plan = building.plan_of(record, folder, order.tools, order.aws_program)
    kept = [spec for spec in plan.processes().processes if spec.name != AWS]
    if not any(health.probe(spec.health) for spec in kept):
        return ""
    # The tools may have moved since.
    plan.processes().write(folder)
    check_ports(folder, kept)
    keeping.wake(folder)
    progress = ProcessProgress(kept, reporter)
    sick = health.wait(kept, lambda: keeping.status(folder), START_SECONDS, progress.ready)
    if sick is None:
        return ""
    progress.failed(sick)
    check_ports(folder, kept)
    if sick.process.name == ETCD and sick.hopeless:
        return f"Kubernetes could not be started again from its data (etcd {sick.why})"
    raise LocalCloudError(
        f"{sick.process.title} of the local cloud does not come back: {sick.why}",
        f"its log is {folder / 'logs' / sick.process.name}.log; try again, or end this cloud and "
        f"everything in it with: llmp destroy {order.stack}",
        health.tail(folder, sick.process.name),
    )


def _create(order: _Order) -> LocalCloud:
    """Make a new cloud; nothing of it is left when that fails."""
    room = _room(order.stack)
    rooms.check_space(room)
    for attempt in range(PORT_ATTEMPTS):
        ports = building.choose_ports()
        plan = CloudPlan(
            order.folder,
            str(uuid.uuid4()),
            order.stack,
            ports,
            order.tools,
            order.aws_program,
            building.plan_node(ports) if order.live else None,
        )
        try:
            sick = _raised(plan, order.reporter)
            if sick is None:
                record = building.record_of(plan, order.providers)
                record.write(plan.folder)
                return _cloud(record, plan.folder)
            log = health.tail(plan.folder, sick.process.name)
            logs = _taken_down(plan.folder)
        except BaseException as error:
            _clear(plan.folder)
            if attempt + 1 < PORT_ATTEMPTS and _was_taken(error):
                continue
            raise
        if PORT_TAKEN not in log.lower() or attempt + 1 == PORT_ATTEMPTS:
            raise LocalCloudError(
                f"{sick.process.title} of the local cloud does not start: {sick.why}",
                f"all logs of this start are in {logs}; the cloud was taken down, try again",
                log,
            )
        order.reporter.note(STEP, "somebody took one of its ports meanwhile, choosing others")
    raise AssertionError


def _was_taken(error: BaseException) -> bool:
    """Whether somebody took a port or a store of images between its choice and its use."""
    said = error.detail.lower() if isinstance(error, LocalCloudError) else ""
    return PORT_TAKEN in said or STORE_TAKEN in said


def _raised(plan: CloudPlan, reporter: Reporter) -> health.Sick | None:
    building.make_folder(plan)
    specs = plan.processes().processes
    progress = ProcessProgress(specs, reporter)
    keeping.start(plan.folder, plan.node)
    sick = health.wait(specs, lambda: keeping.status(plan.folder), START_SECONDS, progress.ready)
    if sick:
        progress.failed(sick)
    return sick


def _taken_down(folder: Path) -> Path:
    keeping.stop(folder)
    logs = rooms.keep_logs(folder)
    rooms.discard(folder)
    return logs


def _clear(folder: Path) -> None:
    if folder.exists():
        keeping.stop(folder)
        rooms.discard(folder)


def _room(stack: str) -> Path:
    return state_folder().resolve() / stack


def _cloud(record: Record, folder: Path) -> LocalCloud:
    return LocalCloud(
        id=record.id,
        folder=folder,
        stack=record.stack,
        providers=record.providers,
        aws_endpoint=record.aws_endpoint,
        cluster_endpoint=record.cluster_endpoint,
        kubeconfig=record.kubeconfig,
        engine_folder=folder / rooms.ENGINE_FOLDER,
        live=access.of_folder(folder),
    )
