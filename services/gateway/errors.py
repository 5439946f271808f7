"""What the gateway refuses, in words for the caller; each protocol has its own form for it."""


class GatewayError(Exception):
    """A request that is not answered.

    Attributes:
        status: HTTP status; gRPC's code follows from it.
        code: Short machine-readable reason: ``context_length_exceeded``.
        message: What is wrong and what is allowed, in one sentence; never holds a prompt or a key.
        param: Path of the offending field: ``messages[1].content``; empty when there is none.
        retry_after: Seconds after which it may work; None when trying again does not help.
    """

    status = 500
    code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        param: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.param = param
        self.retry_after = retry_after


class InvalidRequestError(GatewayError):
    """The request cannot be understood, or asks for what is not allowed."""

    status = 400
    code = "invalid_request"


class UnauthenticatedError(GatewayError):
    """No key, an unknown one, or one that has expired or been revoked."""

    status = 401
    code = "invalid_api_key"


class ForbiddenError(GatewayError):
    """The key is good, but not for this."""

    status = 403
    code = "forbidden"


class NotFoundError(GatewayError):
    """There is no such model, version or route."""

    status = 404
    code = "not_found"


class TooLargeError(GatewayError):
    """The body is bigger than the limit."""

    status = 413
    code = "request_too_large"


class BlockedError(GatewayError):
    """A guard refused the prompt or stopped the answer."""

    status = 400
    code = "content_blocked"


class BudgetExceededError(GatewayError):
    """The key's request or token budget is used up; `retry_after` says until when."""

    status = 429
    code = "budget_exceeded"


class OverloadedError(GatewayError):
    """All slots are taken and the queue is full; 429 over HTTP, UNAVAILABLE over gRPC."""

    status = 429
    code = "overloaded"


class UnavailableError(GatewayError):
    """Triton does not answer, the gateway drains, or a store that must be asked is away."""

    status = 503
    code = "unavailable"


class DeadlineError(GatewayError):
    """The answer took longer than the request's deadline."""

    status = 504
    code = "deadline_exceeded"
