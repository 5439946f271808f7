"""Routes of a served model, and Envoy's limits for them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.ownership import FieldOwner, left_to
from llm_platform.serving import routes
from llm_platform.serving.gateway_spec import GATEWAY_NAME, GATEWAY_NAMESPACE
from llm_platform.serving.kinds import ModelServer
from llm_platform.serving.owned import Extras, Kind, Owned
from llm_platform.serving.routes import Part, Split
from llm_platform.serving.traffic import API_VERSION, backend_traffic, limits, security

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs
    from llm_platform.serving.llm_service_inputs import LlmRoute

RULES_OWNER = "llm-platform.dev/rules-owner"
"""Annotation of a route: who decides on its rules."""
FORCE = "pulumi.com/patchForce"
"""Annotation by which Pulumi takes fields that somebody else owns."""

Route = tuple[str, str, list[dict[str, Any]], str]
"""Kind, name, rules, host."""


class Routes:
    """Routes and policies of a service; none without `route` in its inputs.

    `made` holds all of them, and `url` says where REST is; it is empty without a route.

    Args:
        owned: Makes objects of the service.
        args: Inputs of the service.
        services: Its InferenceServices, which stand first.
    """

    def __init__(
        self, owned: Owned, args: "LlmServiceArgs", services: Sequence[pulumi.Resource]
    ) -> None:
        self._owned = owned
        self._args = args
        self._services = list(services)
        self.made: list[pulumi.Resource] = []
        self.url = ""
        wanted = args.get("route")
        if wanted:
            found = self._routes(wanted)
            self.url = f"https://{found[0][3]}"
            self.made = [self._route(wanted, each) for each in found] + self._policies(
                wanted, found
            )

    def _routes(self, route: "LlmRoute") -> list[Route]:
        """Every route: REST first."""
        args, service, namespace = self._args, self._owned.service, self._args["namespace"]
        split = Split(has_candidate="candidate" in args)
        part = Part.GATEWAY if "gateway" in args else Part.SERVER
        triton = args.get("server", ModelServer.TRITON) == ModelServer.TRITON
        host = routes.http_host(service, namespace, route["domain"])
        rules = routes.http_rules(service, split, part)
        found: list[Route] = [(routes.HTTP_KIND, routes.http_route_name(service), rules, host)]
        if route.get("grpc", triton):
            rules = routes.grpc_rules(service, split, part)
            host = routes.grpc_host(service, namespace, route["domain"])
            found.append((routes.GRPC_KIND, routes.grpc_route_name(service), rules, host))
        if route.get("direct", False):
            rules = routes.grpc_rules(service, split, Part.SERVER)
            host = routes.direct_host(service, namespace, route["domain"])
            found.append((routes.GRPC_KIND, routes.direct_route_name(service), rules, host))
        return found

    def _route(self, wanted: "LlmRoute", route: Route) -> kubernetes.apiextensions.CustomResource:
        kind, name, rules, host = route
        default = f"{GATEWAY_NAMESPACE}/{GATEWAY_NAME}"
        gateway = pulumi.Output.from_input(wanted.get("gateway", default))
        parent = (gateway.apply(_before_slash), gateway.apply(_after_slash))
        part = name.removeprefix(self._owned.service).lstrip("-")
        return self._owned.custom(
            f"{part}-route" if part else "route",
            Kind(routes.API_VERSION, kind),
            name,
            routes.route_spec(parent, host, rules),
            self._services,
            self._handed_over(kind),
        )

    def _handed_over(self, kind: str) -> Extras:
        """Whose the rules are: a rollout's while there is a candidate, ours again without one.

        The annotation changes with the candidate, so that the next update writes the rules anew;
        it has to take them from the rollout then.
        """
        if "candidate" in self._args:
            rules = left_to(FieldOwner.ROLLOUT, f"kubernetes:{routes.API_VERSION}:{kind}")
            return Extras(annotations={RULES_OWNER: routes.FIELD_MANAGER}, ignore_changes=rules)
        return Extras(annotations={RULES_OWNER: "pulumi", FORCE: "true"})

    def _policies(self, route: "LlmRoute", found: Sequence[Route]) -> list[pulumi.Resource]:
        args, service = self._args, self._owned.service
        named = [(kind, name) for kind, name, _, _ in found]
        bounds = limits(route, args.get("timeout_seconds", 300))
        made: list[pulumi.Resource] = [
            self._owned.custom(
                "traffic",
                Kind(API_VERSION, "BackendTrafficPolicy"),
                service,
                backend_traffic(named, bounds),
            )
        ]
        if "jwt" in route:
            jwt = route["jwt"]
            spec = security(named, jwt["issuer"], jwt["audiences"], jwt["jwks_uri"])
            made.append(
                self._owned.custom("security", Kind(API_VERSION, "SecurityPolicy"), service, spec)
            )
        return made


def _before_slash(text: str) -> str:
    return text.partition("/")[0]


def _after_slash(text: str) -> str:
    return text.partition("/")[2]
