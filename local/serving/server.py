"""The life of a server: started, found, noticed as dead, stopped.

One server a checkout: Triton and the gateway under one keeper, in a folder of the state folder
whose name no stack can have. The API key and the hashed keys stay there when it is stopped, so
that lines copied from an earlier start go on working.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local import locks
from local.cluster import health, keeping, ports, rooms
from local.cluster.port_check import check_ports
from local.cluster.processes import KeeperStatus, Plan, ProcessSpec, log_file
from local.cluster.progress import ProcessProgress
from local.cluster.record import boot_id
from local.errors import LocalCloudError
from local.paths import cache_folder, state_folder
from local.reporter import Reporter
from local.serving import access, gateway_settings, leftovers
from local.serving.order import DEFAULT_PORT, Order, ServePorts, differences, ports_from
from local.serving.plan import ServePlan
from local.serving.progress import StartWatch
from local.serving.record import SERVE_FILE, Serving

FOLDER = "_serve"
"""No stack has a name that begins so."""
STEP = "server"
START_SECONDS = 180.0
COME_BACK_SECONDS = 60.0
OTHER_COMMAND_SECONDS = 240.0
BUSY = "starts or stops the same server"
STOP_HINT = "stop it first: llmp serve --down"


@dataclass(frozen=True)
class Programs:
    """What a server is made of, apart from its settings.

    Attributes:
        python: Interpreter of `services/`.
        gateway_defaults: The gateway's settings for this machine, as checked in; in files, of
            which the earlier ones count more.
    """

    python: Path
    gateway_defaults: Sequence[Path]


def folder() -> Path:
    """The folder of this checkout's server."""
    return state_folder().resolve() / FOLDER


def ensure(order: Order, programs: Programs, reporter: Reporter) -> tuple[Serving, bool]:
    """Have a server that works.

    Args:
        order: What is to be served.
        programs: What it is made of.
        reporter: Told of the progress.

    Returns:
        The server, and whether it ran before.

    Raises:
        InvalidInputsError: The order is wrong; names every problem.
        LocalCloudError: It cannot be had, or another one runs; says why.
    """
    order.check()
    place = folder()
    with rooms.disk_errors(place):
        rooms.private_folder(place)
        with locks.waiting(place / "serve.lock", reporter, STEP, BUSY, OTHER_COMMAND_SECONDS):
            serving = _alive(place)
            if serving is None:
                _clear(place)
                return _start(order, programs, place, reporter), False
            _refuse_others(order, serving)
            _revive(serving, reporter)
            return serving, True


def find() -> Serving | None:
    """The server when it runs, healthy or not, else None; starts and changes nothing."""
    return _alive(folder())


def stop(reporter: Reporter) -> bool:
    """End the server and remove what is left of it but its keys and logs; False: there was none.

    Raises:
        LocalCloudError: Something of it could not be ended.
    """
    place = folder()
    if not place.exists():
        return False
    with (
        rooms.disk_errors(place),
        locks.waiting(place / "serve.lock", reporter, STEP, BUSY, OTHER_COMMAND_SECONDS),
    ):
        ran = keeping.is_alive(place)
        if ran:
            reporter.note(STEP, "stopping; running answers may end first")
        existed = Serving.read(place) is not None
        _clear(place)
        return ran or existed


def sick(serving: Serving) -> dict[str, str]:
    """What of a server does not work, by name, and why in words; empty when all does."""
    specs = Plan.read(serving.folder).processes
    found = {spec.name: health.probe(spec.health) for spec in specs}
    return {name: why for name, why in found.items() if why}


def _alive(place: Path) -> Serving | None:
    serving = Serving.read(place)
    if serving is None or serving.boot_id != boot_id() or not keeping.is_alive(place):
        return None
    known = keeping.status(place)
    # Only orphans of a killed keeper hold its lock: nobody would start anything again.
    if known is None or known.ended or not leftovers.runs(known.pid):
        return None
    return serving


def _refuse_others(order: Order, serving: Serving) -> None:
    found = differences(order, serving.repository, serving.models, serving.ports.http)
    if found:
        raise LocalCloudError(
            f"a server runs already, and {'; '.join(found)}",
            f"leave the option out to use it, or {STOP_HINT}",
        )


