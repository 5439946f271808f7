"""Nodes and the cluster itself."""

from collections.abc import Iterator
from typing import Any

from llm_platform.cost import UNKNOWN
from llm_platform_policies.model import Context, Policy, Severity
from llm_platform_policies.reader import Reader
from llm_platform_policies.unknowns import deny

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"
CLUSTER = "aws:eks/cluster:Cluster"

MOST_HOPS = 2
"""Hops that a metadata answer may travel: 1 keeps pods away from the node's role; 2 is what
pulumi-eks sets for its own node groups and what agents without host network need."""


def _imdsv2(resource: Reader, _context: Context) -> Iterator[str]:
    root = "spec.metadataOptions" if resource.type == NODE_CLASS else "metadataOptions"
    hops_key = "httpPutResponseHopLimit"
    tokens: Any = resource.get(f"{root}.httpTokens")
    endpoint: Any = resource.get(f"{root}.httpEndpoint")
    if endpoint == "disabled":
        return
    if tokens is not UNKNOWN and tokens != "required":
        yield f"{root}.httpTokens is {tokens or 'not set'}: IMDSv1 would answer anybody who asks."
    hops: Any = resource.get(f"{root}.{hops_key}")
    if isinstance(hops, (int, float)) and hops > MOST_HOPS:
        yield f"{root}.{hops_key} is {hops:.0f}; {MOST_HOPS} at most, 1 where no pod needs more."


IMDSV2 = Policy(
    id="compute-imdsv2",
    title="Instance metadata needs a token",
    description="Nodes must require IMDSv2 tokens, and the answer must not travel far.",
    severity=Severity.HIGH,
    remediation="Set `metadataOptions: {httpTokens: required, httpPutResponseHopLimit: 1}`.",
    types=(LAUNCH_TEMPLATE, INSTANCE, NODE_CLASS),
    fields=tuple(
        deny(
            *(
                f"{root}.{key}"
                for root in ("metadataOptions", "spec.metadataOptions")
                for key in ("httpTokens", "httpEndpoint", "httpPutResponseHopLimit")
            )
        )
    ),
    equivalents=("CKV_AWS_79", "CKV_AWS_341", "AWS-0028", "AWS-0130", "C-0052"),
    check=_imdsv2,
)

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def _logging(resource: Reader, _context: Context) -> Iterator[str]:
    enabled = [item.value for item in resource.each("enabledClusterLogTypes")]
    missing = [name for name in LOG_TYPES if name not in enabled]
    if missing and not resource.unknown_met:
        yield f"enabledClusterLogTypes lacks {', '.join(missing)}."


LOGGING = Policy(
    id="eks-logging",
    title="The control plane leaves a trace",
    description="An EKS cluster must write all five control plane logs.",
    severity=Severity.MEDIUM,
    remediation=f"Set `enabledClusterLogTypes` to {', '.join(LOG_TYPES)}.",
    types=(CLUSTER,),
    fields=tuple(deny("enabledClusterLogTypes[]")),
    equivalents=(
        "CKV_AWS_37",
        "AWS-0038",
        "CIS EKS 1.8: 2.1.1",
        "C-0067",
        "NSA: audit logging",
    ),
    check=_logging,
)

POLICIES = (IMDSV2, LOGGING)
