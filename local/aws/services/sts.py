"""STS tells callers with unknown keys that they are an IAM user of the account."""

from typing import Any

import moto.sts.urls
from moto.sts.models import STSBackend

from local.aws import callers
from local.aws.facts import ACCOUNT


class StsBackend(STSBackend):
    """STS."""

    @property
    def _url_module(self) -> Any:
        return moto.sts.urls

    def get_caller_identity(self, access_key_id: str, region: str) -> tuple[str, str, str]:
        """User id, ARN and account of a caller."""
        del region
        arn, unique_id, _session = callers.session_of(access_key_id)
        return unique_id, arn, ACCOUNT
