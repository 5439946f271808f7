"""Kubernetes objects as the API servers have them, read beside the engine to learn of owners."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.drift.classify import is_object
from infra.drift.model import Live, Refreshed
from infra.drift.values import plain
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.providers.kubernetes.discovery import Discovery
from local.providers.kubernetes.objects import parse_token, split_id
from local.providers.kubernetes.trees import mapping
from local.providers.model import ProviderError

AT_ONCE = 8
PROVIDER = "pulumi:providers:kubernetes"
UNKNOWN_CLUSTER = "Owners are not known: the state has no kubeconfig that can be read."


class Clusters:
    """API servers by the provider that made the objects.

    Args:
        kubeconfigs: Text of the kubeconfig by reference of the provider, ``URN::ID``.
        every: Kubeconfig for the providers that are not in `kubeconfigs`; empty for none.
    """

    def __init__(self, kubeconfigs: Mapping[str, str], every: str = "") -> None:
        self._kubeconfigs = kubeconfigs
        self._every = every
        self._known: dict[str, tuple[Api, Discovery]] = {}

    def objects(self, found: Iterable[Refreshed], providers: Mapping[str, str]) -> dict[str, Live]:
        """The objects of what was refreshed and is still there, by URN.

        Args:
            found: What was refreshed.
            providers: Reference of the provider by URN of the resource.
        """
        wanted = [each for each in found if is_object(each.type) and not each.is_gone]
        for each in wanted:
            # clients are made by one thread only
            self._client(providers.get(each.urn, ""))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            coming = {
                each.urn: pool.submit(self._read, each, providers.get(each.urn, ""))
                for each in wanted
            }
        return {urn: each.result() for urn, each in coming.items()}

    def _client(self, provider: str) -> tuple[Api, Discovery] | None:
        text = self._kubeconfigs.get(provider) or self._every
        if not text:
            return None
        if text not in self._known:
            api = Api(read_kubeconfig(text))
            self._known[text] = (api, Discovery(api))
        return self._known[text]

    def _read(self, found: Refreshed, provider: str) -> Live:
        client = self._client(provider)
        if client is None:
            return Live(problem=UNKNOWN_CLUSTER)
        api, discovery = client
        token = parse_token(found.type)
        version = str(found.recorded.get("apiVersion") or token.api_version)
        namespace, name = split_id(found.id)
        try:
            kind = discovery.find(version, token.kind)
            live = api.find(kind.path(namespace or "default", name))
        except ProviderError as error:
            return Live(problem=f"Owners are not known: {error}.")
        if live is None:
            return Live(problem="Owners are not known: the object has just been deleted.")
        return Live(object=live)


def kubeconfigs_of(resources: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Kubeconfigs that an exported state holds, by reference of the provider."""
    found: dict[str, str] = {}
    for each in resources:
        if each["type"] == PROVIDER:
            text = plain(mapping(each.get("inputs")).get("kubeconfig"))
            if isinstance(text, str):
                found[f"{each['urn']}::{each.get('id', '')}"] = text
    return found
