"""The `aws` stand-in without AWS: its questions are answered from tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.assumed.answers import answer
from local.assumed.model import Answer, Fact, NotAssumedError, Setting
from local.providers.aws.cloud import Cloud
from local.providers.aws.package import AwsPackage
from local.providers.aws.session import AwsSession
from local.providers.model import Properties, ProviderError
from local.providers.offline.ledger import Ledger
from local.providers.offline.planning import PlanSession

SETTINGS = "the stack's own settings"

_GIVEN = {
    "aws:index/getRegion:getRegion": ("region", "region", SETTINGS),
    "aws:index/getPartition:getPartition": (
        "partition",
        "partition",
        "every region of the stacks is in it",
    ),
}
"""Functions that ask AWS nothing but are facts: what they are, output that is shown, source."""


@dataclass(frozen=True)
class Surroundings:
    """What the providers of one plan share.

    Attributes:
        setting: What is known of the environment.
        ledger: Where given facts are noted.
        today: The day of the plan, for facts that have no date of their own.
    """

    setting: Setting
    ledger: Ledger
    today: str


@dataclass(frozen=True)
class OfflineCloud(Cloud):
    """AWS as far as the tables know it; there are no clients."""

    around: Surroundings | None = None

    def client(self, service: str) -> Any:
        """Something that answers like a boto3 client, from the tables."""
        return _Client(self, service)


class _Client:
    def __init__(self, cloud: OfflineCloud, service: str) -> None:
        self._cloud = cloud
        self._service = service

    def __getattr__(self, operation: str) -> Callable[..., Mapping[str, Any]]:
        def call(**arguments: Any) -> Mapping[str, Any]:
            return _answered(self._cloud, self._service, operation, arguments)

        if operation == "meta":
            raise ProviderError("a signed token can only be had where there is an AWS account")
        return call


def _answered(
    cloud: OfflineCloud, service: str, operation: str, arguments: Mapping[str, Any]
) -> Mapping[str, Any]:
    if cloud.around is None:
        raise ProviderError("the offline provider was made without its tables")
    try:
        found = answer(cloud.around.setting, service, operation, cloud.region, arguments)
    except NotAssumedError as error:
        raise ProviderError(str(error)) from None
    cloud.around.ledger.note(found)
    return found.response


class OfflineAwsSession(PlanSession, AwsSession):
    """Plans against the tables, and notes the facts that functions gave."""

    def __init__(self, cloud: Cloud, default_tags: Any, around: Surroundings) -> None:
        super().__init__(cloud, default_tags)
        self._around = around

    def invoke(self, token: str, args: Properties) -> Properties:
        """Answer a function, and note the fact that it gave."""
        result = super().invoke(token, args)
        if token in _GIVEN:
            what, output, source = _GIVEN[token]
            given = Fact(result[output], self._around.today, source)
            self._around.ledger.note(Answer(what, given, {}))
        return result


class OfflineAwsPackage(AwsPackage):
    """`aws`, planned without an account."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def connect(self, region: str, endpoints: Mapping[str, str]) -> Cloud:
        """The tables instead of an account."""
        return replace(OfflineCloud.connect("", region, endpoints), around=self._around)

    def session(self, cloud: Cloud, default_tags: Any) -> OfflineAwsSession:
        """A session that plans."""
        return OfflineAwsSession(cloud, default_tags, self._around)
