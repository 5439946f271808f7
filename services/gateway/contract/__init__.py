"""The words that the parts of the gateway share, and what each part offers to the others.

A request becomes a `Call`. It passes, in this order: `Keys` (who asks), `Budgets` (may they),
`Guards` (may the prompt), the caches, `Admission` (is there room), `Upstream` (Triton), and the
guards of the output; `Telemetry` watches. Errors are those of `gateway.errors`.
"""

from gateway.contract.parts import (
    Admission,
    AnswerCache,
    Budgets,
    Guards,
    Keys,
    OutputGuard,
    Reservation,
    Telemetry,
    Upstream,
    Watch,
)
from gateway.contract.words import (
    Answer,
    Call,
    Capabilities,
    Embeddings,
    Generation,
    Kind,
    Message,
    Piece,
    Question,
    Sampling,
    ServedModel,
    Tenant,
    TokenLogprob,
)

__all__ = [
    "Admission",
    "Answer",
    "AnswerCache",
    "Budgets",
    "Call",
    "Capabilities",
    "Embeddings",
    "Generation",
    "Guards",
    "Keys",
    "Kind",
    "Message",
    "OutputGuard",
    "Piece",
    "Question",
    "Reservation",
    "Sampling",
    "ServedModel",
    "Telemetry",
    "Tenant",
    "TokenLogprob",
    "Upstream",
    "Watch",
]
