"""ServingGateway: the one way into the cluster for requests to models."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.kubernetes.objects import metadata
from llm_platform.serving import gateway_spec as specs
from llm_platform.serving.gateway_check import check_serving_gateway
from llm_platform.serving.traffic import client_traffic

CERT_MANAGER = "cert-manager.io/v1"
GATEWAY_API = "gateway.networking.k8s.io/v1"
ENVOY_GATEWAY = "gateway.envoyproxy.io/v1alpha1"


class ServingGatewayArgs(TypedDict):
    """Inputs of a `ServingGateway`."""

    domain: str
    """DNS domain of served models; every model is a host below it."""
    namespace: NotRequired[pulumi.Input[str]]
    """Namespace of the gateway, where KServe looks for it. Default: kserve."""
    controller_namespace: NotRequired[pulumi.Input[str]]
    """Namespace of Envoy Gateway, where Envoy's pods run. Default: envoy-gateway-system."""
    issuer: NotRequired[str]
    """ClusterIssuer of cert-manager that issues the certificate. Default: an authority that is
    made here and that callers must be told to trust."""
    internal: NotRequired[bool]
    """Whether the load balancer has private addresses only. Default: yes."""
    proxies: NotRequired[int]
    """Pods of Envoy at the least; there may be four times as many. Default: 2."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels, and tags of the load balancer."""


class ServingGateway(PlatformComponent):
    """Class, Envoy's shape, certificate and gateway, by the name that KServe routes to.

    HTTPS only. Routes are taken from namespaces of tenants alone. The load balancer is a
    network one that hands connections on to Envoy, which ends TLS. It is made by controllers,
    not by Pulumi: this component must go before they do, which is why it wants the namespaces
    as outputs of their add-ons.
    """

    gateway: pulumi.Output[str]
    """``NAMESPACE/NAME`` of the gateway; known once it is there."""
    gateway_class: pulumi.Output[str]
    """Name of the gateway's class."""

    def __init__(
        self, name: str, args: ServingGatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(f"ServingGateway '{name}'", ServingGatewayArgs, args, check_serving_gateway)
        super().__init__("ServingGateway", name, args, args.get("tags", {}), opts)
        self._label = name
        namespace = args.get("namespace", specs.GATEWAY_NAMESPACE)
        controllers = args.get("controller_namespace", specs.CONTROLLER_NAMESPACE)
        shape = self._object(
            "proxy", ENVOY_GATEWAY, "EnvoyProxy", specs.GATEWAY_NAME, controllers, self._proxy(args)
        )
        class_spec = specs.gateway_class(controllers)
        gateway_class = self._object(
            "class", GATEWAY_API, "GatewayClass", specs.GATEWAY_CLASS, None, class_spec, [shape]
        )
        certificate = self._certificate(args, namespace)
        gateway = self._object(
            "gateway",
            GATEWAY_API,
            "Gateway",
            specs.GATEWAY_NAME,
            namespace,
            specs.gateway(args["domain"]),
            [gateway_class, certificate],
        )
        clients = self._object(
            "clients",
            ENVOY_GATEWAY,
            "ClientTrafficPolicy",
            specs.GATEWAY_NAME,
            namespace,
            client_traffic(specs.GATEWAY_NAME),
            [gateway],
        )
        stands = [gateway, clients]
        self.gateway = pulumi.Output.concat(namespace, "/", after(specs.GATEWAY_NAME, stands))
        self.gateway_class = after(specs.GATEWAY_CLASS, [gateway_class])
        self.register_outputs({"gateway": self.gateway, "gateway_class": self.gateway_class})

    def _proxy(self, args: ServingGatewayArgs) -> dict[str, Any]:
        tags = {
            key: value if isinstance(value, str) else pulumi.Output.from_input(value)
            for key, value in self.base_tags.items()
        }
        text = pulumi.Output.all(**tags).apply(specs.load_balancer_tags) if tags else ""
        return specs.proxy(args.get("proxies", 2), text, internal=args.get("internal", True))

    def _certificate(
        self, args: ServingGatewayArgs, namespace: pulumi.Input[str]
    ) -> pulumi.Resource:
        """The gateway's certificate, from the given issuer or from an authority of its own."""
        gates: Sequence[pulumi.Resource] = ()
        issuer = {"kind": "ClusterIssuer", "name": args.get("issuer", "")}
        if "issuer" not in args:
            root = self._object(
                "root", CERT_MANAGER, "Issuer", specs.ROOT_ISSUER, namespace, {"selfSigned": {}}
            )
            authority = self._object(
                "authority",
                CERT_MANAGER,
                "Certificate",
                specs.AUTHORITY,
                namespace,
                specs.authority(),
                [root],
            )
            own = self._object(
                "issuer",
                CERT_MANAGER,
                "Issuer",
                specs.AUTHORITY,
                namespace,
                {"ca": {"secretName": specs.AUTHORITY}},
                [authority],
            )
            issuer, gates = {"kind": "Issuer", "name": specs.AUTHORITY}, (own,)
        spec = specs.certificate(args["domain"], issuer)
        return self._object(
            "certificate", CERT_MANAGER, "Certificate", specs.CERTIFICATE, namespace, spec, gates
        )

    def _object(
        self,
        part: str,
        api_version: str,
        kind: str,
        name: str,
        namespace: pulumi.Input[str] | None,
        spec: Any,
        gates: Sequence[pulumi.Resource] | None = None,
    ) -> kubernetes.apiextensions.CustomResource:
        resource = f"{self._label}-{part}"
        return kubernetes.apiextensions.CustomResource(
            resource,
            api_version=api_version,
            kind=kind,
            metadata=metadata(self, resource, name, namespace),
            spec=spec,
            opts=self.child(depends_on=gates),
        )
