"""The controllers of EKS's control plane: load balancers, volumes, nodes of node groups."""

import json
import shutil
import threading
from pathlib import Path

from local.cluster.processes import write_private
from local.node.eks import load_balancers, node_groups, volumes
from local.node.eks.credentials import Aws
from local.node.eks.health import serve_health
from local.node.eks.kube import Kube, KubeError
from local.node.eks.settings import (
    CONTROLLERS,
    VOLUMES_FOLDER,
    EksSettings,
    simulated_images,
)
from local.node.eks.watching import Cache, Loop, say
from local.node.plan import LOAD_BALANCER_FILE

NODE_GROUP_SECONDS = 2.0
"""How often the emulated EKS is asked for its node groups: it cannot be watched."""


def run(settings: EksSettings) -> None:
    """Run all of them for good."""
    kube = Kube(settings.credentials)
    loops = [
        _load_balancers(kube, settings.root),
        _volumes(kube, settings),
        _node_groups(kube, settings),
    ]
    for loop in loops:
        loop.start()
    serve_health(settings.ports[CONTROLLERS], [loop.trouble for loop in loops])
    threading.Event().wait()


def _load_balancers(kube: Kube, folder: Path) -> Loop:
    changed = threading.Event()
    services = Cache(kube, "/api/v1/services", changed)
    written: list[str] = []

    def reconcile() -> None:
        present = services.objects()
        balancers = load_balancers.balanced(present)
        relays = json.dumps(load_balancers.relays(balancers), indent=1)
        if written != [relays]:
            write_private(folder / LOAD_BALANCER_FILE, relays)
            written[:] = [relays]
        told = [(each.namespace, each.name, each.address) for each in balancers if not each.is_told]
        freed = [(*each, "") for each in load_balancers.forsaken(present)]
        for namespace, name, address in [*told, *freed]:
            path = f"/api/v1/namespaces/{namespace}/services/{name}/status"
            _if_there(kube, path, load_balancers.status(address))
            say(f"Service {namespace}/{name}: {address or 'no address any more'}")

    return Loop(reconcile, changed, [services])


def _if_there(kube: Kube, path: str, patch: dict[str, object]) -> None:
    """Patch an object that may have gone meanwhile."""
    try:
        kube.merge(path, patch)
    except KubeError as error:
        if error.status != 404:
            raise


def _volumes(kube: Kube, settings: EksSettings) -> Loop:
    changed = threading.Event()
    claims = Cache(kube, "/api/v1/persistentvolumeclaims", changed)
    present = Cache(kube, "/api/v1/persistentvolumes", changed)
    classes = Cache(kube, "/apis/storage.k8s.io/v1/storageclasses", changed)
    folder = settings.root / VOLUMES_FOLDER

    def reconcile() -> None:
        for each in volumes.wanted(
            claims.objects(), present.objects(), classes.objects(), folder, settings.node_name
        ):
            # as a new file system is, whatever this process's umask
            path = folder / each.name
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
            _create(kube, "/api/v1/persistentvolumes", each.volume)
            say(f"volume {each.name} made")
        for name in volumes.unwanted(present.objects()):
            shutil.rmtree(folder / name, ignore_errors=True)
            kube.delete(f"/api/v1/persistentvolumes/{name}")
            say(f"volume {name} removed")

    return Loop(reconcile, changed, [claims, present, classes])


def _node_groups(kube: Kube, settings: EksSettings) -> Loop:
    changed = threading.Event()
    nodes = Cache(kube, "/api/v1/nodes", changed)
    aws = Aws(settings.aws_endpoint)

    def reconcile() -> None:
        clusters = aws.clusters()
        general = bool(simulated_images(settings.root))
        present = {each["metadata"]["name"]: each for each in nodes.objects()}
        wanted = {
            each["metadata"]["name"]: each
            for each in node_groups.simulated_nodes(clusters, general=general)
        }
        for name, node in present.items():
            is_simulated = node_groups.SIMULATED in (node["metadata"].get("labels") or {})
            if is_simulated and (name not in wanted or node_groups.is_other(wanted[name], node)):
                kube.delete(f"/api/v1/nodes/{name}")
                say(f"simulated node {name} removed")
            elif name in wanted:
                patch = node_groups.changes(wanted[name], node)
                if patch:
                    _if_there(kube, f"/api/v1/nodes/{name}", patch)
        for name in sorted(wanted.keys() - present.keys()):
            _create(kube, "/api/v1/nodes", wanted[name])
            say(f"simulated node {name} made")
        real = present.get(settings.node_name)
        labels = node_groups.real_labels(clusters)
        if real and any(real["metadata"]["labels"].get(k) != v for k, v in labels.items()):
            _if_there(kube, f"/api/v1/nodes/{settings.node_name}", {"metadata": {"labels": labels}})

    return Loop(reconcile, changed, [nodes], every=NODE_GROUP_SECONDS)


def _create(kube: Kube, path: str, body: dict[str, object]) -> None:
    """Make an object; one that is there already is as good."""
    try:
        kube.create(path, body)
    except KubeError as error:
        if error.status != 409:
            raise
