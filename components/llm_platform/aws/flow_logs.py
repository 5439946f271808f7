"""Flow logs of a `Network`: all traffic, to CloudWatch, encrypted, for a limited time."""

import pulumi
import pulumi_aws as aws

from llm_platform.aws.iam import Account, flow_log_policy, flow_log_trust
from llm_platform.aws.keys import key_arn
from llm_platform.component import PlatformComponent, stack_id
from llm_platform.naming import flow_log_group


def record_flows(
    component: PlatformComponent,
    name: str,
    account: pulumi.Output[Account],
    vpc: aws.ec2.Vpc,
    retention_days: int,
    kms_key_arn: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    """Log all traffic of `vpc` and return the log group's name.

    Args:
        component: Parent of what is made.
        name: First part of the logical names.
        account: Where the network stands.
        vpc: Whose traffic is logged.
        retention_days: How long it is kept.
        kms_key_arn: The key that encrypts it; None makes one.
    """
    group_name = flow_log_group(stack_id(), name)

    def policy(where: Account) -> str:
        return flow_log_policy(where, group_name)

    key = kms_key_arn or key_arn(
        component, f"{name}-key", account, "Flow logs of a VPC", [group_name]
    )
    group = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=group_name,
        retention_in_days=retention_days,
        kms_key_id=key,
        tags=component.tagged(f"{name}-logs"),
        opts=component.child(),
    )
    role = aws.iam.Role(
        f"{name}-role",
        description="Writes a VPC's flow logs",
        assume_role_policy=account.apply(flow_log_trust),
        tags=component.tagged(f"{name}-role"),
        opts=component.child(),
    )
    writing = aws.iam.RolePolicy(
        f"{name}-policy",
        name="write-flow-logs",
        role=role.name,
        policy=account.apply(policy),
        opts=component.child(),
    )
    aws.ec2.FlowLog(
        f"{name}-log",
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=60,
        tags=component.tagged(f"{name}-log"),
        opts=component.child(depends_on=[writing]),
    )
    return group.name
