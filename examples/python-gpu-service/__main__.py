"""A network, L4 nodes and one served model, made of components that somebody else maintains."""

import json

import pulumi
import pulumi_aws as aws
import team_settings

from llm_platform import CapacityType, GpuNodePool, LlmService, NatMode, Network

EKS_MAY_ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "eks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)

settings = team_settings.read()
tags: dict[str, pulumi.Input[str]] = {"owner": settings.owner}

network = Network(
    "network",
    {
        "cidr": settings.block,
        "zones": settings.zones,
        "nat": NatMode.SINGLE,
        "cluster_name": settings.cluster,
        "tags": tags,
    },
)

# The team's own bare cluster: components take names and IDs, wherever those come from.
# `llm_platform.Cluster` makes one with add-ons, logs and access entries.
role = aws.iam.Role("cluster", assume_role_policy=EKS_MAY_ASSUME, tags=tags)
aws.iam.RolePolicyAttachment(
    "cluster", role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
)
cluster = aws.eks.Cluster(
    "cluster",
    name=settings.cluster,
    role_arn=role.arn,
    vpc_config={"subnet_ids": network.private_subnet_ids},
    tags=tags,
)

pool = GpuNodePool(
    "l4",
    {
        "cluster_name": cluster.name,
        "subnet_ids": network.private_subnet_ids,
        "instance_types": ["g6.2xlarge", "g6.4xlarge"],
        "min_size": 1,
        "max_size": settings.nodes,
        "capacity": CapacityType.SPOT,
        "tags": tags,
    },
)
pulumi.export("vpc", network.vpc_id)
pulumi.export("nodes", pool.node_group_name)

# The model comes once KServe is in the cluster: then it gets its room in the stack file.
if settings.model:
    service = LlmService(
        "summaries",
        {
            "namespace": settings.namespace,
            "model": settings.model.name,
            "repository_uri": settings.model.repository,
            "runtime": settings.model.runtime,
            "gpus": settings.model.gpus,
            "pool": "l4",
            "max_replicas": settings.nodes,
            "tags": tags,
        },
        pulumi.ResourceOptions(depends_on=[pool]),
    )
    pulumi.export("address", service.address)
