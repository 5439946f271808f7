"""One examination from the start of a server to its end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from conformance import answers, drain, health, refusals, scrape
from conformance.openai import OpenAi
from conformance.place import LIVE, READY, Limits, Place, Stopper, first_there
from conformance.server import Elsewhere, Known, Started
from conformance.surfaces import Surface, listed_models, of_description
from conformance.wire import Client
from conformance.words import REQUIREMENTS, Finding, left_out, met, not_met, not_run

SURFACES = ("auto", "openai", "v2")


class CannotExamineError(Exception):
    """There is nothing to examine; the message says why and what to do."""


@dataclass(frozen=True)
class Order:
    """What the caller wants.

    Attributes:
        url: Of the server.
        headers: Sent with every question.
        surface: One of `SURFACES`.
        model: Its name; the first that the server lists if empty.
        live: Path of liveness; looked for if empty.
        ready: Path of readiness; looked for if empty.
        metrics: Path of metrics, or a whole URL where another port has them.
        seconds: Longest silence of the server.
        pid: Of a server on this machine; None where it is not known.
        stop: Command that ends the server; empty for none.
        without: Requirements to leave out.
        limits: What is allowed.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    surface: str = "auto"
    model: str = ""
    live: str = ""
    ready: str = ""
    metrics: str = "/metrics"
    seconds: float = 60
    pid: int | None = None
    stop: str = ""
    without: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)


def examine(order: Order, started: Started | None = None) -> tuple[str, list[Finding]]:
    """Examine a server.

    Args:
        order: What is wanted.
        started: The server, where the suite has started it just now.

    Returns:
        Title of the report, findings in the order of `REQUIREMENTS`.

    Raises:
        CannotExamineError: Nothing answers, or what it serves cannot be found out.
    """
    client = Client(order.url, order.headers, order.seconds)
    title = f"conformance of {client.url}"
    if started is None:
        begun: list[Finding] = [left_out("start", "it was started by somebody else")]
    else:
        begun = _start(order, client, started)
        if begun[0].verdict.value != "met":
            reason = "the server did not get ready"
            rest = [not_run(each, reason) for each in REQUIREMENTS if each != "start"]
            return title, _wanted(order, [*begun, *rest])
    surface = _surface(order, client)
    place = _place(order, client, surface, started)
    early = {each.requirement for each in begun}
    found = [each for each in _findings(place, order) if each.requirement not in early]
    return f"{title} · {surface.name} · {surface.model}", _wanted(order, [*begun, *found])


def _start(order: Order, client: Client, started: Started) -> list[Finding]:
    """Wait for a server; whether it gets ready, and whether that is true the first time."""

    def path() -> str:
        return order.ready or first_there(client, READY)

    up, told = health.wait(client, path, order.limits.start_seconds, started.is_running)
    if not up:
        return [not_met("start", f"{told}; its log ends:\n{started.tail()}")]
    return [met("start", told), _first_answer(order, client, path())]


def _first_answer(order: Order, client: Client, ready: str) -> Finding:
    """Ask at once after the first 200 of readiness; then wait until it really answers."""
    requirement = "ready-when-loaded"
    early = ""
    deadline = time.monotonic() + order.limits.start_seconds
    while time.monotonic() < deadline:
        try:
            surface = _surface(order, client)
        except CannotExamineError as error:
            early = early or str(error)
        else:
            answer = client.post(surface.path, surface.question(1))
            if answer.status == 200 or answer.status in range(400, 500):
                status = 0 if early else answer.status
                return health.judged(requirement, ready, 200, status, early or answer.told())
            early = early or answer.told()
        time.sleep(0.1)
    return health.judged(requirement, ready, 200, 0, early)


def _surface(order: Order, client: Client) -> Surface:
    """The surface and the model to ask for, by what the caller says or else the server."""
    if order.surface == "openai" and order.model:
        return OpenAi(order.model)
    if order.surface in ("auto", "openai"):
        answer = client.get(OpenAi.description)
        listed = listed_models(answer.json()) if answer.status == 200 else []
        if listed:
            return OpenAi(order.model or listed[0])
        if order.surface == "openai":
            message = f"GET {OpenAi.description} lists no model: {answer.told()}; use --model"
            raise CannotExamineError(message)
    model = order.model or next(iter(listed_models(client.get("/v2/models").json())), "")
    if not model:
        message = (
            f"neither GET {client.url}/v1/models nor /v2/models lists a model; "
            "name one by --model, and the surface by --surface"
        )
        raise CannotExamineError(message)
    described = client.get(f"/v2/models/{model}")
    surface = of_description(model, described.json())
    if isinstance(surface, str):
        message = f"GET /v2/models/{model}: {described.told()}; {surface}"
        raise CannotExamineError(message)
    return surface


def _place(order: Order, client: Client, surface: Surface, started: Started | None) -> Place:
    live = order.live or first_there(client, LIVE)
    scraper, metrics = client, order.metrics
    if "://" in metrics:
        scraper, metrics = Client(metrics, order.headers, order.seconds), ""
    stopper: Stopper | None = started
    if order.pid is not None:
        stopper = Known(order.pid)
    elif order.stop:
        stopper = Elsewhere(order.stop, client, live)
    return Place(
        client=client,
        surface=surface,
        live=live,
        ready=order.ready or first_there(client, READY),
        scraper=scraper,
        metrics=metrics,
        stopper=stopper,
        limits=order.limits,
    )


Check = Callable[[Place], Finding | list[Finding]]
CHECKS: Sequence[tuple[tuple[str, ...], Check]] = (
    (("live",), health.check_live),
    (("ready",), health.check_ready),
    (("ready-when-loaded",), health.check_ready_is_true),
    (("model",), answers.check_model),
    (("answer",), answers.check_answer),
    (("stream",), answers.check_stream),
    (("client-gone",), answers.check_leaving),
    (("load",), answers.check_load),
    (("metrics", "metrics-count"), scrape.check),
    (("bad-input", "bad-input-told"), refusals.check),
    (drain.REQUIREMENTS, drain.check),
)
"""The checks in order, each with the requirements that it judges. The last one ends the server."""


def _findings(place: Place, order: Order) -> list[Finding]:
    findings: list[Finding] = []
    for requirements, check in CHECKS:
        if order.without.issuperset(requirements):
            continue
        found = check(place)
        findings += found if isinstance(found, list) else [found]
    return findings


def _wanted(order: Order, findings: Sequence[Finding]) -> list[Finding]:
    """The findings in order; what the caller left out is named as such."""
    by_name = {each.requirement: each for each in findings}
    return [
        left_out(name, "left out by --without") if name in order.without else by_name[name]
        for name in REQUIREMENTS
    ]
