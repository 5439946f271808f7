"""What must hold before a rollout begins."""

from llm_platform.serving.routes import Variant
from rollout.cluster import Lease, Place, same_model
from rollout.errors import RefusedError
from rollout.settings import Settings


def refuse_nonsense(place: Place, settings: Settings) -> None:
    """See that there is something to roll out, and something that judges it.

    Raises:
        RefusedError: There is not.
    """
    name, room = place.service, place.namespace
    found = place.route()
    if found.split is None:
        raise RefusedError(f"the rules of HTTPRoute {room}/{name} are not those of a model")
    stable, candidate = place.variant(Variant.STABLE), place.variant(Variant.CANDIDATE)
    if stable is None:
        raise RefusedError(f"there is no model {room}/{name}")
    if candidate is None:
        raise RefusedError(
            f"{room}/{name} has no candidate; give it one in the stack file, then: llmp up"
        )
    if same_model(name, stable, candidate):
        raise RefusedError(f"the candidate of {room}/{name} is equal to stable")
    if not settings.gates:
        raise RefusedError(f"{room}/{name} has no gates, so nothing could hold a bad candidate")


def free_lease(place: Place, rollout: str, now: float) -> Lease:
    """The lease, if no rollout but this one holds it.

    Raises:
        RefusedError: Another one does, or there is no lease.
    """
    lease = place.lease()
    if lease is None:
        raise RefusedError(
            f"there is no Lease {place.namespace}/{place.service}-rollout; run: llmp up"
        )
    last = place.route().state
    over = last is not None and last.id == lease.holder and not last.runs
    if lease.holder != rollout and lease.alive(now) and not over:
        raise RefusedError(
            f"rollout {lease.holder} of {place.service} is running; see: llmp rollout "
            f"status {place.service}"
        )
    return lease
