"""boto3 clients of the emulated cloud."""

import threading
from functools import lru_cache
from typing import Any

import boto3.session
from botocore.config import Config

from local.aws import retries
from local.limits import limits

ACCESS_KEY = "local"
"""Access key id that everything of this repository signs with."""

SECRET_KEY = "local"  # noqa: S105 no secret: it guards nothing
"""Secret that belongs to `ACCESS_KEY`."""

_LOCK = threading.Lock()
"""Sessions make one client at a time."""


def client(service: str, endpoint: str, region: str) -> Any:
    """A client of one service.

    Args:
        service: boto3 name of the service, such as ``eks``.
        endpoint: URL of the emulator.
        region: Region that the requests are signed for.

    Returns:
        A boto3 client with fixed credentials, whose failed calls are repeated as
        :mod:`local.aws.retries` says. boto3 clients may be shared by threads; making the first of
        a service costs up to 300 ms, so keep it.
    """
    with _LOCK:
        made = _session(region).client(service, endpoint_url=endpoint, config=_config())
    retries.attach(made)
    return made


@lru_cache(maxsize=1)
def _config() -> Config:
    return Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=3,
        read_timeout=limits().answer_seconds,
        max_pool_connections=32,
        s3={"addressing_style": "path"},
    )


@lru_cache(maxsize=8)
def _session(region: str) -> Any:
    """One session per region: it holds the models of the services, which are slow to load."""
    return boto3.session.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=region
    )