def _revive(serving: Serving, reporter: Reporter) -> None:
    """Have a server that runs work again, if it does not."""
    unwell = sick(serving)
    if not unwell:
        return
    place = serving.folder
    specs = [spec for spec in Plan.read(place).processes if spec.name in unwell]
    check_ports(place, specs)
    keeping.wake(place)
    progress = ProcessProgress(specs, reporter)
    found = health.wait(specs, lambda: keeping.status(place), COME_BACK_SECONDS, progress.ready)
    if found is None:
        return
    progress.failed(found)
    check_ports(place, specs)
    raise LocalCloudError(
        f"{found.process.title} does not come back: {found.why}",
        f"try again, or {STOP_HINT}",
        health.tail(place, found.process.name),
    )


def _start(order: Order, programs: Programs, place: Path, reporter: Reporter) -> Serving:
    defaults = gateway_settings.read_defaults(programs.gateway_defaults)
    defaults = gateway_settings.with_own_entries(defaults, order.folder)
    models = order.chosen_models(gateway_settings.offered(defaults))
    chosen = _choose_ports(order.port)
    settings = gateway_settings.compose(defaults, folder=place, models=models, ports=chosen)
    plan = ServePlan(
        folder=place,
        python=programs.python,
        cache=cache_folder().resolve(),
        repository=order.folder,
        models=models,
        ports=chosen,
        gateway_file=gateway_settings.write(settings, place),
    )
    specs = plan.processes().processes
    _check_free(specs)
    access.ensure_key(programs.python, place)
    for spec in specs:
        _put_log_aside(log_file(place, spec.name))
    try:
        plan.processes().write(place)
        found = _wait(specs, plan, reporter)
        if found is not None:
            log = health.tail(place, found.process.name)
            raise LocalCloudError(
                f"{found.process.title} does not start: {found.why}",
                f"its whole log is in {place / 'logs'}; everything was taken down again",
                log,
            )
        serving = Serving(
            folder=place,
            boot_id=boot_id(),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            repository=order.folder,
            models=models,
            chat_model=gateway_settings.chat_model(settings),
            ports=chosen,
        )
        serving.write()
    except BaseException:
        _clear(place)
        raise
    return serving


def _put_log_aside(log: Path) -> None:
    """Begin a log anew; that of the last start stays beside it."""
    if log.exists():
        log.replace(log.with_suffix(".log.old"))


def _wait(specs: Sequence[ProcessSpec], plan: ServePlan, reporter: Reporter) -> health.Sick | None:
    progress = ProcessProgress(specs, reporter)

    def status() -> KeeperStatus | None:
        return keeping.status(plan.folder)

    watch = StartWatch(status, plan.folder, plan.models, reporter)
    keeping.start(plan.folder)
    found = health.wait(specs, watch, START_SECONDS, progress.ready)
    if found is not None:
        progress.failed(found)
    return found


def _choose_ports(port: int | None) -> ServePorts:
    if port != 0:
        return ports_from(DEFAULT_PORT if port is None else port)
    chosen: list[int] = []
    while len(chosen) < len(ServePorts.__dataclass_fields__):
        chosen.append(ports.free_port(chosen))
    return ServePorts(*chosen)


def _check_free(specs: Sequence[ProcessSpec]) -> None:
    """Refuse when a port is taken; names all that are, and who has them."""
    taken = [
        f"port {port}, which {spec.title} needs, is held by {ports.holder(port)}"
        for spec in specs
        for port in spec.ports
        if not ports.is_free(port)
    ]
    if taken:
        raise LocalCloudError(
            "; ".join(taken),
            "end what holds them, or choose others: --port NUMBER, or --port 0 for any free ones",
        )


def _clear(place: Path) -> None:
    """End what runs and remove what it leaves, but for keys and logs."""
    leftovers.end_orphans(place)
    keeping.stop(place)
    leftovers.remove_regions()
    (place / SERVE_FILE).unlink(missing_ok=True)
