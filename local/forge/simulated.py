"""Images that cannot be made on a machine without registries, and why. Data only.

Pods with such an image run on a simulated node and do nothing; everything that shows them says
so. Patterns are those of file names, against a repository with its registry.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

GPU = "It needs NVIDIA's libraries and a GPU."
WEB = "Its pages are built with tools that are not among the forge's."
NATIVE = "It is not written in Go, and no package of PyPI carries it."
CLOUD = "It drives AWS's own machines or disks, which an emulated AWS has not."
NOT_SERVED = "Its Go module is not served in that version."

SIMULATED: Mapping[str, str] = MappingProxyType(
    {
        "nvcr.io/*": GPU,
        "docker.io/vllm/*": GPU,
        "docker.io/lmcache/*": GPU,
        "registry.k8s.io/nfd/*": "It looks for hardware that a simulated node has not.",
        "public.ecr.aws/karpenter/*": CLOUD,
        "public.ecr.aws/eks/*": CLOUD,
        "public.ecr.aws/ebs-csi-driver/*": CLOUD,
        "public.ecr.aws/mountpoint-s3-csi-driver/*": CLOUD,
        "registry.k8s.io/autoscaling/cluster-autoscaler": CLOUD,
        "docker.io/grafana/grafana": WEB,
        "quay.io/kiwigrid/k8s-sidecar": NATIVE,
        "docker.io/grafana/loki": NOT_SERVED,
        "docker.io/grafana/alloy": NOT_SERVED,
        "docker.io/jaegertracing/*": WEB,
        "docker.io/otel/*": NOT_SERVED,
        "docker.io/library/redis": NATIVE,
        "docker.io/library/postgres": NATIVE,
        "ghcr.io/external-secrets/*": NOT_SERVED,
        "registry.k8s.io/lws/*": NOT_SERVED,
        "quay.io/argoproj/argocli": WEB,
        "quay.io/thanos/thanos": WEB,
        "docker.io/envoyproxy/ratelimit": NOT_SERVED,
    }
)
"""Reasons by pattern; the first that fits counts."""


def reason(repository: str) -> str:
    """Why an image cannot be made; empty when no pattern fits."""
    for pattern, why in SIMULATED.items():
        if fnmatchcase(repository, pattern):
            return why
    return ""
