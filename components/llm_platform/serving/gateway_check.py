"""Checks of `ServingGateway`'s inputs. Pure."""

import re
from typing import TYPE_CHECKING

from llm_platform.aws.checks import range_problems
from llm_platform.kubernetes.checks import object_name_problems
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.serving.gateway import ServingGatewayArgs

_DOMAIN = re.compile(r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
_UNQUOTED = re.compile(r"[,=]")


def check_serving_gateway(args: "ServingGatewayArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a gateway."""
    problems = [
        *domain_problems("domain", args.get("domain")),
        *object_name_problems("namespace", args.get("namespace")),
        *object_name_problems("controller_namespace", args.get("controller_namespace")),
        *object_name_problems("issuer", args.get("issuer")),
        *range_problems("proxies", args.get("proxies"), 1, 100),
        *check_tags(args.get("tags", {})),
    ]
    problems += [
        Problem(f"tags.{key}", f"'{value}' has a comma or an equals sign", "neither of the two")
        for key, value in args.get("tags", {}).items()
        if isinstance(value, str) and _UNQUOTED.search(value)
    ]
    return problems


def domain_problems(path: str, domain: object) -> list[Problem]:
    """What is wrong with a DNS domain below which hosts are made."""
    if not isinstance(domain, str) or (len(domain) <= 190 and _DOMAIN.match(domain)):
        return []
    allowed = "a domain of at least two labels in lower case, such as models.example.com"
    return [Problem(path, f"'{domain}' is no domain", allowed)]
