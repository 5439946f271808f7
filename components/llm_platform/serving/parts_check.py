"""Checks of the inputs of an `LlmService`'s parts. Pure."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from llm_platform.aws.checks import enum_problems, range_problems
from llm_platform.kubernetes.checks import object_name_problems
from llm_platform.problems import Problem
from llm_platform.serving.gateway_check import domain_problems
from llm_platform.serving.gateway_transformer import OWN_SECTIONS
from llm_platform.serving.kinds import ModelServer, Precision, ServingForm, WireProtocol
from llm_platform.serving.llm_service_shape import model_load, model_memory
from llm_platform.serving.triton import is_model_name
from llm_platform.serving.triton_runtime_check import image_problems
from llm_platform.serving.vllm import ADAPTERS
from llm_platform.serving.vram import Load, fit, least_gpus, most_sequences

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs
    from llm_platform.serving.llm_service_inputs import LlmFootprint

_PATH = re.compile(r"^/[A-Za-z0-9/._-]*$")


def _server(args: "LlmServiceArgs") -> str:
    return str(args.get("server", ModelServer.TRITON))


def gateway_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What is wrong with the gateway in front."""
    if "gateway" not in args:
        return []
    gateway = args["gateway"]
    problems = [
        *image_problems("image", gateway.get("image")),
        *object_name_problems("keys_secret", gateway.get("keys_secret")),
        *range_problems("min_replicas", gateway.get("min_replicas"), 1, 1000),
        *range_problems("max_replicas", gateway.get("max_replicas"), 1, 1000),
        *range_problems("cpus", gateway.get("cpus"), 0.05, 16),
        *range_problems("memory_mib", gateway.get("memory_mib"), 256, 65536, " MiB"),
    ]
    if _server(args) != ModelServer.TRITON:
        what = "it speaks to Triton only"
        problems.append(Problem("", what, "no gateway, and a route with jwt, or server triton"))
    fewest, most = gateway.get("min_replicas", 2), gateway.get("max_replicas")
    if most is not None and fewest > most:
        what = f"{most} is less than min_replicas, {fewest}"
        problems.append(Problem("max_replicas", what, f"at least {fewest}"))
    named, anybody = "keys_secret" in gateway, gateway.get("anonymous", False)
    if not named and not anybody:
        allowed = "a Secret with keys.yaml, or anonymous: true"
        problems.append(Problem("keys_secret", "nobody says who may ask", allowed))
    if named and anybody:
        what = "keys are wanted and not wanted"
        problems.append(Problem("anonymous", what, "a keys_secret, or anonymous: true"))
    for section in OWN_SECTIONS:
        if section in gateway.get("settings", {}):
            what = "this section is made from other inputs"
            problems.append(Problem(f"settings.{section}", what, "other sections"))
    if "models" in gateway.get("settings", {}) and "model_settings" in gateway:
        what = "the catalogue is given twice"
        problems.append(Problem("settings.models", what, "either, or model_settings"))
    return [each.under("gateway") for each in problems]


