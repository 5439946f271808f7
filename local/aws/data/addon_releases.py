"""The add-ons of EKS and the versions that the emulator offers: dated, not the whole list.

No page of AWS lists all versions, and the API that does cannot be asked offline. Every version
has the place where it was seen (`Release.source`); `ASSUMED` marks the ones that nobody showed.
"""

from datetime import date

from local.aws.data.addons import Addon, Release

AS_OF = date(2026, 11, 24)
"""Day on which the table was made."""

API_0928 = "answer of the EKS API, published by a user on 2026-09-28"
API_0827 = "answer of the EKS API, published by a user on 2026-08-27"
API_0804 = "answer of the EKS API, published by a user on 2026-08-04"
GUIDE = "answer of the EKS API in a user's upgrade guide, middle of 2026"
PINNED = "pinned in public configurations of 2026"
RECORDED = "recorded from the real eks provider of Pulumi"
ASSUMED = "assumed: release of the project, number of the build not seen"

_ALL = ("1.36", "1.35", "1.34", "1.33", "1.32", "1.31", "1.30")
_FROM_33 = ("1.36", "1.35", "1.34", "1.33")
_COMMUNITY = ("eks", "community")


def _releases(clusters: tuple[str, ...], *versions: tuple[str, str]) -> tuple[Release, ...]:
    """Versions, newest first, that are all offered for the same Kubernetes versions."""
    return tuple(Release(version, clusters, source=source) for version, source in versions)


_KUBE_PROXY = (
    Release("v1.36.0-eksbuild.25", ("1.36",), ("1.36",), API_0928),
    *_releases(
        ("1.36",),
        ("v1.36.0-eksbuild.21", PINNED),
        ("v1.36.0-eksbuild.17", PINNED),
        ("v1.36.0-eksbuild.13", PINNED),
        ("v1.36.0-eksbuild.9", PINNED),
    ),
    Release("v1.35.3-eksbuild.21", ("1.35",), ("1.35",), API_0827),
    *_releases(
        ("1.35",),
        ("v1.35.3-eksbuild.18", PINNED),
        ("v1.35.3-eksbuild.17", API_0804),
        ("v1.35.3-eksbuild.13", GUIDE),
        ("v1.35.3-eksbuild.5", PINNED),
        ("v1.35.0-eksbuild.2", RECORDED),
    ),
    Release("v1.34.6-eksbuild.13", ("1.34",), ("1.34",), GUIDE),
    Release("v1.34.1-eksbuild.2", ("1.34",), (), PINNED),
    Release("v1.33.10-eksbuild.13", ("1.33",), ("1.33",), GUIDE),
    Release("v1.33.5-eksbuild.2", ("1.33",), (), PINNED),
    Release("v1.32.6-eksbuild.12", ("1.32",), ("1.32",), PINNED),
    Release("v1.31.10-eksbuild.12", ("1.31",), ("1.31",), PINNED),
)

_COREDNS = (
    Release("v1.14.3-eksbuild.23", ("1.36", "1.35"), ("1.36",), API_0928),
    *_releases(
        ("1.36", "1.35"),
        ("v1.14.3-eksbuild.16", PINNED),
        ("v1.14.3-eksbuild.14", PINNED),
        ("v1.14.3-eksbuild.3", PINNED),
        ("v1.14.3-eksbuild.2", GUIDE),
        ("v1.14.2-eksbuild.4", PINNED),
    ),
    Release("v1.13.2-eksbuild.21", ("1.35", "1.34", "1.33"), ("1.35",), API_0827),
    Release("v1.13.2-eksbuild.11", ("1.35", "1.34", "1.33"), (), API_0804),
    Release("v1.13.2-eksbuild.10", ("1.35", "1.34", "1.33"), ("1.34", "1.33"), GUIDE),
    Release("v1.13.1-eksbuild.1", ("1.35", "1.34", "1.33"), (), RECORDED),
    Release("v1.12.4-eksbuild.1", ("1.34", "1.33", "1.32"), (), PINNED),
    Release("v1.11.4-eksbuild.24", ("1.32", "1.31", "1.30"), ("1.32", "1.31", "1.30"), PINNED),
)

_VPC_CNI = (
    Release("v1.23.0-eksbuild.1", _FROM_33, (), PINNED),
    Release("v1.22.4-eksbuild.3", _ALL, _ALL, API_0928),
    *_releases(
        _ALL,
        ("v1.22.3-eksbuild.1", API_0804),
        ("v1.22.2-eksbuild.1", GUIDE),
        ("v1.22.1-eksbuild.2", PINNED),
        ("v1.21.1-eksbuild.8", PINNED),
        ("v1.21.1-eksbuild.3", PINNED),
        ("v1.21.1-eksbuild.1", RECORDED),
        ("v1.20.4-eksbuild.2", PINNED),
    ),
)

_EBS_CSI = _releases(
    _ALL,
    ("v1.66.0-eksbuild.1", PINNED),
    ("v1.65.0-eksbuild.2", PINNED),
    ("v1.65.0-eksbuild.1", PINNED),
    ("v1.64.0-eksbuild.1", PINNED),
    ("v1.63.1-eksbuild.1", API_0804),
    ("v1.62.0-eksbuild.1", PINNED),
    ("v1.61.1-eksbuild.1", GUIDE),
    ("v1.60.1-eksbuild.1", PINNED),
    ("v1.59.0-eksbuild.1", PINNED),
)

