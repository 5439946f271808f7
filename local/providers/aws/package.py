"""The `aws` package: provider configuration."""

import os
from collections.abc import Mapping
from typing import Any, cast

from local.providers.aws.cloud import Cloud
from local.providers.aws.functions.table import FUNCTIONS
from local.providers.aws.registry import HANDLERS
from local.providers.aws.session import AwsSession, told
from local.providers.diff import Rule, diff_inputs
from local.providers.model import CheckFailure, Diff, Package, Properties, ProviderError
from local.providers.values import UNKNOWN, decode_nested

_NESTED = ("defaultTags", "endpoints", "allowedAccountIds", "forbiddenAccountIds")
_WITHOUT_MEANING_HERE = frozenset(
    {
        "accessKey",
        "maxRetries",
        "profile",
        "retryMode",
        "s3UsePathStyle",
        "secretKey",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "sharedConfigFiles",
        "sharedCredentialsFiles",
        "token",
        "version",
        "pluginDownloadURL",
    }
)
_HANDLED = frozenset({"region", *_NESTED})


class AwsPackage(Package):
    """Of pulumi-aws, the types that the platform uses; others are refused by name."""

    name = "aws"
    version = "7.51.1"

    def handled_types(self) -> frozenset[str]:
        """Every resource type with a handler."""
        return frozenset(HANDLERS)

    def handled_functions(self) -> frozenset[str]:
        """Every function with an answer."""
        return frozenset(FUNCTIONS)

    def check_config(self, config: Properties) -> list[CheckFailure]:
        """Refuse what would silently not be obeyed, such as ``assumeRoles``."""
        failures = [
            CheckFailure(key, f"provider input {key!r} is not handled by the local stand-in")
            for key in sorted(set(config) - _HANDLED - _WITHOUT_MEANING_HERE)
            if not key.startswith("__")
        ]
        if not _region(config):
            reason = "no region: set `aws:region`, the provider's `region` or AWS_REGION"
            failures.append(CheckFailure("region", reason))
        return failures

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """Another region replaces the provider, as with the official one."""
        return diff_inputs(old, new, lambda path: Rule(replace=path == ("region",)))

    def configure(self, config: Properties) -> AwsSession:
        """A session in the region and with the default tags of `config`."""
        try:
            config = decode_nested(config, _NESTED)
        except ValueError as error:
            raise ProviderError(str(error)) from error
        region = _region(config)
        if not region or region is UNKNOWN:
            raise ProviderError("no region is known to the provider")
        default_tags: Any = config.get("defaultTags") or {}
        tags: Any = default_tags if default_tags is UNKNOWN else default_tags.get("tags")
        cloud = self.connect(region, _endpoints(config.get("endpoints")))
        _check_account(cloud, config)
        return self.session(cloud, tags or {})

    def connect(self, region: str, endpoints: Mapping[str, str]) -> Cloud:
        """What a session talks to: one region of the account behind the endpoints."""
        return Cloud.connect(os.environ.get("AWS_ENDPOINT_URL", ""), region, endpoints)

    def session(self, cloud: Cloud, default_tags: Any) -> AwsSession:
        """A session on `cloud`."""
        return AwsSession(cloud, default_tags)


def _region(config: Properties) -> Any:
    environment = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return config.get("region") or environment


def _endpoints(given: Any) -> dict[str, str]:
    """Endpoint per service: those of the provider's inputs, else of the environment."""
    prefix = "AWS_ENDPOINT_URL_"
    found = {
        name.removeprefix(prefix).lower(): value
        for name, value in os.environ.items()
        if name.startswith(prefix)
    }
    for block in cast("list[dict[str, str]]", given or []):
        found.update(block)
    return found


def _check_account(cloud: Cloud, config: Properties) -> None:
    allowed, forbidden = config.get("allowedAccountIds"), config.get("forbiddenAccountIds")
    if not allowed and not forbidden:
        return
    with told():
        account = cloud.account
    if (allowed and account not in allowed) or account in (forbidden or []):
        raise ProviderError(f"account {account} is not one that the provider may use")
