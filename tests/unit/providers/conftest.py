import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local.aws.client import client
from local.aws.facts import Facts
from local.aws.server import make
from local.providers.aws.cloud import Cloud
from local.providers.aws.session import AwsSession

REGION = "us-east-1"
CLUSTER = "https://127.0.0.1:6443"


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The emulated AWS, in this process."""
    authority = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
    server = make(Facts("test", CLUSTER, authority, None), 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def aws(endpoint: str) -> AwsSession:
    return AwsSession(Cloud.connect(endpoint, REGION, {}), {"stack": "test"})


@pytest.fixture(scope="session")
def boto(endpoint: str) -> Any:
    """boto3 clients by service: what somebody changes by hand."""
    made: dict[str, Any] = {}

    def get(service: str) -> Any:
        if service not in made:
            made[service] = client(service, endpoint, REGION)
        return made[service]

    return get
