"""Clients for looking: the same account, region and cluster that a resource's provider uses."""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3.session

from infra.recovery.model import Resource, Unfinished
from infra.recovery.pending import provider_of, revealed
from infra.recovery.search import CannotTellError
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.providers.values import decode_nested

SESSION = "llmp-recover"
_NESTED = ("assumeRoles", "endpoints")
_SECRETS = ("accessKey", "secretKey", "token")


@contextmanager
def environment(env: Mapping[str, str]) -> Generator[None]:
    """The engine's environment for the clients of this process, and back again."""
    before = dict(os.environ)
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Access:
    """Clients by provider, made when they are first needed.

    Args:
        resources: The state's resources with secrets in plain text: kubeconfigs are secrets.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources
        self._clients: dict[tuple[str, str], Any] = {}
        self._sessions: dict[str, Any] = {}
        self._apis: dict[str, tuple[Api, str]] = {}

    def aws(self, unfinished: Unfinished) -> Callable[[str], Any]:
        """Gives boto3 clients for the account and region of a resource.

        Raises:
            CannotTellError: The provider is not in the state.
        """
        reference, inputs = self._provider(unfinished)
        region = unfinished.inputs.get("region") or inputs.get("region")
        own = inputs.get("region") or _environment_region()
        if region and own and region != own:
            raise CannotTellError(f"it is in {region}, and its provider works in {own}")
        endpoints = _endpoints(inputs)

        def client(service: str) -> Any:
            key = (reference, service)
            if key not in self._clients:
                session = self._session(reference, inputs, region or own)
                self._clients[key] = session.client(service, endpoint_url=endpoints.get(service))
            return self._clients[key]

        return client

    def kubernetes(self, unfinished: Unfinished) -> tuple[Api, str]:
        """API server of an object, and the provider's default namespace.

        Raises:
            CannotTellError: The provider, or its kubeconfig, is not to be had.
            ProviderError: The kubeconfig cannot be used.
        """
        reference, inputs = self._provider(unfinished)
        if reference not in self._apis:
            text = _kubeconfig(inputs.get("kubeconfig"))
            api = Api(read_kubeconfig(text, inputs.get("context")))
            self._apis[reference] = (api, str(inputs.get("namespace") or "default"))
        return self._apis[reference]

    def _provider(self, unfinished: Unfinished) -> tuple[str, Mapping[str, Any]]:
        reference = str(unfinished.resource.get("provider") or "")
        found = provider_of(self._resources, reference)
        if found is None:
            raise CannotTellError("its provider is not in the state")
        inputs: Mapping[str, Any] = revealed(found.get("inputs") or {})
        return reference, decode_nested(inputs, _NESTED)

    def _session(self, reference: str, inputs: Mapping[str, Any], region: str | None) -> Any:
        if reference not in self._sessions:
            untyped: Any = boto3.session
            keys = [inputs.get(name) for name in _SECRETS]
            session = untyped.Session(
                aws_access_key_id=keys[0],
                aws_secret_access_key=keys[1],
                aws_session_token=keys[2],
                profile_name=inputs.get("profile"),
                region_name=region,
            )
            for role in inputs.get("assumeRoles") or ():
                session = _assumed(untyped, session, role, region)
            self._sessions[reference] = session
        return self._sessions[reference]


def _assumed(boto: Any, session: Any, role: Mapping[str, Any], region: str | None) -> Any:
    wanted = {"RoleArn": role["roleArn"], "RoleSessionName": role.get("sessionName") or SESSION}
    if role.get("externalId"):
        wanted["ExternalId"] = role["externalId"]
    keys = session.client("sts").assume_role(**wanted)["Credentials"]
    return boto.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region,
    )


def _environment_region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _endpoints(inputs: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(service): str(url)
        for each in inputs.get("endpoints") or ()
        for service, url in each.items()
        if url
    }


def _kubeconfig(given: Any) -> str:
    if isinstance(given, str) and given.strip():
        looks_like_text = "\n" in given or given.lstrip().startswith("{")
        return given if looks_like_text else Path(given).expanduser().read_text(encoding="utf-8")
    if given is not None:
        raise CannotTellError("its provider's kubeconfig is hidden")
    first = (os.environ.get("KUBECONFIG") or "~/.kube/config").split(os.pathsep)[0]
    path = Path(first).expanduser()
    if not path.is_file():
        raise CannotTellError(
            "its provider has no kubeconfig, and there is none in the usual place"
        )
    return path.read_text(encoding="utf-8")
