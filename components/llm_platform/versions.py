"""Every pin of the AWS half of the library: Kubernetes, EKS add-ons, node images.

Pure data. Chart pins are in ``llm_platform.addons``.

The add-on versions were read on 2026-11-24 from public configurations of running clusters of
that Kubernetes version (dated between 2026-04 and 2026-09); they were not asked from AWS. To
confirm or raise them::

    aws eks describe-addon-versions --kubernetes-version 1.35 --addon-name coredns
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from llm_platform.image_digests import locked

DIGESTS_FILE = Path(__file__).with_name("image-digests.json")
"""Digests of public images; there is none until a registry was asked."""

AS_OF = date(2026, 11, 24)
"""The day on which the tables below were last compared with their sources."""

KUBERNETES_VERSION = "1.35"
"""Kubernetes version of a cluster whose owner asks for none."""


# --- Kubernetes on EKS -----------------------------------------------------------------------


@dataclass(frozen=True)
class KubernetesSupport:
    """How long EKS supports a Kubernetes version.

    Attributes:
        standard_ends: Last day of standard support; None when not announced by `AS_OF`.
        extended_ends: Last day of extended support, which costs six times as much an hour.
    """

    standard_ends: date | None
    extended_ends: date | None


KUBERNETES_SUPPORT: Mapping[str, KubernetesSupport] = MappingProxyType(
    {
        "1.33": KubernetesSupport(date(2026, 7, 29), date(2027, 7, 29)),
        "1.34": KubernetesSupport(date(2026, 12, 2), date(2027, 12, 2)),
        "1.35": KubernetesSupport(date(2027, 3, 27), date(2028, 3, 27)),
        "1.36": KubernetesSupport(date(2027, 8, 2), date(2028, 8, 2)),
    }
)
"""Support of each Kubernetes version. Sources: endoflife.date (amazon-eks), read 2026-11-24; 1.36
from users' tables of 2026."""


def days_of_standard_support(version: str, today: date) -> int | None:
    """Days until the standard support of `version` ends, negative once it has ended.

    None when the end is not known; an unknown version raises KeyError.
    """
    ends = KUBERNETES_SUPPORT[version].standard_ends
    return None if ends is None else (ends - today).days


# --- EKS add-ons -----------------------------------------------------------------------------

VPC_CNI = "vpc-cni"
KUBE_PROXY = "kube-proxy"
COREDNS = "coredns"
POD_IDENTITY_AGENT = "eks-pod-identity-agent"
EBS_CSI = "aws-ebs-csi-driver"
METRICS_SERVER = "metrics-server"
NODE_MONITORING = "eks-node-monitoring-agent"
SNAPSHOT_CONTROLLER = "snapshot-controller"
S3_CSI = "aws-mountpoint-s3-csi-driver"

_ADDONS_OF_ANY_VERSION = {
    VPC_CNI: "v1.22.4-eksbuild.3",
    POD_IDENTITY_AGENT: "v1.3.10-eksbuild.3",
    EBS_CSI: "v1.63.1-eksbuild.1",
    METRICS_SERVER: "v0.9.0-eksbuild.5",
    NODE_MONITORING: "v1.6.4-eksbuild.1",
    SNAPSHOT_CONTROLLER: "v8.5.0-eksbuild.5",
    S3_CSI: "v2.7.0-eksbuild.1",
}

ADDONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "1.35": MappingProxyType(
            _ADDONS_OF_ANY_VERSION
            | {KUBE_PROXY: "v1.35.3-eksbuild.21", COREDNS: "v1.13.2-eksbuild.21"}
        ),
        "1.36": MappingProxyType(
            _ADDONS_OF_ANY_VERSION
            | {KUBE_PROXY: "v1.36.0-eksbuild.21", COREDNS: "v1.14.3-eksbuild.16"}
        ),
    }
)
"""Version of every EKS add-on, by Kubernetes version: those that a cluster can be made in."""


# --- Node images -----------------------------------------------------------------------------

STANDARD_AMI: Mapping[str, str] = MappingProxyType(
    {"x86_64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}
)
"""EKS AMI type of nodes without GPUs, by processor architecture."""

AL2023_NVIDIA_AMI: Mapping[str, str] = MappingProxyType(
    {"x86_64": "AL2023_x86_64_NVIDIA", "arm64": "AL2023_ARM_64_NVIDIA"}
)
"""EKS AMI type of Amazon Linux 2023 with NVIDIA's driver and container toolkit."""

BOTTLEROCKET_NVIDIA_AMI: Mapping[str, str] = MappingProxyType(
    {"x86_64": "BOTTLEROCKET_x86_64_NVIDIA", "arm64": "BOTTLEROCKET_ARM_64_NVIDIA"}
)
"""EKS AMI type of Bottlerocket with NVIDIA's driver, toolkit and device plugin."""


# --- Container images ------------------------------------------------------------------------


@dataclass(frozen=True)
class Image:
    """A container image by tag. A digest is added by a command that looks it up, never by hand.

    Attributes:
        repository: Name without tag.
        tag: Exact tag, never ``latest``.
    """

    repository: str
    tag: str

    @property
    def name(self) -> str:
        """Repository and tag."""
        return f"{self.repository}:{self.tag}"

    @property
    def digest(self) -> str:
        """``sha256:…`` as it was looked up in the registry; empty if it never was."""
        return DIGESTS.get(self.name, "")

    @property
    def reference(self) -> str:
        """What a pod's ``image`` field says."""
        return f"{self.name}@{self.digest}" if self.digest else self.name


DIGESTS = locked(DIGESTS_FILE)
"""Digests by repository and tag; written by ``llmp images lock``, never by hand."""

TRITON = Image("nvcr.io/nvidia/tritonserver", "26.07-py3")
"""Triton Inference Server 2.71.0."""

VLLM = Image("docker.io/vllm/vllm-openai", "v0.30.0")
"""vLLM's own server, with OpenAI's surface."""

STORAGE_INITIALIZER = Image("kserve/storage-initializer", "v0.20.0")
"""What fetches models before a server starts, as KServe's own pods do."""

PYTHON = Image("docker.io/library/python", "3.11.15-slim-bookworm")
"""What images of ours run on."""
PYTHON_BUILD = Image("docker.io/library/python", "3.11.15-bookworm")
"""The same with what a build needs besides."""

PUBLIC_IMAGES = (TRITON, VLLM, STORAGE_INITIALIZER, PYTHON, PYTHON_BUILD)
"""Images that come from registries of others."""

SERVICES_VERSION = "0.1.0"
"""Version of what `services/` is made of."""
GATEWAY = Image("llm-platform/gateway", SERVICES_VERSION)
"""Ours; a registry goes before the name."""
ROLLOUT = Image("llm-platform/rollout", SERVICES_VERSION)
"""The program of a rollout's workflow."""
TRITON_CPU = Image("llm-platform/triton", f"{SERVICES_VERSION}-cpu")
"""Triton of nvidia-pytriton with the environment of our models, where there is no GPU."""
TRITON_MODELS = Image("llm-platform/triton", f"{SERVICES_VERSION}-{TRITON.tag}")
"""`TRITON` with the environment of our models."""
