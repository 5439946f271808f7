"""Kubernetes versions that AWS still supports."""

from collections.abc import Iterator

from llm_platform.cost import UNKNOWN
from llm_platform.versions import KUBERNETES_SUPPORT, days_of_standard_support
from llm_platform_policies.model import Context, Policy, Severity
from llm_platform_policies.reader import Reader
from llm_platform_policies.unknowns import deny


def _supported(resource: Reader, context: Context) -> Iterator[str]:
    version = resource.get("version")
    if version is UNKNOWN:
        return
    known = " | ".join(KUBERNETES_SUPPORT)
    if version is None:
        yield f"version is not set: AWS would choose one, and another tomorrow; known are {known}."
    elif str(version) not in KUBERNETES_SUPPORT:
        yield f"version is {version}, which is not in the table of supported versions ({known})."
    else:
        days = days_of_standard_support(str(version), context.today)
        if days is not None and days < 0:
            ended = KUBERNETES_SUPPORT[str(version)].standard_ends
            yield f"version is {version}, whose standard support ended on {ended}."


SUPPORTED = Policy(
    id="eks-version-supported",
    title="A version in standard support",
    description="An EKS cluster must run a Kubernetes version in standard support.",
    severity=Severity.MEDIUM,
    remediation="Raise `llm-platform:cluster.kubernetesVersion`, one minor version at a time.",
    types=("aws:eks/cluster:Cluster",),
    fields=tuple(deny("version")),
    equivalents=("CKV_AWS_339", "C-0273", "NSA: upgrading"),
    check=_supported,
)

ENDING_DAYS = 90
"""From here on an upgrade should be planned."""


def _ending(resource: Reader, context: Context) -> Iterator[str]:
    version = resource.get("version")
    if not isinstance(version, str) or version not in KUBERNETES_SUPPORT:
        return
    days = days_of_standard_support(version, context.today)
    if days is not None and 0 <= days < ENDING_DAYS:
        yield f"version is {version}, whose standard support ends in {days} days."


ENDING = Policy(
    id="eks-version-ending",
    title="Upgrades are planned",
    description=f"A Kubernetes version must have {ENDING_DAYS} days of standard support left.",
    severity=Severity.LOW,
    remediation="Plan the upgrade: add-ons, charts and removed APIs first.",
    types=("aws:eks/cluster:Cluster",),
    fields=tuple(deny("version")),
    equivalents=("C-0273",),
    check=_ending,
)

POLICIES = (SUPPORTED, ENDING)
