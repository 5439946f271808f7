"""The add-ons of an environment, each after what it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi

from llm_platform import HelmAddon, WorkloadIdentity
from llm_platform.addons.arguments import addon_args, identity_args
from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import Layer
from llm_platform.addons.order import addon_order, before
from llm_platform.addons.table import ADDONS


class AddonLayers:
    """Installs a selection of the table layer by layer.

    Args:
        selection: Names of add-ons.
        context: What their values depend on.
        cluster_name: Name of the cluster as its component gives it, known once nodes stand.
        tags: Tags of what is made in AWS, labels of what is made in the cluster.
        options: Options of every add-on: the provider of the cluster.
        given: Add-ons of the selection that are installed elsewhere.
    """

    def __init__(
        self,
        selection: Sequence[str],
        context: AddonContext,
        cluster_name: pulumi.Output[str],
        tags: Mapping[str, str],
        options: pulumi.ResourceOptions,
        given: Mapping[str, HelmAddon],
    ) -> None:
        self._order = addon_order(selection)
        self._context = replace(context, tags={**tags})
        self._cluster_name = cluster_name
        self._tags = tags
        self._options = options
        self.installed: dict[str, HelmAddon] = {**given}

    def install(self, layer: Layer, after: Sequence[pulumi.Resource] = ()) -> list[HelmAddon]:
        """Install the add-ons of one layer; they wait for `after` and for what they need."""
        names = [
            name
            for name in self._order
            if ADDONS[name].layer is layer and name not in self.installed
        ]
        for name in names:
            self.installed[name] = self._install(name, after)
        return [self.installed[name] for name in names]

    def namespace(self, name: str) -> pulumi.Output[str]:
        """Namespace of an add-on, known once it runs: whatever uses it comes after."""
        return self.installed[name].namespace

    def has(self, *names: str) -> bool:
        """Whether all of these are installed."""
        return all(name in self.installed for name in names)

    def _install(self, name: str, after: Sequence[pulumi.Resource]) -> HelmAddon:
        needed: list[pulumi.Resource] = [*after]
        needed += [self.installed[each] for each in before(name) if each in self.installed]
        identity = identity_args(name, self._context)
        if identity is not None:
            needed.append(
                WorkloadIdentity(
                    f"{name}-identity",
                    {**identity, "cluster_name": self._cluster_name, "tags": {**self._tags}},
                )
            )
        options = pulumi.ResourceOptions(depends_on=needed)
        return HelmAddon(
            name,
            {**addon_args(name, self._context), "tags": {**self._tags}},
            pulumi.ResourceOptions.merge(self._options, options),
        )
