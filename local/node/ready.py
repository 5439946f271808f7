"""Making a live cloud ready for the program: the node Ready, what EKS provides in the cluster."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.cluster import building, health
from local.cluster.commands import AWS_PROGRAM
from local.cluster.record import Record
from local.errors import LocalCloudError
from local.images.table import IMAGES
from local.node import eks, pause_image
from local.node.access import LiveCloud
from local.node.plan import KUBELET, NODE_NAME
from local.node.prefetch import prefetch
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.providers.model import ProviderError
from local.reporter import Reporter, reported

READY_SECONDS = 60.0
ADDON_SECONDS = 120.0
ADDON_NAMESPACE = "kube-system"
POLL_SECONDS = 0.3
NOT_WAITED_FOR = ("metrics-server",)
"""Add-ons on which nothing of the program waits: this one answers after two measurements only,
which takes half a minute."""


def prepare(
    live: LiveCloud, tools: Mapping[str, Path], reporter: Reporter, *, domain: str = ""
) -> None:
    """Have the node Ready and EKS's side at work in the cluster; may be repeated.

    Args:
        live: A cloud that is up.
        tools: Those that it runs, by name.
        reporter: Told of the steps.
        domain: Domain of the models' host names, which the cluster's DNS then knows.

    Raises:
        LocalCloudError: The node does not become Ready, an add-on does not, an image cannot be
            made, or the API server refuses.
    """
    record = Record.read(live.folder)
    if record is None:
        raise LocalCloudError(f"there is no cloud in {live.folder}", "make one: llmp live up")
    plan = building.plan_of(record, live.folder, tools, AWS_PROGRAM)
    pause_image.ensure(live, reporter)
    # Our own images too: what serves models names them in objects that no chart has.
    own = [each.image.reference for each in IMAGES.values()]
    prefetch(live, [*eks.images(), *own], reporter)
    api = api_of(live.kubeconfig)
    with reported(reporter, "node", "Ready"):
        wait_for_node(api, live)
    with reported(reporter, "EKS add-ons", "at work"):
        try:
            eks.install(api, plan, domain=domain)
        except ProviderError as error:
            raise LocalCloudError(
                f"what EKS provides cannot be put into the cluster: {error}",
                f"the logs of the cloud's processes are in {live.folder / 'logs'}",
            ) from error
        wait_for_addons(api, live)


def api_of(kubeconfig: Path) -> Api:
    """The API server of a cloud, as its administrator sees it."""
    return Api(read_kubeconfig(kubeconfig.read_text(encoding="utf-8")))


def wait_for_node(api: Api, live: LiveCloud) -> None:
    """Wait until the node is Ready.

    Raises:
        LocalCloudError: It does not become Ready; says why, in the node's words.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        why = unready(api)
        if not why:
            return
        if time.monotonic() >= deadline:
            raise LocalCloudError(
                f"the node does not become Ready: {why}",
                f"the kubelet's log is {live.folder / 'logs' / 'kubelet.log'}",
                health.tail(live.folder, KUBELET),
            )
        time.sleep(POLL_SECONDS)


def unready(api: Api) -> str:
    """Why the node is not Ready, in words; empty when it is."""
    node = api.find(f"/api/v1/nodes/{NODE_NAME}")
    if node is None:
        return "the kubelet has not registered it"
    conditions: list[Mapping[str, Any]] = node.get("status", {}).get("conditions", [])
    ready = next((each for each in conditions if each["type"] == "Ready"), None)
    if ready is None:
        return "it has said nothing yet"
    return "" if ready["status"] == "True" else str(ready.get("message") or ready.get("reason"))


def wait_for_addons(api: Api, live: LiveCloud) -> None:
    """Wait until every Deployment of ``kube-system`` but `NOT_WAITED_FOR` is available.

    Raises:
        LocalCloudError: One does not become available; says why, in its own words.
    """
    deadline = time.monotonic() + ADDON_SECONDS
    while True:
        waiting = unavailable(api)
        if not waiting:
            return
        if time.monotonic() >= deadline:
            raise LocalCloudError(
                f"add-ons are not available: {'; '.join(waiting)}",
                f"see: kubectl --kubeconfig {live.kubeconfig} -n {ADDON_NAMESPACE} describe pods",
            )
        time.sleep(POLL_SECONDS)


def unavailable(api: Api) -> list[str]:
    """Deployments of ``kube-system`` whose pods are not all ready, each with why."""
    found = api.get(f"/apis/apps/v1/namespaces/{ADDON_NAMESPACE}/deployments")
    waiting: list[str] = []
    for each in found["items"]:
        wanted, status = each["spec"]["replicas"], each.get("status", {})
        ready = status.get("readyReplicas", 0)
        # One that is rolled out anew may have too few ready pods, or ready ones of before.
        seen = status.get("observedGeneration") == each["metadata"]["generation"]
        if not seen or status.get("updatedReplicas", 0) < wanted or ready < wanted:
            waiting.append(f"{each['metadata']['name']} ({ready} of {wanted} pods ready)")
    return waiting
