"""The emulated AWS as handlers see it: clients, region, account, waiting."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from local import patience
from local.aws.client import client as make_client
from local.aws.retries import attempts_of, was_lost_before
from local.providers.model import ProviderError

PARTITION = "aws"
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0
DEFAULT_TIMEOUT = 30 * 60.0
DEPENDENCY_SECONDS = 60.0
_MISSING = frozenset({"404", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})

Found = TypeVar("Found")


class _Clients:
    """Clients by service, endpoint and region: slow to make, safe to share.

    Sessions of one process share them, for a program configures the same provider several times
    (its own, one with default tags, the older version that pulumi-eks asks for).
    """

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str, endpoint: str, region: str) -> Any:
        with self._lock:
            key = (service, endpoint, region)
            if key not in self._made:
                self._made[key] = make_client(service, endpoint, region)
            return self._made[key]


_CLIENTS = _Clients()


@dataclass
class _Account:
    """The account of one session.

    Attributes:
        endpoint: Where services are whose name is not in `endpoints`.
        id: The account's id, once it was asked for.
    """

    endpoint: str
    endpoints: Mapping[str, str]
    id: str = ""

    def endpoint_of(self, service: str) -> str:
        found = self.endpoints.get(service, self.endpoint)
        if not found:
            raise ProviderError(
                f"no endpoint for {service}: the stand-in talks to the local cloud only; "
                "set AWS_ENDPOINT_URL or the provider's `endpoints`"
            )
        return found


@dataclass(frozen=True)
class Cloud:
    """One region of the account, for one request.

    Attributes:
        of: The account.
        region: Region that calls go to.
        timeout: Longest wait of a create, update or delete, in seconds.
    """

    of: _Account
    region: str
    timeout: float = DEFAULT_TIMEOUT

    @classmethod
    def connect(cls, endpoint: str, region: str, endpoints: Mapping[str, str]) -> "Cloud":
        """The account behind `endpoint`; `endpoints` overrides it per service."""
        return cls(_Account(endpoint, endpoints), region)

    def at(self, region: str | None, timeout: float = 0.0) -> "Cloud":
        """The same account with another region or timeout; 0 or None keeps what there is."""
        return replace(self, region=region or self.region, timeout=timeout or self.timeout)

    def client(self, service: str) -> Any:
        """boto3 client of a service in this region."""
        return _CLIENTS.get(service, self.of.endpoint_of(service), self.region)

    @property
    def account(self) -> str:
        """The account's id."""
        if not self.of.id:
            self.of.id = self.client("sts").get_caller_identity()["Account"]
        return self.of.id

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this account and region."""
        return f"arn:{PARTITION}:{service}:{self.region}:{self.account}:{resource}"

    def wait(self, what: str, check: Callable[[], Found | None]) -> Found:
        """Call `check` until it returns something true.

        Raises:
            ProviderError: `what` did not come about before the timeout.
            StoppedError: The request was told to end.
        """
        ends = time.monotonic() + self.timeout
        pause = FIRST_PAUSE
        while True:
            found = check()
            if found:
                return found
            if time.monotonic() + pause > ends:
                raise ProviderError(f"{what}: not reached within {self.timeout:.0f} s")
            patience.pause(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)


def _told(error: ClientError) -> Mapping[str, Any]:
    return cast("Any", error).response.get("Error") or {}


def error_code(error: BaseException) -> str:
    """AWS's code of a failed call, such as ``InvalidVpcID.NotFound``; empty for other errors."""
    if isinstance(error, ClientError):
        return str(_told(error).get("Code", ""))
    return ""


def is_missing(error: BaseException) -> bool:
    """Whether a call failed because the thing is not there."""
    code = error_code(error)
    return (
        code in _MISSING
        or code.endswith(".Unknown")
        or "NotFound" in code
        or code.startswith("NoSuch")
    )


def missing_as_none(call: Callable[[], Any]) -> Any:
    """The answer of `call`, or None when the thing is not there."""
    try:
        return call()
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def retry_on(
    codes: frozenset[str], call: Callable[[], Found], seconds: float = DEPENDENCY_SECONDS
) -> Found:
    """Repeat `call` while it fails with one of `codes`, for `seconds` at most.

    AWS answers DependencyViolation and the like for a while after the dependants were deleted.
    """
    ends = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        try:
            return call()
        except ClientError as error:
            if error_code(error) not in codes or time.monotonic() + pause > ends:
                raise
        patience.pause(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def settled(codes: frozenset[str], call: Callable[[], Any]) -> Any:
    """The answer of `call`; None when its repetition is refused because the first try succeeded.

    Args:
        codes: With which AWS refuses what is done already.
        call: A call that is repeated after its answer was lost.
    """
    try:
        return call()
    except ClientError as error:
        if error_code(error) in codes and was_lost_before(error):
            return None
        raise


def cause(error: BaseException) -> str:
    """What went wrong, for the user: the call, AWS's code and message, how often it was tried."""
    if isinstance(error, ClientError):
        message = _told(error).get("Message", "")
        operation = str(cast("Any", error).operation_name)
        return f"{operation}: {error_code(error)}: {message}{_tried(error)}"
    if isinstance(error, BotoCoreError):
        return f"{type(error).__name__}: {error}{_tried(error)}"
    return str(error)


def _tried(error: BaseException) -> str:
    attempts = attempts_of(error)
    return f" ({attempts} attempts; run the same command again to go on)" if attempts > 1 else ""
