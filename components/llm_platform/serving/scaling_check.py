"""Checks of how an `LlmService` scales. Pure."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from llm_platform.aws.checks import range_problems
from llm_platform.problems import Problem
from llm_platform.serving.scaling import gateway_resources, server_resources

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs

RESOURCES = ("cpu", "memory")

_AMOUNTS = {
    "queue_ms": (1, 600_000, " ms"),
    "waiting": (1, 100_000, ""),
    "kv_percent": (1, 99, " %"),
    "tokens_per_second": (1, 1_000_000, ""),
    "cpu_percent": (1, 1000, " %"),
    "gateway_cpu_percent": (1, 1000, " %"),
    "pod_start_seconds": (1, 1800, " s"),
    "calm_seconds": (15, 3600, " s"),
    "fallback_replicas": (1, 1000, ""),
    "idle_seconds": (60, 86_400, " s"),
}


def scaling_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What is wrong with scaling, and with what the VPA is asked about."""
    return [
        *_bounds_problems(args),
        *_amount_problems(args),
        *recommendation_problems(args),
    ]


def _bounds_problems(args: "LlmServiceArgs") -> list[Problem]:
    problems: list[Problem] = []
    fewest = args.get("min_replicas", 2)
    to_zero = args.get("scaling", {}).get("to_zero", False)
    if fewest == 0 and not to_zero:
        what = "the last pod would go, and nothing says that it may"
        problems.append(Problem("min_replicas", what, "1 to 1000, or scaling with to_zero"))
    if to_zero and fewest != 0:
        what = f"min_replicas is {fewest}"
        problems.append(Problem("scaling.to_zero", what, "false, or min_replicas: 0"))
    if to_zero and "gateway" not in args:
        what = "without a gateway nobody sees the request that wakes the model"
        problems.append(Problem("scaling.to_zero", what, "false, or a gateway"))
    return problems


def _amount_problems(args: "LlmServiceArgs") -> list[Problem]:
    if "scaling" not in args:
        return []
    scaling = args["scaling"]
    problems: list[Problem] = []
    for name, (low, high, unit) in _AMOUNTS.items():
        problems += range_problems(name, scaling.get(name), low, high, unit)
    address = scaling.get("prometheus")
    if isinstance(address, str) and not address.startswith(("http://", "https://")):
        problems.append(Problem("prometheus", f"'{address}' is no address", "http://HOST:PORT"))
    most = args.get("max_replicas", 4)
    fallback = scaling.get("fallback_replicas")
    if fallback is not None and fallback > most:
        what = f"{fallback} are more than max_replicas, {most}"
        problems.append(Problem("fallback_replicas", what, f"1 to {most}"))
    if args.get("server") == "custom" and not (
        scaling.get("tokens_per_second") or scaling.get("cpu_percent")
    ):
        what = "nothing is known of the metrics of a server of ones own"
        problems.append(Problem("cpu_percent", what, "1 to 1000 %"))
    return [each.under("scaling") for each in problems]


def recommendation_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What the VPA must not be asked about: a resource that an HPA goes by.

    The VPA would raise the request, the HPA would see less use of it and take pods away, and so on.
    """
    scaling = args.get("scaling")
    by_hpa = {
        "server": ["cpu"] if scaling and scaling.get("cpu_percent") else [],
        "gateway": ["cpu"] if scaling is not None and "gateway" in args else [],
    }
    asked = {
        "server": server_resources(args) if "recommendations" in args else [],
        "gateway": gateway_resources(args) if "recommendations" in args else [],
    }
    problems: list[Problem] = []
    for part, names in asked.items():
        problems += conflicts(f"recommendations.{part}", names, by_hpa[part])
    return problems


def conflicts(path: str, vertical: Iterable[str], horizontal: Iterable[str]) -> list[Problem]:
    """Resources that an HPA and a VPA would both go by, and names that are no resources.

    Args:
        path: Where the VPA's resources stand.
        vertical: Resources of the VPA.
        horizontal: Resources of the HPA.
    """
    taken = set(horizontal)
    free = [name for name in RESOURCES if name not in taken]
    problems: list[Problem] = []
    for index, name in enumerate(vertical):
        where = f"{path}[{index}]"
        if name not in RESOURCES:
            problems.append(Problem(where, f"'{name}' is no resource", " | ".join(free)))
        elif name in taken:
            what = f"an HPA goes by {name} already"
            problems.append(Problem(where, what, " | ".join(free)))
    return problems
