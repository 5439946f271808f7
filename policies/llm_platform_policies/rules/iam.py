"""Who may do what in AWS."""

from collections.abc import Callable, Iterator

from llm_platform.cost import UNKNOWN
from llm_platform_policies.iam_documents import (
    ADMINISTRATOR_POLICIES,
    overreach_of_identity_policy,
    overreach_of_resource_policy,
    overreach_of_trust_policy,
)
from llm_platform_policies.model import Context, Policy, Severity
from llm_platform_policies.reader import Reader
from llm_platform_policies.unknowns import deny, unverifiable

ROLE = "aws:iam/role:Role"
IDENTITY_POLICIES = ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy")
ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)
RESOURCE_POLICIES = (
    "aws:kms/key:Key",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws:secretsmanager/secretPolicy:SecretPolicy",
)


def _wildcards(resource: Reader, _context: Context) -> Iterator[str]:
    if resource.type in IDENTITY_POLICIES:
        yield from _named("policy", overreach_of_identity_policy, resource.get("policy"))
    elif resource.type in RESOURCE_POLICIES:
        yield from _named("policy", overreach_of_resource_policy, resource.get("policy"))
    elif resource.type in ATTACHMENTS:
        yield from _administrator("policyArn", resource.get("policyArn"))
    else:
        trust = resource.get("assumeRolePolicy")
        yield from _named("assumeRolePolicy", overreach_of_trust_policy, trust)
        for inline in resource.each("inlinePolicies"):
            where = f"{inline.where}.policy"
            yield from _named(where, overreach_of_identity_policy, inline.get("policy"))
        for attached in resource.each("managedPolicyArns"):
            yield from _administrator(attached.where, attached.value)


def _named(where: str, check: Callable[[object], Iterator[str]], document: object) -> Iterator[str]:
    if document is None or document is UNKNOWN:
        return
    for sentence in check(document):
        yield f"{where}: {sentence}"


def _administrator(where: str, arn: object) -> Iterator[str]:
    if isinstance(arn, str) and arn.rpartition("/")[2] in ADMINISTRATOR_POLICIES:
        yield f"{where} is {arn}, which allows everything."


_MADE_IN_RUN = "the document names something that this run makes"

WILDCARD = Policy(
    id="iam-wildcard",
    title="No all-powerful role",
    description="A role must be allowed named actions on named resources, and be assumed by named "
    "principals.",
    severity=Severity.CRITICAL,
    remediation="List the actions and the ARNs that are needed; name the service, role or "
    "service account that may assume the role.",
    types=(ROLE, *IDENTITY_POLICIES, *ATTACHMENTS, *RESOURCE_POLICIES),
    fields=(
        *unverifiable("policy", "assumeRolePolicy", "inlinePolicies[].policy", why=_MADE_IN_RUN),
        *unverifiable("inlinePolicies[]", why="the list of inline policies is decided by the run"),
        *unverifiable("policyArn", "managedPolicyArns[]", why="the policy is made by this run"),
    ),
    equivalents=(
        "CKV_AWS_62",
        "CKV_AWS_63",
        "CKV_AWS_49",
        "CKV_AWS_60",
        "CKV_AWS_61",
        "CKV_AWS_274",
        "CKV2_AWS_40",
        "CKV2_AWS_56",
        "CKV_AWS_33",
        "AWS-0057",
        "AWS-0345",
    ),
    check=_wildcards,
)


def _cluster_admin(resource: Reader, _context: Context) -> Iterator[str]:
    for group in resource.each("kubernetesGroups"):
        if group.value == "system:masters":
            yield f"{group.where} is system:masters, which no access entry may use."


ACCESS_ENTRY = Policy(
    id="iam-cluster-masters",
    title="No access around RBAC",
    description="An access entry must not put its principal into system:masters.",
    severity=Severity.HIGH,
    remediation="Use an access policy, or groups that RBAC binds to what they need.",
    types=("aws:eks/accessEntry:AccessEntry",),
    fields=tuple(deny("kubernetesGroups[]")),
    equivalents=("KSV-0123", "CIS EKS 1.8: 4.1.1"),
    check=_cluster_admin,
)

POLICIES = (WILDCARD, ACCESS_ENTRY)
