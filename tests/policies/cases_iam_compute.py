"""Cases of the policies about IAM, nodes and the cluster: what passes, and changes that do not."""

from case_parts import (
    CLUSTER,
    CLUSTER_TYPE,
    NARROW,
    ROLE_TYPE,
    TEMPLATE,
    TEMPLATE_TYPE,
    TRUST,
    WIDE,
    Break,
    Case,
    document,
)
from changes import ABSENT

IAM = (
    Case(
        "iam-wildcard",
        "aws:iam/policy:Policy",
        {"policy": NARROW},
        (
            Break("policy", WIDE, "allows s3:* on every resource"),
            Break("policy", document(Action="*", Resource="arn:aws:s3:::b"), "every action"),
            Break("policy", document(NotAction="iam:*", Resource="*"), "NotAction"),
            Break("policy", "{", "no JSON"),
        ),
    ),
    Case(
        "iam-wildcard",
        ROLE_TYPE,
        {
            "assumeRolePolicy": TRUST,
            "inlinePolicies": [{"name": "a", "policy": NARROW}],
            "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"],
        },
        (
            Break("assumeRolePolicy", document(Principal="*", Action="sts:AssumeRole"), "anybody"),
            Break("inlinePolicies[0].policy", WIDE, "inlinePolicies[0].policy: Statement[0]"),
            Break(
                "managedPolicyArns[0]",
                "arn:aws:iam::aws:policy/AdministratorAccess",
                "allows everything",
            ),
        ),
    ),
    Case(
        "iam-wildcard",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
        (Break("policyArn", "arn:aws:iam::aws:policy/IAMFullAccess", "allows everything"),),
    ),
    Case(
        "iam-wildcard",
        "aws:kms/key:Key",
        {
            "policy": document(
                Principal={"AWS": "arn:aws:iam::111111111111:root"}, Action="kms:*", Resource="*"
            )
        },
        (
            Break(
                "policy",
                document(Principal={"AWS": "*"}, Action="kms:*", Resource="*"),
                "everybody",
            ),
        ),
    ),
    Case(
        "iam-cluster-masters",
        "aws:eks/accessEntry:AccessEntry",
        {"kubernetesGroups": ["viewers"]},
        (Break("kubernetesGroups[0]", "system:masters", "system:masters"),),
    ),
)

COMPUTE = (
    Case(
        "compute-imdsv2",
        TEMPLATE_TYPE,
        TEMPLATE,
        (
            Break("metadataOptions.httpTokens", "optional", "is optional"),
            Break("metadataOptions", ABSENT, "not set"),
            Break("metadataOptions.httpPutResponseHopLimit", 3, "is 3"),
        ),
    ),
    Case(
        "compute-imdsv2",
        "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass",
        {"spec": {"metadataOptions": TEMPLATE["metadataOptions"]}},
        (Break("spec.metadataOptions.httpTokens", "optional", "is optional"),),
    ),
    Case(
        "eks-logging",
        CLUSTER_TYPE,
        CLUSTER,
        (
            Break("enabledClusterLogTypes[1]", "api", "lacks audit"),
            Break("enabledClusterLogTypes", ABSENT, "lacks api, audit"),
        ),
    ),
    Case(
        "eks-version-supported",
        CLUSTER_TYPE,
        CLUSTER,
        (
            Break("version", "1.33", "ended on 2026-07-29"),
            Break("version", "9.99", "not in the table"),
            Break("version", ABSENT, "is not set"),
        ),
    ),
    Case(
        "eks-version-ending",
        CLUSTER_TYPE,
        CLUSTER,
        (Break("version", "1.34", "ends in 8 days"),),
    ),
)
