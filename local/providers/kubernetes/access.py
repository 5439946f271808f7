"""Who talks to which API server: a kubeconfig, read as clients read it."""

import base64
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml

from local.providers.kubernetes.eks_token import eks_token
from local.providers.kubernetes.trees import mappings, sequence
from local.providers.model import ProviderError

TOKEN_SECONDS = 600
"""After how long a token is made anew; EKS accepts one for 15 minutes."""

PLUGIN_SECONDS = 60


@dataclass(frozen=True)
class Access:
    """An API server and a user of it.

    Attributes:
        server: URL of the API server.
        authority: Certificate authority in PEM, or none for the system's.
        client_certificate: Certificate and key in PEM, or none.
        token: Gives the current bearer token, or none.
    """

    server: str
    authority: str | None
    client_certificate: tuple[str, str] | None
    token: Callable[[], str] | None


def read_kubeconfig(text: str, context: str | None = None) -> Access:
    """Access by a kubeconfig in YAML or JSON.

    Raises:
        ProviderError: It is malformed, or needs something that is not handled.
    """
    try:
        document: Any = yaml.safe_load(text)
        config = cast("Mapping[str, Any]", document)
        chosen = _named(config, "contexts", context or config["current-context"])["context"]
        cluster = _named(config, "clusters", chosen["cluster"])["cluster"]
        user = _named(config, "users", chosen["user"])["user"]
    except (yaml.YAMLError, KeyError, TypeError, StopIteration) as error:
        raise ProviderError(
            f"the kubeconfig is malformed: {type(error).__name__} {error}"
        ) from None
    certificate = _data(user, "client-certificate")
    key = _data(user, "client-key")
    return Access(
        server=str(cluster["server"]).rstrip("/"),
        authority=_data(cluster, "certificate-authority"),
        client_certificate=(certificate, key) if certificate and key else None,
        token=_token_source(user),
    )


def _named(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    return next(each for each in config[kind] if each["name"] == name)


def _data(holder: Mapping[str, Any], name: str) -> str | None:
    encoded = holder.get(f"{name}-data")
    if encoded:
        return base64.b64decode(encoded).decode()
    path = holder.get(name)
    if path:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - a user's own path, any form
            return file.read()
    return None


def _token_source(user: Mapping[str, Any]) -> Callable[[], str] | None:
    if user.get("token"):
        token = str(user["token"])
        return lambda: token
    execution = user.get("exec")
    if not execution:
        return None
    arguments = [str(each) for each in sequence(execution.get("args"))]
    if execution["command"] == "aws" and "get-token" in arguments:
        cluster = _option(arguments, "--cluster-name")
        region = _option(arguments, "--region") or os.environ.get("AWS_REGION", "us-east-1")
        if cluster is None:
            raise ProviderError("the kubeconfig runs `aws eks get-token` without --cluster-name")
        return _cached(lambda: eks_token(cluster, region))
    return _cached(lambda: _plugin_token(execution, arguments))


def _option(arguments: list[str], name: str) -> str | None:
    if name not in arguments:
        return None
    position = arguments.index(name) + 1
    return arguments[position] if position < len(arguments) else None


def _cached(make: Callable[[], str]) -> Callable[[], str]:
    lock = threading.Lock()
    kept: list[tuple[float, str]] = []

    def token() -> str:
        with lock:
            if not kept or time.monotonic() - kept[0][0] > TOKEN_SECONDS:
                kept[:] = [(time.monotonic(), make())]
            return kept[0][1]

    return token


def _plugin_token(execution: Mapping[str, Any], arguments: list[str]) -> str:
    extra = {str(each["name"]): str(each["value"]) for each in mappings(execution.get("env"))}
    info: dict[str, Any] = {
        "apiVersion": execution["apiVersion"],
        "kind": "ExecCredential",
        "spec": {},
    }
    try:
        answer = subprocess.run(
            [execution["command"], *arguments],
            env={**os.environ, "KUBERNETES_EXEC_INFO": json.dumps(info), **extra},
            capture_output=True,
            check=True,
            text=True,
            timeout=PLUGIN_SECONDS,
        )
        return str(json.loads(answer.stdout)["status"]["token"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise ProviderError(
            f"the credential plugin {execution['command']!r} of the kubeconfig failed: {error}"
        ) from None
