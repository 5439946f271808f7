"""Node images that EKS publishes: AMI types, release versions, public SSM parameters.

Image ids differ by region and are not knowable offline: they are made from the parameter's path
and are the same in every run.
"""

import hashlib
import re
from datetime import date
from functools import cache

from local.aws.data.cluster_versions import CLUSTER_VERSIONS

AS_OF = date(2026, 11, 24)

DEFAULT_AMI_TYPE = "AL2023_x86_64_STANDARD"

AMI_TYPES: dict[str, tuple[str, str]] = {
    "AL2023_x86_64_STANDARD": ("al2023", "x86_64/standard"),
    "AL2023_ARM_64_STANDARD": ("al2023", "arm64/standard"),
    "AL2023_x86_64_NVIDIA": ("al2023", "x86_64/nvidia"),
    "AL2023_ARM_64_NVIDIA": ("al2023", "arm64/nvidia"),
    "AL2023_x86_64_NEURON": ("al2023", "x86_64/neuron"),
    "BOTTLEROCKET_x86_64": ("bottlerocket", "{version}/x86_64"),
    "BOTTLEROCKET_ARM_64": ("bottlerocket", "{version}/arm64"),
    "BOTTLEROCKET_x86_64_NVIDIA": ("bottlerocket", "{version}-nvidia/x86_64"),
    "BOTTLEROCKET_ARM_64_NVIDIA": ("bottlerocket", "{version}-nvidia/arm64"),
    "BOTTLEROCKET_x86_64_FIPS": ("bottlerocket", "{version}-fips/x86_64"),
    "BOTTLEROCKET_ARM_64_FIPS": ("bottlerocket", "{version}-fips/arm64"),
}
"""AMI types that the emulator offers: family, and their part of the SSM path."""

AL2023_RELEASE = "20260818"
"""Release of amazon-eks-ami: 1.35.6-20260818 is pinned in public configurations of 2026."""

BOTTLEROCKET_RELEASE = "1.58.0-c5c37032"
"""Release of Bottlerocket whose 1.35 images, with and without NVIDIA, a user listed in 2026."""

_VERSIONS = tuple(entry.version for entry in CLUSTER_VERSIONS if entry.version > "1.31")
_PATCHES = {entry.version: entry.patch for entry in CLUSTER_VERSIONS}


def latest_release(ami_type: str, version: str) -> str:
    """Release version that a new node group of `version` gets."""
    if AMI_TYPES[ami_type][0] == "bottlerocket":
        return BOTTLEROCKET_RELEASE
    return f"{_PATCHES[version]}-{AL2023_RELEASE}"


def is_release_of(ami_type: str, version: str, release: str) -> bool:
    """Whether `release` has the form that AWS gives releases of this type and version."""
    if AMI_TYPES[ami_type][0] == "bottlerocket":
        return re.fullmatch(r"\d+\.\d+\.\d+-[0-9a-f]{8}", release) is not None
    return re.fullmatch(rf"{re.escape(version)}\.\d+-20\d{{6}}", release) is not None


@cache
def parameters(region: str) -> dict[str, str]:
    """All public parameters of EKS images in a region, by name."""
    found: dict[str, str] = {}
    for version in _VERSIONS:
        for ami_type, (family, part) in AMI_TYPES.items():
            release = latest_release(ami_type, version)
            if family == "bottlerocket":
                path = f"/aws/service/bottlerocket/aws-k8s-{part.format(version=version)}"
                for name in ("latest", release.partition("-")[0]):
                    found[f"{path}/{name}/image_id"] = _image_id(path, region)
                    found[f"{path}/{name}/image_version"] = release
                continue
            root = f"/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/{part}"
            architecture, kind = part.split("/")
            patch = _PATCHES[version]
            build = f"amazon-eks-node-al2023-{architecture}-{kind}-{version}-v{AL2023_RELEASE}"
            for name in ("recommended", build):
                found[f"{root}/{name}/image_id"] = _image_id(root, region)
                found[f"{root}/{name}/image_name"] = build
                found[f"{root}/{name}/release_version"] = f"{patch}-{AL2023_RELEASE}"
    return found


def _image_id(path: str, region: str) -> str:
    return "ami-0" + hashlib.sha256(f"{region}{path}".encode()).hexdigest()[:16]
