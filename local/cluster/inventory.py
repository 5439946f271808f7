"""What is in a Kubernetes cluster: every object of every kind that can be listed, by name.

Reads only. Kinds that Kubernetes makes and unmakes by itself as time passes are left out, so that
two inventories can be compared.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import kubernetes

from local.errors import LocalCloudError

LEFT_OUT = frozenset(
    {
        "core/ComponentStatus",
        "core/Endpoints",
        "core/Event",
        "coordination.k8s.io/Lease",
        "coordination.k8s.io/LeaseCandidate",
        "discovery.k8s.io/EndpointSlice",
        "events.k8s.io/Event",
        "internal.apiserver.k8s.io/StorageVersion",
        "metrics.k8s.io/NodeMetrics",
        "metrics.k8s.io/PodMetrics",
        "networking.k8s.io/IPAddress",
    }
)
"""Kinds that come and go without anybody's doing, or mirror other kinds."""
KEEP = "helm.sh/resource-policy"
"""Annotation by which a chart declares that an object outlives its release, with the value keep."""
AUTOMATIC_LABEL = "kube-aggregator.kubernetes.io/automanaged"
"""On the APIServices that come with every group of APIs."""
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PAGE = 500
AT_ONCE = 4
SECONDS = 30.0
FOUND = 200
GONE = 404


@dataclass(frozen=True, order=True)
class Resource:
    """A kind that can be listed.

    Attributes:
        kind: ``group/Kind``; the group of the oldest kinds is called ``core``.
        path: Path of its list at the API server.
    """

    kind: str
    path: str


def api_client(kubeconfig: Path) -> Any:
    """An API client for `kubeconfig`; untyped, as the Kubernetes client is.

    It shows the kubeconfig's client certificate; here nothing else is needed.
    """
    untyped: Any = kubernetes
    configuration = untyped.client.Configuration()
    untyped.config.load_kube_config(
        str(kubeconfig), client_configuration=configuration, persist_config=False
    )
    configuration.proxy = None  # the environment's proxy knows nothing of this machine's loopback
    return untyped.client.ApiClient(configuration)


def inventory(kubeconfig: Path) -> dict[str, list[str]]:
    """Names of all objects by kind.

    Args:
        kubeconfig: Of somebody who may list everything.

    Returns:
        ``group/Kind`` to sorted names, ``namespace/name`` or just ``name`` for kinds without
        namespaces; kinds with no object are left out.
    """
    client = api_client(kubeconfig)
    kinds = sorted(listable(client))
    found: dict[str, list[str]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lists = pool.map(_sorted_names, repeat(client), kinds)
        for resource, names in zip(kinds, lists, strict=True):
            if names:
                found[resource.kind] = names
    return found


def retained(kubeconfig: Path, kinds: Iterable[str]) -> set[tuple[str, str]]:
    """What charts declare to outlive their release, as ``(kind, name)``.

    Args:
        kubeconfig: Of somebody who may list everything.
        kinds: Where to look, as `inventory` names kinds.
    """
    client = api_client(kubeconfig)
    wanted = set(kinds)
    return {
        (resource.kind, _name(metadata))
        for resource in listable(client)
        if resource.kind in wanted
        for metadata in _metadata(client, resource)
        if metadata.get("annotations", {}).get(KEEP) == "keep"
    }


def listable(client: Any) -> Iterator[Resource]:
    """Every kind that can be listed, each once, in the version that the server prefers."""
    for root in ("/api", "/apis"):
        for group in _get(client, root, DISCOVERY)["items"]:
            yield from resources_of(group)


def resources_of(group: Mapping[str, Any]) -> Iterator[Resource]:
    """The listable kinds of one group, as aggregated discovery tells them."""
    name: str = group["metadata"].get("name", "")
    seen: set[str] = set()
    # The preferred version comes first; a kind may exist in an older one only.
    for version in group["versions"]:
        root = f"/apis/{name}/{version['version']}" if name else f"/api/{version['version']}"
        for resource in version.get("resources", ()):
            kind = f"{name or 'core'}/{resource['responseKind']['kind']}"
            if kind in seen or kind in LEFT_OUT or "list" not in resource["verbs"]:
                continue
            seen.add(kind)
            yield Resource(kind, f"{root}/{resource['resource']}")


def _sorted_names(client: Any, resource: Resource) -> list[str]:
    return sorted(map(_name, _metadata(client, resource)))


def _name(metadata: Mapping[str, Any]) -> str:
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def _metadata(client: Any, resource: Resource) -> Iterator[dict[str, Any]]:
    """Metadata of the objects of one kind, page by page."""
    proceed = ""
    while True:
        query = urlencode({"limit": PAGE, **({"continue": proceed} if proceed else {})})
        answer = _get(client, f"{resource.path}?{query}", NAMES_ONLY)
        for item in answer["items"] or ():  # null when there are none
            metadata: dict[str, Any] = item["metadata"]
            if AUTOMATIC_LABEL not in metadata.get("labels", {}):
                yield metadata
        proceed = answer["metadata"].get("continue", "")
        if not proceed:
            return


def _get(client: Any, path: str, accept: str) -> dict[str, Any]:
    response = client.rest_client.pool_manager.request(
        "GET", client.configuration.host + path, headers={"Accept": accept}, timeout=SECONDS
    )
    if response.status == GONE:
        # The kind went away between discovery and now: nothing of it is left.
        return {"items": [], "metadata": {}}
    if response.status != FOUND:
        raise LocalCloudError(
            f"the Kubernetes API server refuses to list {path}: status {response.status}",
            "the kubeconfig must belong to somebody who may list everything",
            response.data.decode(errors="replace")[:500],
        )
    return json.loads(response.data)
