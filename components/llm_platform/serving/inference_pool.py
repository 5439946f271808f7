"""An InferencePool: pods among which an endpoint picker chooses for every request. Pure.

The picker knows each pod's queue, its cache of keys and values and its adapters, which a load
balancer does not. It wants a gateway that asks it: Envoy Gateway does so by Envoy AI Gateway, which
is not among the add-ons, so these are specifications for those who have one.
"""

from typing import Any

from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.llm_service_spec import part_labels, serving_ports
from llm_platform.serving.routes import WEIGHTS, Part, Variant, inference_service

Spec = dict[str, Any]

API_VERSION = "inference.networking.k8s.io/v1"
KIND = "InferencePool"
PICKER_PORT = 9002


def pool_name(service: str, variant: Variant) -> str:
    """Name of a variant's pool."""
    return f"{inference_service(service, variant)}-pool"


def picker_name(service: str, variant: Variant) -> str:
    """Name of the Service of a variant's endpoint picker."""
    return f"{inference_service(service, variant)}-picker"


def inference_pool(shape: ServiceShape) -> Spec:
    """The pool of a variant's model servers.

    Without the picker requests go to any pod: a choice that is a little worse beats none.
    """
    return {
        "selector": {"matchLabels": part_labels(shape, Part.SERVER)},
        "targetPorts": [{"number": serving_ports(shape)[0]}],
        "endpointPickerRef": {
            "group": "",
            "kind": "Service",
            "name": picker_name(shape.service, shape.variant),
            "port": {"number": PICKER_PORT},
            "failureMode": "FailOpen",
        },
    }


def pool_backend(service: str, variant: Variant, weight: int = WEIGHTS) -> Spec:
    """A pool as a backend of an HTTPRoute, in place of a Service."""
    return {
        "group": "inference.networking.k8s.io",
        "kind": KIND,
        "name": pool_name(service, variant),
        "weight": weight,
    }
