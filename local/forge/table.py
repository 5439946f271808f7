"""Every image that the forge can make, by its full name, and other names of them. Data only."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from local.forge import recipes
from local.forge.model import Entry
from local.images.table import IMAGES

_OURS = tuple(
    Entry(f"docker.io/{own.image.repository}", own.image.tag, own) for own in IMAGES.values()
)
_ALL = (
    *recipes.EKS,
    *recipes.CERTIFICATES,
    *recipes.GATEWAY,
    *recipes.KSERVE,
    *recipes.SCALING,
    *recipes.METRICS,
    *recipes.WORKFLOWS,
    *_OURS,
)
ENTRIES: Mapping[str, Entry] = MappingProxyType({entry.name: entry for entry in _ALL})
"""How each image is made, by its full name."""

_COREDNS = "registry.k8s.io/coredns/coredns:v1.13.2"
_METRICS_SERVER = "registry.k8s.io/metrics-server/metrics-server:v0.9.0"
_EKS = r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/eks"
ALIASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), target)
    for pattern, target in (
        (r"docker\.io/coredns/coredns:1\.13\.2", _COREDNS),
        (rf"{_EKS}/coredns:v1\.13\.2-eksbuild\.\d+", _COREDNS),
        (rf"{_EKS}/metrics-server:v0\.9\.0-eksbuild\.\d+", _METRICS_SERVER),
        (r"registry\.k8s\.io/pause:3\.[0-9.]+|localhost/pause:1", "registry.k8s.io/pause:3.10.1"),
        *(
            (rf"[^/]+/(?:.+/)?{re.escape(own.image.name)}", f"docker.io/{own.image.name}")
            for own in IMAGES.values()
        ),
    )
)
"""Other names of images of the table, as patterns of full names: those of EKS's own registry, and
images of ours in a registry of one's own. The archive carries the name that was asked for."""
