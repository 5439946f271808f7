"""What all pods of a served model may request together. Pure."""

from collections.abc import Callable

from infra.settings_services import Service
from llm_platform.serving.kinds import ModelServer

Amounts = tuple[float, float, float]
"""Of a pod of the model, of one of its candidate, of one of the gateway."""


def gpus_of(service: Service) -> Amounts:
    """GPUs."""
    return service.gpus, service.gpus, 0


def cpus_of(service: Service) -> Amounts:
    """Processors."""
    candidate = service.candidate
    own = candidate.cpus if candidate and candidate.cpus is not None else service.cpus
    return service.cpus, own, service.gateway.cpus


def memory_of(service: Service) -> Amounts:
    """Memory in GiB."""
    candidate = service.candidate
    own = candidate.memory_gib if candidate and candidate.memory_gib else service.memory_gib
    return service.memory_gib, own, service.gateway.memory_mib / 1024


def most(service: Service, of: Callable[[Service], Amounts]) -> float:
    """What all pods of a service request together, each part at its most."""
    model, candidate, gateway = of(service)
    front = service.gateway.maximum_replicas if service.runtime is ModelServer.TRITON else 0
    total = model * service.maximum_replicas + gateway * front
    if service.candidate is not None:
        total += candidate * service.candidate.maximum_replicas + gateway * front
    return total
