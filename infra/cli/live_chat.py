"""The way to a served model of a live stack: through the load balancer and Envoy, over TLS."""

import base64
from typing import Any

from infra.cli.http_api import Server
from infra.cli.workspace import load_settings
from infra.settings import Cloud, Settings
from infra.settings_services import Service
from llm_platform.problems import InvalidInputsError, Problem
from llm_platform.serving.gateway_spec import AUTHORITY, GATEWAY_NAMESPACE
from llm_platform.serving.routes import http_host
from local import cloud
from local.errors import LocalCloudError
from local.node.access import LiveCloud
from local.node.ready import api_of

LOOPBACK = "127.0.0.1"
CERTIFICATE = "ca.crt"


def server(stack: str, service: str | None, key: str | None) -> Server:
    """The gateway of a served model, as clients outside of the cluster reach it.

    Args:
        stack: A live stack that is up.
        service: Name of the service; None where the stack has one.
        key: API key; None for none.

    Raises:
        InvalidInputsError: The stack has no such service.
        LocalCloudError: It is no live stack, or not up.
    """
    settings = load_settings(stack)
    chosen = _service(settings, service)
    running = _running(stack, settings)
    host = http_host(chosen.name, chosen.tenant, settings.serving.domain)
    return Server(
        url=f"https://{host}",
        key=key or "",
        start=f"llmp live up {stack}",
        address=(LOOPBACK, running.https_port),
        authority=authority(running),
    )


def authority(running: LiveCloud) -> str:
    """The certificate of who vouches for the platform's gateway, in PEM.

    Raises:
        LocalCloudError: There is none yet.
    """
    api = api_of(running.kubeconfig)
    path = f"/api/v1/namespaces/{GATEWAY_NAMESPACE}/secrets/{AUTHORITY}"
    secret: Any = api.find(path)
    if secret is None:
        raise LocalCloudError(
            f"secret {GATEWAY_NAMESPACE}/{AUTHORITY} is not there: the gateway has no certificate",
            "see what stands: llmp status live; go on with it: llmp live up",
        )
    return base64.b64decode(secret["data"][CERTIFICATE]).decode()


def _service(settings: Settings, asked: str | None) -> Service:
    names = [each.name for each in settings.services]
    if not names:
        problem = Problem("llm-platform:services", "there is none to ask", "at least one")
        raise InvalidInputsError("stack file", [problem])
    if asked is None and len(names) > 1:
        problem = Problem("--service", "which of them?", " | ".join(names))
        raise InvalidInputsError("llmp chat", [problem])
    name = names[0] if asked is None else asked
    if name not in names:
        problem = Problem("--service", f"'{name}' is not in the stack file", " | ".join(names))
        raise InvalidInputsError("llmp chat", [problem])
    return settings.services[names.index(name)]


def _running(stack: str, settings: Settings) -> LiveCloud:
    if settings.environment.cloud is not Cloud.LIVE:
        raise LocalCloudError(
            f"Stack {stack} is no live stack: environment.cloud is {settings.environment.cloud}.",
            "Ask another server by --url, or use a stack file with cloud: live.",
        )
    found = cloud.find(stack)
    if found is None or found.live is None:
        raise LocalCloudError(
            f"Stack {stack} has no live cloud that is up.", f"Start it: llmp live up {stack}"
        )
    return found.live