def route_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What is wrong with the routes."""
    if "route" not in args:
        return []
    route = args["route"]
    problems = [
        *domain_problems("domain", route.get("domain")),
        *_gateway_reference(route.get("gateway")),
        *range_problems("requests_per_second", route.get("requests_per_second"), 1, 1_000_000),
        *range_problems("parallel_requests", route.get("parallel_requests"), 1, 1_000_000),
        *range_problems("waiting_requests", route.get("waiting_requests"), 0, 1_000_000),
        *_jwt_problems(route.get("jwt", {})),
    ]
    if "jwt" not in route and "gateway" not in args:
        what = "nobody would ask who comes in"
        problems.append(Problem("jwt", what, "tokens at Envoy, or a gateway with keys"))
    if route.get("direct"):
        if _server(args) != ModelServer.TRITON:
            problems.append(Problem("direct", "the server is not Triton", "false"))
        if "jwt" not in route:
            what = "it leads past the gateway's keys"
            problems.append(Problem("jwt", what, "tokens at Envoy, or direct: false"))
    if route.get("grpc") and _server(args) != ModelServer.TRITON:
        problems.append(Problem("grpc", f"server {_server(args)} speaks no gRPC", "false"))
    return [each.under("route") for each in dict.fromkeys(problems)]


def _gateway_reference(reference: object) -> list[Problem]:
    if not isinstance(reference, str) or re.match(r"^[a-z0-9-]+/[a-z0-9-]+$", reference):
        return []
    return [Problem("gateway", f"'{reference}'", "NAMESPACE/NAME of a ServingGateway")]


def _jwt_problems(jwt: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    uri = jwt.get("jwks_uri")
    if isinstance(uri, str) and not uri.startswith("https://"):
        what = f"'{uri}' can be changed on its way"
        problems.append(Problem("jwt.jwks_uri", what, "a URI that begins with https://"))
    if jwt.get("audiences") == []:
        what = "a token for anybody's service would do"
        problems.append(Problem("jwt.audiences", what, "at least one audience"))
    return problems


def custom_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What is wrong with a server of ones own."""
    own = _server(args) == ModelServer.CUSTOM
    if own != ("custom" in args):
        what = (
            "the server is custom and nothing says which" if own else f"server is {_server(args)}"
        )
        allowed = "an image and what it speaks" if own else "no custom, or server custom"
        return [Problem("custom", what, allowed)]
    if not own:
        return []
    custom = args.get("custom", {})
    problems = [
        *image_problems("image", custom.get("image")),
        *enum_problems("protocol", custom.get("protocol"), WireProtocol),
        *range_problems("port", custom.get("port"), 1024, 65535),
    ]
    for name in ("ready_path", "metrics_path"):
        path = custom.get(name)
        if isinstance(path, str) and not _PATH.match(path):
            problems.append(Problem(name, f"'{path}' is no path", "such as /v2/health/ready"))
    if "image" in args:
        problems.append(Problem("image", "is given beside custom.image", "custom.image alone"))
    return [each.under("custom") for each in problems]


def adapter_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What is wrong with LoRA adapters."""
    adapters = cast("list[Mapping[str, Any]]", args.get("adapters", []))
    if not adapters:
        return []
    problems: list[Problem] = []
    if _server(args) != ModelServer.VLLM:
        what = f"server {_server(args)} takes no adapters"
        problems.append(Problem("adapters", what, "none, or server vllm"))
    if args.get("model") == ADAPTERS:
        what = f"'{ADAPTERS}' is the folder of adapters"
        problems.append(Problem("model", what, "another name, or no adapters"))
    names = [each.get("name") for each in adapters]
    for index, each in enumerate(adapters):
        path, name, uri = f"adapters[{index}]", each.get("name"), each.get("uri")
        if isinstance(name, str) and not is_model_name(name):
            allowed = "letters, digits, -, _ and ."
            problems.append(Problem(f"{path}.name", f"'{name}' is no name", allowed))
        if name is not None and (names.index(name) < index or name == args.get("model")):
            problems.append(Problem(f"{path}.name", f"'{name}' again", "each name once"))
        if isinstance(uri, str) and not uri.startswith("s3://"):
            what = f"'{uri}' cannot be fetched from"
            problems.append(Problem(f"{path}.uri", what, "a URI that begins with s3://"))
        problems += range_problems(f"{path}.rank", each.get("rank"), 1, 512)
    return problems


def form_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What is wrong with the form of a service, and with what only one form has."""
    form = args.get("form", ServingForm.DEPLOYMENT)
    problems = enum_problems("form", form, ServingForm)
    stateful, groups = form == ServingForm.STATEFUL_SET, form == ServingForm.LEADER_WORKER_SET
    for name, wanted, kind in (
        ("cache", stateful, ServingForm.STATEFUL_SET),
        ("nodes", groups, ServingForm.LEADER_WORKER_SET),
    ):
        if (name in args) != wanted:
            what = f"the form is {form}" if name in args else "is missing"
            problems.append(Problem(name, what, f"with the form {kind.value}, and only then"))
    problems += range_problems("nodes", args.get("nodes"), 2, 16)
    size = args.get("cache", {}).get("storage_gib")
    problems += range_problems("cache.storage_gib", size, 1, 65_536, " GiB")
    storage_class = args.get("cache", {}).get("storage_class")
    problems += object_name_problems("cache.storage_class", storage_class)
    if groups and _server(args) != ModelServer.VLLM:
        what = f"server {_server(args)} does not run over several nodes"
        problems.append(Problem("form", what, "DEPLOYMENT, or server vllm"))
    needs_image = (stateful or groups) and _server(args) != ModelServer.CUSTOM
    if needs_image and "image" not in args:
        what = f"a {form} has no runtime to take it from"
        problems.append(Problem("image", what, "an image with a fixed tag or digest"))
    uri = args.get("repository_uri")
    if (stateful or groups) and isinstance(uri, str) and uri.startswith("pvc://"):
        what = f"a {form} fetches its models"
        problems.append(Problem("repository_uri", what, "a URI that begins with s3://"))
    return problems


