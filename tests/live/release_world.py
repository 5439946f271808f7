"""Releases on a live cloud, asked of the stand-in provider as the engine asks."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from node_world import Node

from llm_platform.addons.arguments import addon_args
from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import PlatformSize
from llm_platform.addons.table import ADDONS
from local.paths import REPOSITORY
from local.providers.kubernetes.package import KubernetesPackage
from local.providers.model import (
    CreateRequest,
    DeleteRequest,
    ReadRequest,
    Session,
    State,
    UpdateRequest,
)

TYPE = "kubernetes:helm.sh/v3:Release"
CONTEXT = AddonContext(
    cluster_name="llm-live",
    region="eu-central-1",
    account_id="123456789012",
    vpc_id="vpc-1",
    size=PlatformSize.SMALL,
    artifact_bucket="artifacts",
    passwords=False,
)
CHILD = """
import json, sys
from pathlib import Path
from local.providers.kubernetes.package import KubernetesPackage
from local.providers.model import CreateRequest
folder, inputs = Path(sys.argv[1]), json.loads(sys.argv[2])
config = {"kubeconfig": str(folder / "admin.kubeconfig")}
session = KubernetesPackage(folder).configure(config)
session.create(CreateRequest("urn", "kubernetes:helm.sh/v3:Release", "r", inputs=inputs))
"""


@dataclass(frozen=True)
class Place:
    """A live cloud, and a session of the provider with it."""

    node: Node
    session: Session

    @classmethod
    def of(cls, node: Node) -> "Place":
        """On a cloud that is up."""
        config = {"kubeconfig": str(node.cloud.kubeconfig), "enablePatchForce": "true"}
        return cls(node, KubernetesPackage(node.cloud.folder).configure(config))

    def create(self, name: str, **changed: Any) -> State:
        """Install an add-on, as `HelmAddon` would."""
        self.namespace(name)
        inputs = {**inputs_of(name), **changed}
        return self.session.create(CreateRequest("urn", TYPE, name, inputs=inputs))

    def preview(self, name: str, **changed: Any) -> State:
        """Preview the same."""
        inputs = {**inputs_of(name), **changed}
        return self.session.create(CreateRequest("urn", TYPE, name, inputs=inputs, preview=True))

    def update(self, name: str, **changed: Any) -> State:
        """Upgrade it."""
        old = inputs_of(name)
        request = UpdateRequest(
            "urn", TYPE, name, id=id_of(name), old_inputs=old, old_outputs=old,
            inputs={**old, **changed},
        )  # fmt: skip
        return self.session.update(request)

    def read(self, name: str) -> State | None:
        """Read it, as a refresh does."""
        request = ReadRequest("urn", TYPE, name, id=id_of(name), inputs=inputs_of(name), outputs={})
        return self.session.read(request)

    def delete(self, name: str) -> None:
        """Uninstall it."""
        old = inputs_of(name)
        request = DeleteRequest("urn", TYPE, name, id=id_of(name), old_inputs=old, old_outputs=old)
        self.session.delete(request)

    def namespace(self, name: str) -> None:
        """Make the add-on's namespace, held to its Pod Security level."""
        addon = ADDONS[name]
        if addon.own_namespace:
            label = f"pod-security.kubernetes.io/enforce: {addon.pod_security.value}"
            text = (
                f"apiVersion: v1\nkind: Namespace\n"
                f"metadata: {{name: {addon.namespace}, labels: {{{label}}}}}\n"
            )
            self.node.kubectl("apply", "-f", "-", stdin=text)

    def dying(self, name: str, **changed: Any) -> subprocess.Popen[str]:
        """A provider of its own that installs the add-on, to be killed."""
        self.namespace(name)
        inputs = json.dumps({**inputs_of(name), **changed})
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, str(self.node.cloud.folder), inputs],
            cwd=REPOSITORY,
            text=True,
        )

    def names(self, kind: str, name: str) -> list[str]:
        """Names of objects in the add-on's namespace."""
        found = self.node.kubectl("get", kind, "-n", ADDONS[name].namespace, "-o", "name")
        return found.split()

    def definitions(self, group: str) -> list[str]:
        """Names of the custom resource definitions of a group."""
        found = self.node.kubectl("get", "crd", "-o", "name").split()
        return [each for each in found if each.endswith(f".{group}")]


def id_of(name: str) -> str:
    """ID of an add-on's release."""
    return f"{ADDONS[name].namespace}/{name}"


def inputs_of(name: str) -> dict[str, Any]:
    """Inputs of an add-on's release, as `HelmAddon` gives them."""
    args = addon_args(name, CONTEXT)
    inputs: dict[str, Any] = {
        "name": name,
        "chart": args["chart"],
        "version": args["version"],
        "namespace": args["namespace"],
        "values": args.get("values", {}),
        "timeout": args.get("timeout_seconds"),
        "atomic": True,
        "cleanupOnFail": True,
        "createNamespace": False,
        "maxHistory": 5,
        "skipCrds": args.get("skip_crds", False),
    }
    if "repository" in args:
        inputs["repositoryOpts"] = {"repo": args["repository"]}
    return inputs


def with_value(name: str, path: str, value: Any) -> dict[str, Any]:
    """The values of an add-on with one more, or another one, at a dotted path."""
    values: dict[str, Any] = json.loads(json.dumps(inputs_of(name)["values"]))
    holder = values
    *above, last = path.split(".")
    for part in above:
        holder = holder.setdefault(part, {})
    holder[last] = value
    return values
