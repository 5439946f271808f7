"""Guards of prompts and answers: chains by name that block, mask or flag. See docs/guards.md."""

from typing import TYPE_CHECKING

from gateway.guards.settings import GuardsSettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from gateway.guards.chain import ChainGuards

__all__ = ["GuardsSettings", "make_guards"]


def make_guards(
    section: GuardsSettings, registry: "CollectorRegistry | None" = None
) -> "ChainGuards":
    """Make the guards of the gateway. Takes about two seconds when a chain looks for personal data.

    Args:
        section: The settings.
        registry: Where metrics are published; the process's own where None.

    Raises:
        LookupError: An environment variable that a guard needs is not set.
    """
    from prometheus_client import REGISTRY  # noqa: PLC0415 - loaded where it is used

    from gateway.guards.chain import ChainGuards  # noqa: PLC0415 - loaded where it is used
    from gateway.guards.metrics import metrics_of  # noqa: PLC0415 - loaded where it is used

    return ChainGuards(section, metrics_of(registry or REGISTRY))
