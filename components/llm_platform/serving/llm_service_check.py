"""Checks of `LlmService`'s inputs. Pure."""

import re
from typing import TYPE_CHECKING

from llm_platform.aws.checks import range_problems
from llm_platform.kubernetes.checks import (
    RESERVED_NAMESPACES,
    object_name_problems,
)
from llm_platform.problems import Problem
from llm_platform.serving.llm_service_spec import HOST_LABEL_LIMIT, NAME_LIMIT
from llm_platform.serving.triton import is_model_name
from llm_platform.serving.triton_runtime_check import arg_problems
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs

SCHEMES = ("s3://", "pvc://")
RISKY_ARGS = ("--trust-remote-code",)

_AMOUNTS = {
    "gpus": (0, 16, ""),
    "cpus": (1, 192, ""),
    "memory_gib": (1, 4096, " GiB"),
    "min_replicas": (1, 1000, ""),
    "max_replicas": (1, 1000, ""),
    "timeout_seconds": (1, 3600, " s"),
    "grace_seconds": (1, 3600, " s"),
}
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_SECRET_VARIABLE = re.compile(r"(?i)(password|passwd|secret|token|api_?key|credential)")
_CIDR = re.compile(r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")


def check_llm_service(args: "LlmServiceArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a served model."""
    problems = [
        *object_name_problems("service_name", args.get("service_name"), NAME_LIMIT),
        *_namespace_problems(args),
        *_model_problems(args),
        *_placement_problems(args),
        *_identity_problems(args),
        *_env_problems(args.get("env", {})),
        *_peer_problems(args),
        *check_tags(args.get("tags", {})),
    ]
    for name, (low, high, unit) in _AMOUNTS.items():
        problems += range_problems(name, args.get(name), low, high, unit)
    fewest, most = args.get("min_replicas", 2), args.get("max_replicas", 4)
    if fewest > most:
        what = f"{most} is less than min_replicas, {fewest}"
        problems.append(Problem("max_replicas", what, f"at least {fewest}"))
    return problems


def _namespace_problems(args: "LlmServiceArgs") -> list[Problem]:
    if "namespace" not in args:
        return []
    namespace, name = args["namespace"], args.get("service_name", "")
    if namespace in RESERVED_NAMESPACES:
        return [Problem("namespace", f"'{namespace}' belongs to Kubernetes", "a tenant's")]
    host = f"{name}-{namespace}"
    if len(host) > HOST_LABEL_LIMIT:
        what = f"'{host}' is its host name and has {len(host)} characters"
        return [Problem("service_name", what, f"at most {HOST_LABEL_LIMIT} with the namespace")]
    return object_name_problems("namespace", namespace)


def _model_problems(args: "LlmServiceArgs") -> list[Problem]:
    problems: list[Problem] = []
    model, uri = args.get("model"), args.get("repository_uri")
    if "model" in args and not is_model_name(model):
        allowed = "a folder's name: letters, digits, -, _ and ."
        problems.append(Problem("model", f"'{model}' is no name of a model", allowed))
    if isinstance(uri, str) and not uri.startswith(SCHEMES):
        allowed = f"a URI that begins with {' or '.join(SCHEMES)}"
        problems.append(Problem("repository_uri", f"'{uri}' cannot be fetched from", allowed))
    for index, arg in enumerate(args.get("extra_args", [])):
        path = f"extra_args[{index}]"
        problems += arg_problems(path, arg)
        if arg.startswith(RISKY_ARGS):
            what = f"'{arg}' runs code that comes with a model"
            problems.append(Problem(path, what, "code that is in the model repository"))
    return problems


def _placement_problems(args: "LlmServiceArgs") -> list[Problem]:
    problems: list[Problem] = []
    gpus, pool = args.get("gpus", 0), args.get("pool", "")
    if gpus and not pool:
        allowed = "the pool_name of a GpuNodePool"
        problems.append(Problem("pool", f"{gpus} GPUs of which pool?", allowed))
    if pool and not gpus:
        what = f"pool '{pool}' has GPUs and the service takes none"
        problems.append(Problem("gpus", what, "at least 1, or no pool"))
    if priority := args.get("priority_class"):
        problems += object_name_problems("priority_class", priority)
    return problems


def _identity_problems(args: "LlmServiceArgs") -> list[Problem]:
    problems = object_name_problems("service_account_name", args.get("service_account_name"))
    if args.get("service_account_name") == "default":
        allowed = "a name of its own; nothing shall run as default"
        problems.append(Problem("service_account_name", "'default' is taken", allowed))
    if args.get("model_access") and not args.get("cluster_name"):
        what = "model_access needs the cluster whose pods get it"
        problems.append(Problem("cluster_name", what, "the name of the EKS cluster"))
    return problems


def _env_problems(env: dict[str, str]) -> list[Problem]:
    problems: list[Problem] = []
    for key in env:
        if not _VARIABLE.match(key):
            allowed = "letters, digits and _, not beginning with a digit"
            problems.append(Problem(f"env.{key}", f"'{key}' is no variable's name", allowed))
        elif _SECRET_VARIABLE.search(key):
            what = "it looks like a secret, and everybody who sees the pod would see it"
            problems.append(Problem(f"env.{key}", what, "a Secret, mounted as a file"))
    return problems


def _peer_problems(args: "LlmServiceArgs") -> list[Problem]:
    problems: list[Problem] = []
    for index, peer in enumerate(args.get("callers", [])):
        problems += object_name_problems(f"callers[{index}]", peer)
    for index, peer in enumerate(args.get("scrapers", [])):
        problems += object_name_problems(f"scrapers[{index}]", peer)
    for index, cidr in enumerate(args.get("storage_cidrs", [])):
        if not _CIDR.match(cidr):
            problems.append(Problem(f"storage_cidrs[{index}]", f"'{cidr}'", "an IPv4 block"))
    return problems
