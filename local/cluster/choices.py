"""What a cloud was made for, and what it cannot be used for instead."""

from pathlib import Path

from local.cluster import rooms
from local.cluster.record import Record
from local.errors import LocalCloudError
from local.node.plan import NodePlan


def refuse_to_mix(record: Record, folder: Path, *, providers: str, live: bool) -> None:
    """Refuse to use a cloud with something in its engine's state in another way.

    Args:
        record: The cloud that there is.
        folder: Its folder.
        providers: ``stand-in`` or ``official``, as it is asked for now.
        live: Whether a node is asked for now.

    Raises:
        LocalCloudError: It was made otherwise, and is in use.
    """
    if rooms.engine_is_empty(folder / rooms.ENGINE_FOLDER):
        return
    hint = f"destroy it first (llmp destroy {record.stack}), or use another stack"
    if record.providers != providers:
        raise LocalCloudError(
            f"stack {record.stack} was made with the {record.providers} providers, "
            f"now the {providers} ones are asked for; one state never mixes both",
            hint,
        )
    if (NodePlan.read(folder) is not None) != live:
        was, now = ("without", "with") if live else ("with", "without")
        raise LocalCloudError(
            f"stack {record.stack} stands in a cloud {was} a node, now one {now} a node is "
            "asked for",
            hint,
        )