_CSI_POLICY = "service-role/AmazonEBSCSIDriverPolicy"

ADDONS: tuple[Addon, ...] = (
    Addon(
        "vpc-cni",
        "networking",
        "kube-system",
        _VPC_CNI,
        identities=(("aws-node", ("AmazonEKS_CNI_Policy",)),),
    ),
    Addon("coredns", "networking", "kube-system", _COREDNS, needs_nodes=True),
    Addon("kube-proxy", "networking", "kube-system", _KUBE_PROXY),
    Addon(
        "eks-pod-identity-agent",
        "security",
        "kube-system",
        _releases(_ALL, ("v1.4.0-eksbuild.2", PINNED), ("v1.3.10-eksbuild.3", GUIDE)),
    ),
    Addon(
        "aws-ebs-csi-driver",
        "storage",
        "kube-system",
        _EBS_CSI,
        needs_nodes=True,
        identities=(("ebs-csi-controller-sa", (_CSI_POLICY,)),),
    ),
    Addon(
        "aws-efs-csi-driver",
        "storage",
        "kube-system",
        _releases(
            _ALL,
            ("v3.4.2-eksbuild.1", PINNED),
            ("v3.4.0-eksbuild.1", PINNED),
            ("v3.3.0-eksbuild.1", PINNED),
            ("v3.2.0-eksbuild.1", PINNED),
        ),
        needs_nodes=True,
        identities=(("efs-csi-controller-sa", ("service-role/AmazonEFSCSIDriverPolicy",)),),
    ),
    Addon(
        "aws-fsx-csi-driver",
        "storage",
        "kube-system",
        _releases(_ALL, ("v1.9.0-eksbuild.1", PINNED)),
        needs_nodes=True,
        identities=(("fsx-csi-controller-sa", ("AmazonFSxFullAccess",)),),
    ),
    Addon(
        "aws-mountpoint-s3-csi-driver",
        "storage",
        "kube-system",
        _releases(_ALL, ("v2.7.0-eksbuild.1", PINNED), ("v2.6.0-eksbuild.1", PINNED)),
        needs_nodes=True,
        identities=(("s3-csi-driver-sa", ("AmazonS3ReadOnlyAccess",)),),
    ),
    Addon(
        "snapshot-controller",
        "storage",
        "kube-system",
        _releases(_ALL, ("v8.5.0-eksbuild.5", PINNED), ("v8.5.0-eksbuild.3", PINNED)),
        needs_nodes=True,
    ),
    Addon(
        "eks-node-monitoring-agent",
        "observability",
        "kube-system",
        _releases(_ALL, ("v1.7.2-eksbuild.1", PINNED), ("v1.6.4-eksbuild.1", PINNED)),
    ),
    Addon(
        "amazon-cloudwatch-observability",
        "observability",
        "amazon-cloudwatch",
        _releases(
            _ALL,
            ("v6.4.0-eksbuild.1", PINNED),
            ("v6.3.0-eksbuild.1", PINNED),
            ("v6.2.0-eksbuild.1", PINNED),
        ),
        needs_nodes=True,
        identities=(("cloudwatch-agent", ("CloudWatchAgentServerPolicy",)),),
    ),
    Addon(
        "adot",
        "observability",
        "opentelemetry-operator-system",
        _releases(_ALL, ("v0.151.0-eksbuild.2", PINNED)),
        needs_nodes=True,
    ),
    Addon(
        "metrics-server",
        "observability",
        "kube-system",
        _releases(
            _ALL,
            ("v0.9.0-eksbuild.11", PINNED),
            ("v0.9.0-eksbuild.10", PINNED),
            ("v0.9.0-eksbuild.5", API_0804),
            ("v0.8.1-eksbuild.11", PINNED),
            ("v0.8.1-eksbuild.6", PINNED),
        ),
        needs_nodes=True,
        maker=_COMMUNITY,
    ),
    Addon(
        "cert-manager",
        "security",
        "cert-manager",
        _releases(_ALL, ("v1.21.0-eksbuild.3", API_0804), ("v1.21.0-eksbuild.2", PINNED)),
        needs_nodes=True,
        maker=_COMMUNITY,
    ),
    Addon(
        "external-dns",
        "networking",
        "external-dns",
        _releases(_ALL, ("v0.21.0-eksbuild.6", API_0804)),
        needs_nodes=True,
        maker=_COMMUNITY,
        identities=(("external-dns", ("AmazonRoute53FullAccess",)),),
    ),
    Addon(
        "kube-state-metrics",
        "observability",
        "kube-state-metrics",
        _releases(_ALL, ("v2.19.1-eksbuild.2", PINNED)),
        needs_nodes=True,
        maker=_COMMUNITY,
    ),
    Addon(
        "prometheus-node-exporter",
        "observability",
        "prometheus-node-exporter",
        _releases(_ALL, ("v1.11.1-eksbuild.7", PINNED)),
        maker=_COMMUNITY,
    ),
    Addon(
        "fluent-bit",
        "observability",
        "fluent-bit",
        _releases(_ALL, ("v5.1.1-eksbuild.1", ASSUMED)),
        maker=_COMMUNITY,
        identities=(("fluent-bit", ("CloudWatchAgentServerPolicy",)),),
    ),
)


def find(name: str) -> Addon | None:
    """The add-on `name`, or None."""
    return next((addon for addon in ADDONS if addon.name == name), None)
