"""Messages of the provider protocol made from the model's types."""

from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from local.providers import model
from local.providers.values import to_struct


def abort_partial(context: grpc.ServicerContext, what: str, error: model.PartialError) -> NoReturn:
    """End the call with an error that carries what exists and why it is not right."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.state.id,
        properties=to_struct(error.state.outputs),
        reasons=error.reasons,
        inputs=None if error.state.inputs is None else to_struct(error.state.inputs),
    )
    message = f"{what}: {error}"
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)


def names(request: Any) -> dict[str, str]:
    """URN, type and name; the engine may leave the last two to be read from the URN."""
    parts = request.urn.split("::")
    kind = request.type or parts[2].rpartition("$")[2]
    return {"urn": request.urn, "type": kind, "name": request.name or "::".join(parts[3:])}


def what(request: Any, verb: str) -> str:
    """Start of an error message: type, name and what was tried."""
    named = names(request) if getattr(request, "urn", "") else None
    kind, name = (named["type"], named["name"]) if named else (request.type, request.name)
    return f"{kind} {name!r}: {verb}"


def failure(found: model.CheckFailure) -> provider_pb2.CheckFailure:
    """A failed check as a message."""
    return provider_pb2.CheckFailure(property=found.property, reason=found.reason)


def diff_response(diff: model.Diff) -> provider_pb2.DiffResponse:
    """A difference as a message, with every path, so that the engine shows it well."""
    some = provider_pb2.DiffResponse.DIFF_SOME
    none = provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if diff.detailed else none,
        diffs=sorted(diff.changes),
        replaces=sorted(diff.replaces),
        deleteBeforeReplace=diff.delete_before_replace,
        hasDetailedDiff=True,
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=_kind(kind), inputDiff=True)
            for path, kind in diff.detailed.items()
        },
    )


def _kind(kind: model.Kind) -> provider_pb2.PropertyDiff.Kind.ValueType:
    return provider_pb2.PropertyDiff.Kind.Value(kind.name)
