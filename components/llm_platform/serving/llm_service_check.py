"""Checks of `LlmService`'s inputs. Pure."""

import re
from typing import TYPE_CHECKING

from llm_platform.aws.checks import enum_problems, range_problems
from llm_platform.kubernetes.checks import RESERVED_NAMESPACES, object_name_problems
from llm_platform.problems import Problem
from llm_platform.serving.kinds import ModelServer, ServingForm
from llm_platform.serving.llm_service_shape import candidate_args, differences
from llm_platform.serving.llm_service_spec import (
    CANDIDATE_NAME_LIMIT,
    CLAIM,
    HOST_LABEL_LIMIT,
    NAME_LIMIT,
)
from llm_platform.serving.parts_check import (
    adapter_problems,
    custom_problems,
    footprint_problems,
    form_problems,
    gateway_problems,
    route_problems,
)
from llm_platform.serving.scaling_check import scaling_problems
from llm_platform.serving.triton import is_model_name
from llm_platform.serving.triton_runtime_check import arg_problems, image_problems
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs

SCHEMES = ("s3://", CLAIM)
RISKY_ARGS = ("--trust-remote-code",)
LEAST_CPUS = 0.05

_AMOUNTS = {
    "gpus": (0, 16, ""),
    "cpus": (LEAST_CPUS, 192, ""),
    "memory_gib": (1, 4096, " GiB"),
    "min_replicas": (0, 1000, ""),
    "max_replicas": (1, 1000, ""),
    "timeout_seconds": (1, 3600, " s"),
    "grace_seconds": (1, 3600, " s"),
    "startup_minutes": (1, 240, " minutes"),
}
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_SECRET_VARIABLE = re.compile(r"(?i)(password|passwd|secret|token|api_?key|credential)")
_CIDR = re.compile(r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")


def check_llm_service(args: "LlmServiceArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a served model."""
    problems = [
        *object_name_problems("service_name", args.get("service_name"), NAME_LIMIT),
        *_namespace_problems(args),
        *_variant_problems(args),
        *gateway_problems(args),
        *route_problems(args),
        *scaling_problems(args),
        *_identity_problems(args),
        *_peer_problems(args),
        *_candidate_problems(args),
        *form_problems(args),
        *check_tags(args.get("tags", {})),
    ]
    for name in ("timeout_seconds", "grace_seconds", "startup_minutes"):
        low, high, unit = _AMOUNTS[name]
        problems += range_problems(name, args.get(name), low, high, unit)
    if priority := args.get("priority_class"):
        problems += object_name_problems("priority_class", priority)
    return problems


def _variant_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What is wrong with what the two variants may have of their own."""
    problems = [
        *_model_problems(args),
        *_server_problems(args),
        *_placement_problems(args),
        *_env_problems(args.get("env", {})),
        *custom_problems(args),
        *adapter_problems(args),
        *footprint_problems(args),
    ]
    for name in ("gpus", "cpus", "memory_gib", "min_replicas", "max_replicas"):
        low, high, unit = _AMOUNTS[name]
        problems += range_problems(name, args.get(name), low, high, unit)
    fewest, most = args.get("min_replicas", 2), args.get("max_replicas", 4)
    if fewest > most:
        what = f"{most} is less than min_replicas, {fewest}"
        problems.append(Problem("max_replicas", what, f"at least {fewest}"))
    return problems


def _candidate_problems(args: "LlmServiceArgs") -> list[Problem]:
    if "candidate" not in args or "model" not in args:
        return []
    problems: list[Problem] = []
    service = args.get("service_name", "")
    if len(service) > CANDIDATE_NAME_LIMIT:
        allowed = f"at most {CANDIDATE_NAME_LIMIT} characters with a candidate"
        problems.append(Problem("service_name", f"the name '{service}'", allowed))
    if not differences(args):
        allowed = (
            "another model, repository_uri, runtime, image, custom server, extra_args, env or "
            "resources than stable"
        )
        problems.append(Problem("candidate", "is equal to what is stable", allowed))
    stable = args.get("gateway", {}).get("model_settings", {})
    if "model_settings" in args.get("candidate", {}) and "name" not in stable:
        what = "stable has no entry whose name it could take"
        allowed = "none, or gateway.model_settings with a name as well"
        problems.append(Problem("candidate.model_settings", what, allowed))
    known = {(each.path, each.problem) for each in _variant_problems(args)}
    problems += [
        each.under("candidate")
        for each in _variant_problems(candidate_args(args))
        if (each.path, each.problem) not in known
    ]
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
    if "model" in args and not is_model_name(str(model)):
        allowed = "a folder's name: letters, digits, -, _ and ."
        problems.append(Problem("model", f"'{model}' is no name of a model", allowed))
    if isinstance(uri, str) and not uri.startswith(SCHEMES):
        allowed = f"a URI that begins with {' or '.join(SCHEMES)}"
        problems.append(Problem("repository_uri", f"'{uri}' cannot be fetched from", allowed))
    if (
        isinstance(uri, str)
        and uri.startswith(CLAIM)
        and (args.get("adapters") or args.get("server") == ModelServer.CUSTOM)
    ):
        what = "KServe fetches nothing beside a claim, and mounts it for its runtimes alone"
        problems.append(Problem("repository_uri", what, "a URI that begins with s3://"))
    for index, arg in enumerate(args.get("extra_args", [])):
        path = f"extra_args[{index}]"
        problems += arg_problems(path, arg)
        if arg.startswith(RISKY_ARGS):
            what = f"'{arg}' runs code that comes with a model"
            problems.append(Problem(path, what, "code that is in the model repository"))
    return problems


def _server_problems(args: "LlmServiceArgs") -> list[Problem]:
    problems = enum_problems("server", args.get("server"), ModelServer)
    custom = args.get("server") == ModelServer.CUSTOM
    plain = args.get("form", ServingForm.DEPLOYMENT) != ServingForm.DEPLOYMENT
    if not custom and not plain and "runtime" not in args:
        allowed = "the runtime_name of a TritonRuntime or VllmRuntime"
        problems.append(Problem("runtime", "is missing", allowed))
    runtime = args.get("runtime")
    if custom and "runtime" in args:
        what = "a server of ones own has no runtime"
        problems.append(Problem("runtime", what, "no runtime, or server triton or vllm"))
    else:
        problems += object_name_problems("runtime", runtime)
    problems += image_problems("image", args.get("image"))
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
