"""Builds the parts of the gateway from its settings.

A part is made by ``make_<part>`` of its package, and ended by its ``close``. Parts that add routes
hang them onto KServe's FastAPI application: ``gateway.openai.routes.register(app, parts)``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from gateway.access import FileKeys, KeyBudgets, make_budgets, make_keys
from gateway.access.keyfile import KeyFileError
from gateway.access.stores import StoreError
from gateway.admission import QueueAdmission, make_admission
from gateway.cache import make_cache
from gateway.catalogue import Catalogue, CatalogueError, make_catalogue
from gateway.contract import AnswerCache, Guards
from gateway.drain import Drain
from gateway.guards import make_guards
from gateway.settings import GatewaySettings
from gateway.telemetry import GatewayTelemetry, make_telemetry
from gateway.upstream import TritonUpstream, make_upstream

Part = TypeVar("Part")


class AssemblyError(Exception):
    """The parts cannot be made; every problem is a line of the message."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The gateway's parts, each as `gateway.contract` describes it."""

    settings: GatewaySettings
    catalogue: Catalogue
    upstream: TritonUpstream
    keys: FileKeys
    budgets: KeyBudgets
    guards: Guards
    cache: AnswerCache
    admission: QueueAdmission
    telemetry: GatewayTelemetry
    drain: Drain

    async def close(self) -> None:
        """End all parts, those first that others do not need."""
        for part in (self.cache, self.guards, self.budgets, self.keys, self.upstream):
            close: Any = getattr(part, "close", None)
            if close is not None:
                await close()
        await self.telemetry.close()


def build(settings: GatewaySettings) -> Parts:
    """Build all parts.

    Args:
        settings: The gateway's settings.

    Raises:
        AssemblyError: Parts cannot be made as the settings say; lists every problem.
    """
    drain = Drain()
    upstream = make_upstream(settings.upstream)
    admission = make_admission(settings.admission, drain)
    problems: list[str] = []
    models = {model.name for model in settings.models}
    problems += [
        f"admission.models.{name}: there is no such model; allowed: {', '.join(sorted(models))}"
        for name in settings.admission.models
        if name not in models
    ]

    def made(section: str, make: Callable[[], Part]) -> Part:
        try:
            return make()
        except (CatalogueError, KeyFileError, StoreError, LookupError, OSError) as error:
            problems.extend(f"{section}: {line}" for line in str(error).splitlines())
            return cast("Part", None)

    keys = made(
        "keys",
        lambda: make_keys(
            settings.keys,
            budgets=settings.budgets.plans.keys(),
            guards=settings.guards.all_chains().keys(),
        ),
    )
    catalogue = made("models", lambda: make_catalogue(settings.models))
    budgets = made("budgets", lambda: make_budgets(settings.budgets))
    guards = made("guards", lambda: make_guards(settings.guards))
    if problems:
        raise AssemblyError("\n".join(problems))
    return Parts(
        settings=settings,
        catalogue=catalogue,
        upstream=upstream,
        keys=keys,
        budgets=budgets,
        guards=guards,
        cache=make_cache(settings.cache, settings.semantic_cache, upstream, admission),
        admission=admission,
        telemetry=make_telemetry(settings.telemetry),
        drain=drain,
    )
