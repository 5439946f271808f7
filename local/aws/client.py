"""boto3 clients of the emulated cloud."""

import threading
from functools import lru_cache
from typing import Any

import boto3.session
from botocore.config import Config

ACCESS_KEY = "local"
"""Access key id that everything of this repository signs with."""

SECRET_KEY = "local"  # noqa: S105 no secret: it guards nothing
"""Secret that belongs to `ACCESS_KEY`."""

_LOCK = threading.Lock()
"""Sessions make one client at a time."""

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=3,
    read_timeout=60,
    max_pool_connections=32,
    s3={"addressing_style": "path"},
)


def client(service: str, endpoint: str, region: str) -> Any:
    """A client of one service.

    Args:
        service: boto3 name of the service, such as ``eks``.
        endpoint: URL of the emulator.
        region: Region that the requests are signed for.

    Returns:
        A boto3 client with fixed credentials and at most three attempts per call. boto3 clients
        may be shared by threads; making the first of a service costs up to 300 ms, so keep it.
    """
    with _LOCK:
        return _session(region).client(service, endpoint_url=endpoint, config=_CONFIG)


@lru_cache(maxsize=8)
def _session(region: str) -> Any:
    """One session per region: it holds the models of the services, which are slow to load."""
    return boto3.session.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=region
    )