def footprint_problems(args: "LlmServiceArgs") -> list[Problem]:
    """What is wrong with a model's figures, and whether the model fits its GPUs."""
    if "footprint" not in args:
        return []
    figures = args["footprint"]
    problems = [
        *enum_problems("precision", figures.get("precision"), Precision),
        *enum_problems("kv_precision", figures.get("kv_precision"), Precision),
        *range_problems("parameters_billions", figures.get("parameters_billions"), 0.001, 10_000),
        *range_problems("layers", figures.get("layers"), 1, 1000),
        *range_problems("kv_heads", figures.get("kv_heads"), 1, 1024),
        *range_problems("head_dim", figures.get("head_dim"), 1, 4096),
        *range_problems("latent_dim", figures.get("latent_dim"), 1, 65536),
        *range_problems("context_tokens", figures.get("context_tokens"), 1, 10_000_000),
        *range_problems("sequences", figures.get("sequences"), 1, 10_000),
        *range_problems("gpu_memory_gib", figures.get("gpu_memory_gib"), 1, 1024, " GiB"),
    ]
    heads = "kv_heads" in figures and "head_dim" in figures
    if heads == ("latent_dim" in figures):
        what = "both are given" if heads else "neither is given"
        allowed = "kv_heads and head_dim, or latent_dim"
        problems.append(Problem("kv_heads", what, allowed))
    if ("window_layers" in figures) != ("window" in figures):
        problems.append(Problem("window", "half of a window", "window and window_layers"))
    if figures.get("window_layers", 0) > figures.get("layers", 0):
        what = f"{figures.get('window_layers')} of {figures.get('layers')} layers"
        problems.append(Problem("window_layers", what, f"0 to {figures.get('layers')}"))
    if figures.get("unquantised_billions", 0) > figures.get("parameters_billions", 0):
        what = f"{figures.get('unquantised_billions')} billion, more than there are"
        problems.append(Problem("unquantised_billions", what, "part of parameters_billions"))
    found = [each.under("footprint") for each in problems]
    gpus = args.get("gpus", 0)
    complete = all(name in figures for name in ("precision", "layers", "context_tokens"))
    if not found and complete and gpus and "gpu_memory_gib" in figures:
        found += _fit_problems(figures, gpus)
    return found


def _fit_problems(figures: "LlmFootprint", gpus: int) -> list[Problem]:
    """One problem when the model does not fit, with the arithmetic and what would fit."""
    model, load = model_memory(figures), model_load(figures, gpus)
    sum_up = fit(model, load)
    if sum_up.fits:
        return []
    ways: list[str] = []
    enough = least_gpus(model, load)
    if enough:
        ways.append(f"{enough} GPUs")
    room = most_sequences(model, load)
    if room:
        ways.append(f"{room} sequences")
    else:
        one = Load(load.gpus, 1, 1, load.gpu_gib)
        if not fit(model, one).fits:
            ways.append("weights of fewer bits")
    ways.append("GPUs with more memory")
    count = f"{gpus} GPU" if gpus == 1 else f"each of {gpus} GPUs"
    return [
        Problem("gpus", f"the model does not fit {count}: {sum_up.arithmetic}", " or ".join(ways))
    ]
