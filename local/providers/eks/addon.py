"""`eks.Addon`: one add-on of a cluster that `eks.Cluster` made."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from local.providers.eks import values
from local.providers.eks.raw import AwsResource


class Addon(pulumi.ComponentResource):
    """The component; `state` holds its outputs for the answer to Construct."""

    def __init__(
        self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__("eks:index:Addon", name, {}, opts)
        configuration = inputs.get("configurationValues")
        passed = {
            key: value
            for key, value in inputs.items()
            if key not in {"cluster", "configurationValues"}
        }
        addon = AwsResource(
            "aws:eks/addon:Addon",
            name,
            {
                **passed,
                "clusterName": pulumi.Output.from_input(inputs["cluster"]).apply(_cluster_name),
                "configurationValues": pulumi.Output.from_input(configuration).apply(
                    values.sorted_json
                )
                if configuration is not None
                else None,
            },
            self,
        )
        self.state: dict[str, Any] = {"addon": addon}
        self.register_outputs(self.state)


def _cluster_name(cluster: Any) -> Any:
    """Name of the EKS cluster inside a reference to `eks.Cluster`."""
    return _member(_member(_member(cluster, "core"), "cluster"), "name")


def _member(value: Any, name: str) -> Any:
    """A member of a resource, or of the mapping that stands for one."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)[name]
    return getattr(value, name)
