"""WorkloadIdentity: the IAM role of one Kubernetes service account."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from llm_platform.aws.account import current_account
from llm_platform.aws.iam import Account, document, irsa_trust, pod_identity_trust
from llm_platform.aws.kinds import IdentityMode
from llm_platform.aws.workload_identity_check import check_workload_identity
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.naming import slug


class PolicyStatement(TypedDict):
    """One statement of a role's policy: what it allows, on what."""

    sid: str
    """Name of the statement: letters and digits."""
    actions: list[str]
    """IAM actions, each spelled out, such as ``s3:GetObject``."""
    resources: Sequence[pulumi.Input[str]]
    """ARNs of what the actions may touch."""
    conditions: NotRequired[dict[str, dict[str, list[str]]]]
    """IAM conditions by operator and key, such as ``{"StringLike": {"s3:prefix": ["a/*"]}}``."""
    wildcard_reason: NotRequired[str]
    """Why a wildcard in actions, or a resource that names none, cannot be avoided. Without it
    both are refused; ``*`` and ``service:*`` as action are always refused."""


class WorkloadIdentityArgs(TypedDict):
    """Inputs of a `WorkloadIdentity`."""

    cluster_name: pulumi.Input[str]
    """Name of the EKS cluster."""
    namespace: str
    """Namespace of the service account."""
    service_account: str
    """Name of the service account."""
    statements: NotRequired[list[PolicyStatement]]
    """What the pods may do. Default: nothing."""
    managed_policies: NotRequired[list[str]]
    """Names of AWS managed policies, with path, such as
    ``service-role/AmazonEBSCSIDriverPolicy``. Default: none."""
    mode: NotRequired[IdentityMode]
    """How pods get credentials. Default: Pod Identity."""
    oidc_provider_arn: NotRequired[pulumi.Input[str]]
    """ARN of the cluster's OIDC provider; IRSA only."""
    oidc_issuer: NotRequired[pulumi.Input[str]]
    """The cluster's OIDC issuer; IRSA only."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds whatever the role is given. Default: none."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags of every taggable resource: owner, team, cost centre."""


class WorkloadIdentity(PlatformComponent):
    """An IAM role that only one service account of one cluster can take.

    The role exists, with its policies, before the association with the service account, so that
    the first credentials already carry them. Associations reach pods within seconds, not at
    once: create the identity before the pods.
    """

    role_arn: pulumi.Output[str]
    """ARN of the role; with IRSA the value of the service account's annotation."""
    role_name: pulumi.Output[str]
    """Name of the role."""
    namespace: pulumi.Output[str]
    """Namespace of the service account; known once the identity works."""
    service_account: pulumi.Output[str]
    """Name of the service account; known once the identity works."""

    def __init__(
        self, name: str, args: WorkloadIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(
            f"WorkloadIdentity '{name}'", WorkloadIdentityArgs, args, check_workload_identity
        )
        super().__init__("WorkloadIdentity", name, args, args.get("tags", {}), opts)
        account = current_account(self)
        role = aws.iam.Role(
            f"{name}-role",
            description=f"Pods of {args['namespace']}/{args['service_account']}",
            assume_role_policy=_trust(args, account),
            permissions_boundary=args.get("permissions_boundary_arn"),
            tags=self.tagged(f"{name}-role"),
            opts=self.child(),
        )
        grants = self._grants(name, args, role, account)
        gates: list[pulumi.Resource] = [*grants]
        if args.get("mode", IdentityMode.POD_IDENTITY) == IdentityMode.POD_IDENTITY:
            association = aws.eks.PodIdentityAssociation(
                f"{name}-association",
                cluster_name=args["cluster_name"],
                namespace=args["namespace"],
                service_account=args["service_account"],
                role_arn=role.arn,
                tags=self.tagged(f"{name}-association"),
                opts=self.child(depends_on=grants),
            )
            gates.append(association)
        self.role_arn = role.arn
        self.role_name = role.name
        self.namespace = after(args["namespace"], gates)
        self.service_account = after(args["service_account"], gates)
        self.register_outputs(
            {
                "role_arn": self.role_arn,
                "role_name": self.role_name,
                "namespace": self.namespace,
                "service_account": self.service_account,
            }
        )

    def _grants(
        self,
        name: str,
        args: WorkloadIdentityArgs,
        role: aws.iam.Role,
        account: pulumi.Output[Account],
    ) -> list[pulumi.Resource]:
        """The role's policies."""
        grants: list[pulumi.Resource] = []
        if statements := args.get("statements", []):
            policy = aws.iam.RolePolicy(
                f"{name}-policy",
                name="workload",
                role=role.name,
                policy=_policy(statements),
                opts=self.child(),
            )
            grants.append(policy)
        for policy_name in args.get("managed_policies", []):
            arn = account.apply(_managed(policy_name))
            attachment = aws.iam.RolePolicyAttachment(
                f"{name}-{slug(policy_name)}", role=role.name, policy_arn=arn, opts=self.child()
            )
            grants.append(attachment)
        return grants


def _trust(args: WorkloadIdentityArgs, account: pulumi.Output[Account]) -> pulumi.Output[str]:
    namespace, service_account = args["namespace"], args["service_account"]

    def by_association(values: list[Any]) -> str:
        where, cluster = values
        return pod_identity_trust(where, cluster, namespace, service_account)

    def by_oidc(values: list[Any]) -> str:
        provider_arn, issuer = values
        return irsa_trust(provider_arn, issuer, namespace, service_account)

    if args.get("mode") == IdentityMode.IRSA:
        oidc = (args.get("oidc_provider_arn", ""), args.get("oidc_issuer", ""))
        return pulumi.Output.all(*oidc).apply(by_oidc)
    return pulumi.Output.all(account, args["cluster_name"]).apply(by_association)


def _policy(statements: list[PolicyStatement]) -> pulumi.Output[str]:
    """The policy document; known at preview when every resource is."""

    def render(resources: list[list[str]]) -> str:
        return document(map(_rendered, statements, resources))

    known: pulumi.Output[list[list[str]]] = pulumi.Output.all(
        *(pulumi.Output.all(*statement["resources"]) for statement in statements)
    )
    return known.apply(render)


def _rendered(statement: PolicyStatement, resources: list[str]) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "Sid": statement["sid"],
        "Effect": "Allow",
        "Action": statement["actions"],
        "Resource": resources,
    }
    if conditions := statement.get("conditions"):
        rendered["Condition"] = conditions
    return rendered


def _managed(policy_name: str) -> Callable[[Account], str]:
    def arn(where: Account) -> str:
        return where.managed_policy(policy_name)

    return arn
