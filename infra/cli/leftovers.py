"""What a local cloud holds that was not there before the first `up`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from local.aws.inventory import alive as alive_in_aws
from local.aws.inventory import inventory as aws_inventory
from local.cloud import LocalCloud
from local.cluster.inventory import inventory as kubernetes_inventory
from local.cluster.inventory import retained

Holdings = dict[str, dict[str, str]]
"""Kind to object to its state: ``aws ec2 vpc`` → ``vpc-1`` → ``available``."""


def holdings(cloud: LocalCloud, region: str) -> Holdings:
    """Everything in the cloud, as AWS and Kubernetes themselves list it."""
    found: Holdings = {
        f"aws {kind}": dict(objects)
        for kind, objects in aws_inventory(cloud.aws_endpoint, region).items()
    }
    for kind, names in kubernetes_inventory(cloud.kubeconfig).items():
        found[f"kubernetes {kind}"] = dict.fromkeys(names, "present")
    return found


def living(found: Mapping[str, Mapping[str, str]]) -> set[tuple[str, str]]:
    """The objects of `found` that are not in a terminal state such as deleted."""
    aws = {
        kind.removeprefix("aws "): dict(objects)
        for kind, objects in found.items()
        if kind.startswith("aws ")
    }
    alive = {f"aws {kind}": objects for kind, objects in alive_in_aws(aws).items()}
    alive |= {
        kind: dict(objects) for kind, objects in found.items() if kind.startswith("kubernetes ")
    }
    return {(kind, name) for kind, objects in alive.items() for name in objects}


def remember_before_first_up(cloud: LocalCloud, region: str) -> None:
    """Write down what an empty cloud holds, once; `print_leftovers` compares with it."""
    path = _snapshot_path(cloud)
    if not path.exists():
        path.write_text(json.dumps(holdings(cloud, region), indent=1), encoding="utf-8")


def print_leftovers(console: Console, cloud: LocalCloud, region: str) -> int:
    """Say what a `destroy` left; returns the exit code: 1 when something should not be there."""
    before: Any = json.loads(_snapshot_path(cloud).read_text(encoding="utf-8"))
    found = holdings(cloud, region)
    left = living(found) - living(before)
    gone = {
        (kind, name, state)
        for kind, objects in found.items()
        for name, state in objects.items()
        if (kind, name) not in living(found)
    }
    for kind, name, state in sorted(gone):
        console.print(Text(f"  counted as gone: {kind} {name} ({state})", style="dim"))
    declared = _declared(cloud, left)
    for kind, name in sorted(declared):
        console.print(Text(f"  retained, as its chart declares: {kind} {name}", style="dim"))
    for kind, name in sorted(left - declared):
        console.print(Text(f"  left over: {kind} {name}", style="red"))
    if left - declared:
        return 1
    but = f", but for the {len(declared)} objects that are retained" if declared else ""
    console.print(Text(f"AWS and Kubernetes are as they were before the first up{but}.", "green"))
    return 0


def _declared(cloud: LocalCloud, left: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of `left` that are there because a chart declares that they outlive its release."""
    prefix = "kubernetes "
    kinds = {kind.removeprefix(prefix) for kind, _ in left if kind.startswith(prefix)}
    if not kinds:
        return set()
    kept = {(prefix + kind, name) for kind, name in retained(cloud.kubeconfig, kinds)}
    return left & kept


def _snapshot_path(cloud: LocalCloud) -> Path:
    return cloud.engine_folder / "before.json"
