"""What a run that stopped half-way says: what stands, what failed, and how to go on."""

from infra.cli.events import RunLog, short_name

_PAST = {
    "create": "made",
    "create-replacement": "made in place of another",
    "delete": "deleted",
    "delete-replaced": "deleted after another took their place",
    "discard": "forgotten",
    "import": "taken over",
    "replace": "replaced",
    "update": "changed",
}
NAMED = 6


def half_way(log: RunLog, again: str) -> list[str]:
    """What a person needs to know after a run that failed, a sentence each; none if it did nothing.

    Args:
        log: What the engine said.
        again: The command that goes on.
    """
    if not log.ended and not log.failed:
        return []
    told: list[str] = []
    if log.ended:
        done = ", ".join(f"{count} {_past(op)}" for op, count in sorted(log.ended.items()))
        told.append(f"Stopped half-way. What was done stands and is in the state: {done}.")
    else:
        told.append("Stopped before anything was changed.")
    if log.failed:
        names = [short_name(urn) for urn in dict.fromkeys(log.failed)]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        told.append(f"Not done: {', '.join(names[:NAMED])}{more}, and what depends on it.")
    told.append(f"{again} goes on from there; what is done is not done again.")
    return told


def _past(operation: str) -> str:
    return _PAST.get(operation, operation)
