"""What every provider does in a plan, and what none does."""

from local.providers.model import (
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    ProviderError,
    ReadRequest,
    Session,
    State,
    UpdateRequest,
)
from local.providers.offline.masked import aligned


class PlanSession(Session):
    """Checks and compares as ever; plans creations and updates; does nothing else.

    Comes before the provider's own session among the bases of a class.
    """

    def diff(self, request: DiffRequest) -> Diff:
        """Compare inputs; what is masked in an exported state counts as unchanged."""
        return super().diff(aligned(request))

    def create(self, request: CreateRequest) -> State:
        """Plan a creation."""
        if not request.preview:
            raise _refusal("creates")
        return super().create(request)

    def update(self, request: UpdateRequest) -> State:
        """Plan an update."""
        if not request.preview:
            raise _refusal("updates")
        return super().update(aligned(request))

    def read(self, request: ReadRequest) -> State | None:
        """Refuse: there is nothing to read."""
        raise _refusal("reads")

    def delete(self, request: DeleteRequest) -> None:
        """Refuse: a plan deletes nothing."""
        raise _refusal("deletes")


def _refusal(verb: str) -> ProviderError:
    """The error of an operation that needs a cloud."""
    return ProviderError(
        f"an offline plan {verb} nothing: there is no cloud. Plan online, or leave it out"
    )
