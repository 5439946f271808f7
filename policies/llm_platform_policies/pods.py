"""Where each kind keeps its pods' specification, and how to get at its containers."""

from collections.abc import Iterator

from llm_platform_policies.reader import Reader

POD = "pod"
"""First step of the declared path of every field inside a pod's specification."""

LASTING_LISTS = ("initContainers", "containers")
CONTAINER_LISTS = (*LASTING_LISTS, "ephemeralContainers")

POD_SPECS: dict[str, tuple[str, ...]] = {
    "kubernetes:core/v1:Pod": ("spec",),
    "kubernetes:core/v1:ReplicationController": ("spec.template.spec",),
    "kubernetes:apps/v1:Deployment": ("spec.template.spec",),
    "kubernetes:apps/v1:StatefulSet": ("spec.template.spec",),
    "kubernetes:apps/v1:DaemonSet": ("spec.template.spec",),
    "kubernetes:apps/v1:ReplicaSet": ("spec.template.spec",),
    "kubernetes:batch/v1:Job": ("spec.template.spec",),
    "kubernetes:batch/v1:CronJob": ("spec.jobTemplate.spec.template.spec",),
    "kubernetes:serving.kserve.io/v1beta1:InferenceService": (
        "spec.predictor",
        "spec.transformer",
        "spec.explainer",
    ),
    "kubernetes:serving.kserve.io/v1alpha1:ServingRuntime": ("spec",),
    "kubernetes:serving.kserve.io/v1alpha1:ClusterServingRuntime": ("spec",),
}
"""Type token to the paths of pod specifications in it."""

MODEL_KINDS = frozenset({"kubernetes:serving.kserve.io/v1beta1:InferenceService"})
"""Kinds whose predictor may hold a `model` beside containers, with resources of its own."""

RUNTIME_KINDS = frozenset(
    {
        "kubernetes:serving.kserve.io/v1alpha1:ServingRuntime",
        "kubernetes:serving.kserve.io/v1alpha1:ClusterServingRuntime",
    }
)
"""Kinds that are templates: an InferenceService gives the resources of their container."""

POD_TYPES = tuple(POD_SPECS)


def pods_of(resource: Reader) -> Iterator[Reader]:
    """The pod specifications of a resource; their fields are declared below ``pod``."""
    for path in POD_SPECS.get(resource.type, ()):
        if resource.has(path):
            yield resource.part(path, POD)


def containers_of(pod: Reader, lists: tuple[str, ...] = CONTAINER_LISTS) -> Iterator[Reader]:
    """Every container of a pod; its fields are declared below ``pod.LIST[]``."""
    for kind in lists:
        yield from pod.each(kind)


def in_containers(*paths: str, lists: tuple[str, ...] = CONTAINER_LISTS) -> list[str]:
    """Declared paths of container fields, for every list of containers."""
    prefixes = [f"{POD}.{kind}[]" for kind in lists]
    return [*prefixes, *(f"{prefix}.{path}" for prefix in prefixes for path in paths)]
