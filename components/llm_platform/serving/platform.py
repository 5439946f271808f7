"""ServingPlatform: everything that a served model stands on, and proof that it works."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.addons.arguments import addon_args
from llm_platform.addons.context import AddonContext
from llm_platform.addons.helm_addon import HelmAddon
from llm_platform.addons.kinds import PlatformSize
from llm_platform.addons.order import addon_order, before
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.kubernetes.objects import metadata
from llm_platform.serving import platform_spec as specs
from llm_platform.serving.platform_check import check_serving_platform


class ServingPlatformArgs(TypedDict):
    """Inputs of a `ServingPlatform`."""

    domain: str
    """DNS domain of served models."""
    cluster_name: str
    """Name of the cluster, as metrics name it."""
    region: str
    """AWS region of the buckets that models are in."""
    size: NotRequired[PlatformSize]
    """How much the shared services are given. Default: LARGE."""
    without: NotRequired[list[str]]
    """Parts to leave out: keda, vertical-pod-autoscaler. Default: none."""
    overrides: NotRequired[dict[str, dict[str, Any]]]
    """Values of charts that win over the platform's, by the part's name. Default: none."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels."""


class ServingPlatform(PlatformComponent):
    """cert-manager, Gateway API with Envoy Gateway, KServe, KEDA and the VPA, in layers.

    First the definitions, as releases of their own; then the operators, each after what it
    needs; last the gates: an object of each webhook's kind, which the API server takes only
    from a webhook that is reached, trusted and answers. The outputs are known when all gates
    are passed, so whatever uses them finds a platform that works, and goes before it does.
    """

    namespace: pulumi.Output[str]
    """Namespace of KServe and of the gateway; known once the platform works."""
    controller_namespace: pulumi.Output[str]
    """Namespace of Envoy Gateway; known once the platform works."""

    def __init__(
        self, name: str, args: ServingPlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(
            f"ServingPlatform '{name}'", ServingPlatformArgs, args, check_serving_platform
        )
        super().__init__("ServingPlatform", name, args, args.get("tags", {}), opts)
        self._label = name
        self.addons = self._install(args)
        gates: list[pulumi.Resource] = [
            self._gate(gate) for gate in specs.GATES if gate.addon in self.addons
        ]
        ready = [*self.addons.values(), *gates]
        self.namespace = after(specs.namespace_of(specs.KSERVE), ready)
        self.controller_namespace = after(specs.namespace_of(specs.GATEWAY), ready)
        self.register_outputs(
            {"namespace": self.namespace, "controller_namespace": self.controller_namespace}
        )

    def _install(self, args: ServingPlatformArgs) -> dict[str, HelmAddon]:
        """The releases: definitions before all operators, each operator after what it needs."""
        context = AddonContext(
            cluster_name=args["cluster_name"],
            region=args["region"],
            account_id="",
            vpc_id="",
            domain=args["domain"],
            size=PlatformSize(args.get("size", PlatformSize.LARGE)),
        )
        made: dict[str, HelmAddon] = {}
        for part in addon_order(specs.parts(tuple(args.get("without", [])))):
            needed: list[pulumi.Resource] = [
                made[each]
                for each in made
                if specs.is_definition(each) or each in before(part)
                if not specs.is_definition(part)
            ]
            made[part] = self._addon(part, context, args, needed)
        return made

    def _addon(
        self,
        part: str,
        context: AddonContext,
        args: ServingPlatformArgs,
        needed: list[pulumi.Resource],
    ) -> HelmAddon:
        # add-ons of earlier releases stood for themselves, under the part's name
        former = pulumi.Alias(name=part, parent=pulumi.ROOT_STACK_RESOURCE)
        options = pulumi.ResourceOptions(aliases=[former])
        return HelmAddon(
            f"{self._label}-{part}",
            {
                **addon_args(part, context),
                "overrides": args.get("overrides", {}).get(part, {}),
                "tags": {**self.base_tags},
            },
            pulumi.ResourceOptions.merge(self.child(depends_on=needed), options),
        )

    def _gate(self, gate: specs.Gate) -> kubernetes.apiextensions.CustomResource:
        resource = f"{self._label}-{gate.addon}-gate"
        return kubernetes.apiextensions.CustomResource(
            resource,
            api_version=gate.api_version,
            kind=gate.kind,
            metadata=metadata(self, resource, specs.GATE, self.addons[gate.addon].namespace),
            spec=dict(gate.spec),
            opts=self.child(depends_on=[self.addons[gate.addon]]),
        )
