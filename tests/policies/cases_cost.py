"""Cases of the policies about cost: what passes, and changes that do not."""

from case_parts import (
    CLUSTER,
    CLUSTER_TYPE,
    NODE_GROUP,
    NODE_GROUP_TYPE,
    NODE_POOL,
    NODE_POOL_TYPE,
    REQUIREMENT,
    TEMPLATE,
    TEMPLATE_TYPE,
    Break,
    Case,
)
from changes import ABSENT

COST = (
    Case(
        "cost-instance-type-allowed",
        NODE_GROUP_TYPE,
        NODE_GROUP,
        (Break("instanceTypes[0]", "p5.48xlarge", "instanceTypes[0] is p5.48xlarge"),),
    ),
    Case(
        "cost-instance-type-allowed",
        TEMPLATE_TYPE,
        TEMPLATE,
        (Break("instanceType", "x2.large", "instanceType is x2.large"),),
    ),
    Case(
        "cost-instance-type-allowed",
        NODE_POOL_TYPE,
        NODE_POOL,
        (
            Break(f"{REQUIREMENT}.values[0]", "p5", "is p5"),
            Break(f"{REQUIREMENT}.operator", "NotIn", "name neither"),
            Break(f"{REQUIREMENT}.key", "topology.kubernetes.io/zone", "name neither"),
        ),
    ),
    Case(
        "cost-node-count",
        NODE_GROUP_TYPE,
        NODE_GROUP,
        (
            Break("scalingConfig.maxSize", 101, "is 101"),
            Break("scalingConfig.maxSize", ABSENT, "must be bounded"),
        ),
    ),
    Case(
        "cost-node-count",
        NODE_POOL_TYPE,
        NODE_POOL,
        (Break("spec.limits", ABSENT, "nothing bounds"),),
    ),
    Case(
        "cost-unpriced-resource",
        NODE_GROUP_TYPE,
        NODE_GROUP,
        (Break("instanceTypes[0]", "g99.huge", "no price for g99.huge in us-east-1"),),
    ),
    Case(
        "cost-unpriced-resource",
        NODE_POOL_TYPE,
        NODE_POOL,
        (Break(f"{REQUIREMENT}.values[0]", "g99", "no price for the instance types"),),
    ),
    Case(
        "cost-unpriced-resource",
        CLUSTER_TYPE,
        CLUSTER,
        (),
    ),
    Case(
        "cost-unpriced-resource",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]},
        (),
    ),
    Case(
        "cost-unpriced-resource",
        "aws:ebs/volume:Volume",
        {"type": "gp3", "size": 10, "iops": 3000, "throughput": 125},
        (Break("type", "io2", "no price for EBS io2"),),
    ),
    Case(
        "cost-unpriced-resource",
        "aws:lb/loadBalancer:LoadBalancer",
        {"loadBalancerType": "network"},
        (),
    ),
    Case(
        "cost-unpriced-resource",
        "aws:ec2/instance:Instance",
        {"instanceType": "t3.large"},
        (Break("instanceType", "z9.large", "no price for z9.large"),),
    ),
    Case("cost-unpriced-resource", "aws:iam/role:Role", {}, ()),
    Case(
        "cost-unpriced-resource",
        "aws:rds/instance:Instance",
        {
            "instanceClass": "db.t3.large",
            "multiAz": True,
            "allocatedStorage": 100,
            "maxAllocatedStorage": 200,
        },
        (Break("instanceClass", "db.x9.huge", "no price for rds-db.x9.huge"),),
    ),
    Case(
        "cost-extended-support",
        CLUSTER_TYPE,
        CLUSTER,
        (
            Break("upgradePolicy.supportType", "EXTENDED", "is EXTENDED"),
            Break("upgradePolicy", ABSENT, "not set"),
        ),
    ),
    Case(
        "cost-log-retention",
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 90},
        (
            Break("retentionInDays", ABSENT, "for ever"),
            Break("retentionInDays", 0, "for ever"),
        ),
    ),
    Case(
        "cost-tags-required",
        NODE_GROUP_TYPE,
        NODE_GROUP,
        (
            Break("tags", ABSENT, "lack owner, environment, cost-center"),
            Break("tags.owner", ABSENT, "lack owner;"),
            Break("tags.owner", "", "tags.owner is empty"),
        ),
    ),
)
