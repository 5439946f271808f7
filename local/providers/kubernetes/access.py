"""Who talks to which API server: a kubeconfig, read as clients read it."""

import base64
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.providers.kubernetes.eks_token import eks_token
from local.providers.kubernetes.trees import mapping, mappings, sequence
from local.providers.model import ProviderError

TOKEN_SECONDS = 600
"""After how long a token is made anew; EKS accepts one for 15 minutes."""

PLUGIN_SECONDS = 60
DEFAULT_REGION = "us-east-1"

CLUSTER_FIELDS = frozenset(
    {"certificate-authority", "certificate-authority-data", "extensions", "server"}
)
USER_FIELDS = frozenset(
    {
        "client-certificate", "client-certificate-data", "client-key", "client-key-data", "exec",
        "extensions", "token",
    }
)  # fmt: skip
TOKEN_OPTIONS = frozenset(
    {"--cluster-id", "--cluster-name", "--output", "--profile", "--region", "--role-arn"}
)


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
    config = _document(text)
    current = context or config.get("current-context")
    if not current:
        raise ProviderError("the kubeconfig is malformed: it names no current-context")
    chosen = _named(config, "context", str(current))
    cluster = _named(config, "cluster", str(chosen.get("cluster")))
    user = _named(config, "user", str(chosen.get("user")))
    _refuse_unhandled("cluster", cluster, CLUSTER_FIELDS)
    _refuse_unhandled("user", user, USER_FIELDS)
    if not cluster.get("server"):
        raise ProviderError(f"the kubeconfig's cluster {chosen['cluster']!r} names no server")
    certificate, key = _data(user, "client-certificate"), _data(user, "client-key")
    return Access(
        server=str(cluster["server"]).rstrip("/"),
        authority=_data(cluster, "certificate-authority"),
        client_certificate=(certificate, key) if certificate and key else None,
        token=_token_source(user),
    )


def _document(text: str) -> Mapping[str, Any]:
    try:
        document: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        # the error's own words quote the text, which may hold a key or a token
        line = f" in line {where.line + 1}" if where else ""
        raise ProviderError(f"the kubeconfig is malformed: it is no YAML{line}") from None
    if not isinstance(document, dict):
        raise ProviderError("the kubeconfig is malformed: it is no mapping")
    return mapping(document)


def _named(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    for each in mappings(config.get(f"{kind}s")):
        if each.get("name") == name:
            return mapping(each.get(kind))
    raise ProviderError(f"the kubeconfig is malformed: it has no {kind} {name!r}")


def _refuse_unhandled(kind: str, given: Mapping[str, Any], handled: frozenset[str]) -> None:
    unknown = sorted(key for key, value in given.items() if value and key not in handled)
    if unknown:
        raise ProviderError(
            f"the kubeconfig's {kind} has {', '.join(unknown)}, which the local stand-in does not "
            "handle"
        )


def _data(holder: Mapping[str, Any], name: str) -> str | None:
    encoded, path = holder.get(f"{name}-data"), holder.get(name)
    try:
        if encoded:
            return base64.b64decode(str(encoded), validate=True).decode()
        return Path(str(path)).read_text(encoding="ascii") if path else None
    except (ValueError, OSError) as error:
        raise ProviderError(f"the kubeconfig's {name} cannot be read: {error}") from None


def _token_source(user: Mapping[str, Any]) -> Callable[[], str] | None:
    if user.get("token"):
        token = str(user["token"])
        return lambda: token
    execution = mapping(user.get("exec"))
    if not execution:
        return None
    command = str(execution.get("command") or "")
    if not command:
        raise ProviderError("the kubeconfig's exec names no command")
    arguments = [str(each) for each in sequence(execution.get("args"))]
    if command == "aws" and "get-token" in arguments:
        ask = _get_token(arguments, _environment(execution))
        return _cached(lambda: eks_token(ask.cluster, ask.region, ask.profile, ask.role))
    return _cached(lambda: _plugin_token(command, execution, arguments))


@dataclass(frozen=True)
class _GetToken:
    """The options of ``aws eks get-token``."""

    cluster: str
    region: str
    profile: str | None
    role: str | None


def _get_token(arguments: list[str], env: Mapping[str, str]) -> _GetToken:
    options: dict[str, str] = {}
    left = [each for argument in arguments for each in _parts(argument)]
    while left:
        name = left.pop(0)
        if name in {"eks", "get-token"}:
            continue
        if name not in TOKEN_OPTIONS or not left:
            raise ProviderError(
                f"the kubeconfig gives `aws eks get-token` {name!r}, which the local stand-in does "
                f"not handle; handled are {', '.join(sorted(TOKEN_OPTIONS))}, each with a value"
            )
        options[name] = left.pop(0)
    cluster = options.get("--cluster-name") or options.get("--cluster-id")
    if cluster is None:
        raise ProviderError("the kubeconfig runs `aws eks get-token` without --cluster-name")
    known = {**os.environ, **env}
    region = options.get("--region") or known.get("AWS_REGION") or known.get("AWS_DEFAULT_REGION")
    profile = options.get("--profile") or env.get("AWS_PROFILE")
    return _GetToken(cluster, region or DEFAULT_REGION, profile, options.get("--role-arn"))


def _parts(argument: str) -> list[str]:
    return argument.split("=", 1) if argument.startswith("--") else [argument]


def _cached(make: Callable[[], str]) -> Callable[[], str]:
    lock = threading.Lock()
    kept: list[tuple[float, str]] = []

    def token() -> str:
        with lock:
            if not kept or time.monotonic() - kept[0][0] > TOKEN_SECONDS:
                kept[:] = [(time.monotonic(), make())]
            return kept[0][1]

    return token


def _environment(execution: Mapping[str, Any]) -> dict[str, str]:
    pairs = mappings(execution.get("env"))
    return {str(each.get("name")): str(each.get("value", "")) for each in pairs}


def _plugin_token(command: str, execution: Mapping[str, Any], arguments: list[str]) -> str:
    info: dict[str, Any] = {
        "apiVersion": execution.get("apiVersion", "client.authentication.k8s.io/v1"),
        "kind": "ExecCredential",
        "spec": {},
    }
    own = {"KUBERNETES_EXEC_INFO": json.dumps(info), **_environment(execution)}
    what = f"the credential plugin {command!r} of the kubeconfig"
    try:
        answer = subprocess.run(
            [command, *arguments],
            env={**os.environ, **own},
            capture_output=True,
            check=False,
            text=True,
            timeout=PLUGIN_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ProviderError(f"{what} failed: {error}") from None
    if answer.returncode:
        said = answer.stderr.strip().rpartition("\n")[2]
        raise ProviderError(f"{what} ended with exit code {answer.returncode}: {said}")
    try:
        return str(json.loads(answer.stdout)["status"]["token"])
    except (ValueError, KeyError, TypeError):
        raise ProviderError(f"{what} gave no ExecCredential with a token") from None
