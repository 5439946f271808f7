"""Changing objects while a chart is assembled. Objects are changed in place."""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from local.charts import helm
from local.charts.documents import documents
from local.charts.model import Manifest, Values
from local.errors import LocalCloudError
from local.providers.kubernetes.trees import mapping

MONITORS = "monitoring.coreos.com/v1"


def kustomized(folder: Path) -> list[Manifest]:
    """What ``kubectl kustomize`` makes of a folder.

    Raises:
        LocalCloudError: It refuses the folder.
    """
    command = [str(helm.ensure().kubectl), "kustomize", str(folder)]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        raise LocalCloudError(
            f"kubectl kustomize {folder} failed.", "Report this.", ended.stderr[-1500:]
        )
    return list(documents(ended.stdout))


def read(folder: Path, *names: str) -> list[Manifest]:
    """The objects in files of a folder; a name may be a folder of YAML files."""
    found: list[Manifest] = []
    for name in names:
        path = folder / name
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            found += documents(file.read_text())
    return found


def one(objects: Iterable[Manifest], kind: str, name: str) -> Manifest:
    """The object of that kind and name.

    Raises:
        KeyError: The module has none.
    """
    for each in objects:
        if (each.get("kind"), each["metadata"]["name"]) == (kind, name):
            return each
    raise KeyError(f"{kind} {name}")


def of_kind(objects: Iterable[Manifest], kind: str) -> list[Manifest]:
    """The objects of a kind."""
    return [each for each in objects if each.get("kind") == kind]


def moved(objects: Iterable[Manifest], old: str, new: str) -> None:
    """Have objects stand in, and speak of, the namespace `new` instead of `old`."""
    for each in objects:
        _replace_namespace(each, old, new)


def _replace_namespace(value: Any, old: str, new: str) -> None:
    if isinstance(value, dict):
        holder = cast("dict[str, Any]", value)
        for key, inner in holder.items():
            if key == "namespace" and inner == old:
                holder[key] = new
            else:
                _replace_namespace(inner, old, new)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            _replace_namespace(inner, old, new)


def pod_of(workload: Manifest) -> dict[str, Any]:
    """The pod's spec of a workload."""
    return workload["spec"]["template"]["spec"]


def container_of(workload: Manifest) -> dict[str, Any]:
    """The only container of a workload."""
    (container,) = pod_of(workload)["containers"]
    return container


def value_at(values: Values, path: str, default: Any = None) -> Any:
    """The value at a dotted path; `default` when there is none, or None stands there."""
    found: Any = values
    for part in path.split("."):
        below = mapping(found)
        if part not in below:
            return default
        found = below[part]
    return default if found is None else found


def sized(workload: Manifest, *, replicas: Any, resources: Any, pull_policy: Any) -> None:
    """Give a workload of one container what values say; None leaves what stands there."""
    container = container_of(workload)
    if replicas is not None:
        workload["spec"]["replicas"] = replicas
    if resources is not None:
        container["resources"] = resources
    if pull_policy is not None:
        container["imagePullPolicy"] = pull_policy


def disruption_budget(
    name: str, namespace: str, labels: Mapping[str, str], spec: Values
) -> Manifest:
    """A PodDisruptionBudget with the bounds that values give."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**spec, "selector": {"matchLabels": dict(labels)}},
    }


def service_monitor(
    name: str, namespace: str, labels: Mapping[str, str], port: str, **endpoint: Any
) -> Manifest:
    """A ServiceMonitor of one port."""
    return {
        "apiVersion": MONITORS,
        "kind": "ServiceMonitor",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "endpoints": [{"port": port, **endpoint}],
            "namespaceSelector": {"matchNames": [namespace]},
            "selector": {"matchLabels": dict(labels)},
        },
    }


def without(objects: Sequence[Manifest], kind: str) -> list[Manifest]:
    """The objects that are not of a kind."""
    return [each for each in objects if each.get("kind") != kind]
