"""The `eks` package: answers Construct for `eks.Cluster` and `eks.Addon`."""

import asyncio
import contextvars
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2 as proto

from local.providers.eks.addon import Addon
from local.providers.eks.cluster import Cluster
from local.providers.eks.options import refused
from local.providers.model import Package, Properties, ProviderError, Session

CLUSTER = "eks:index:Cluster"
ADDON = "eks:index:Addon"


class EksPackage(Package):
    """Of pulumi-eks, the two components that the platform uses; others are refused by name."""

    name = "eks"
    version = "4.4.0"
    threads = 24
    builds_components = True

    def configure(self, config: Properties) -> Session:
        """A session without resources: this package has components only."""
        del config
        return Session()

    def handled_types(self) -> frozenset[str]:
        """The two components."""
        return frozenset({CLUSTER, ADDON})

    def construct(
        self, request: proto.ConstructRequest, engine_address: str
    ) -> proto.ConstructResponse:
        """Build a component's children through the engine's monitor."""
        if request.type not in self.handled_types():
            raise ProviderError(f"component {request.type} is not handled by the local stand-in")
        servicer = ProviderServicer(_Components(self.version), [], engine_address)
        # The SDK keeps engine and monitor in context variables; a copy of the context keeps
        # two components that are built at once apart.
        return contextvars.copy_context().run(asyncio.run, _constructed(servicer, request))


async def _constructed(
    servicer: ProviderServicer, request: proto.ConstructRequest
) -> proto.ConstructResponse:
    return await servicer._construct(request, None)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]


class _Components(Provider):
    """What the SDK calls back with deserialised inputs."""

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, Any],
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        kind = resource_type.rpartition(":")[2]
        reasons = refused(kind, inputs)
        if reasons:
            raise ProviderError(f"{resource_type} {name}: {'; '.join(reasons)}")
        component: Cluster | Addon = (
            Cluster(name, inputs, options) if kind == "Cluster" else Addon(name, inputs, options)
        )
        return ConstructResult(urn=component.urn, state=component.state)
