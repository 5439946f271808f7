"""Resources that the policies about whole stacks look at; each alone passes."""

from typing import Any

from case_parts import (
    CLUSTER,
    CLUSTER_TYPE,
    NODE_GROUP,
    NODE_GROUP_TYPE,
    NODE_POOL,
    NODE_POOL_TYPE,
    TEMPLATE,
    TEMPLATE_TYPE,
)
from helpers import urn

RESOURCES: list[tuple[str, dict[str, Any]]] = [
    (NODE_GROUP_TYPE, NODE_GROUP),
    (NODE_POOL_TYPE, NODE_POOL),
    (CLUSTER_TYPE, CLUSTER),
    ("aws:ec2/instance:Instance", {"instanceType": "t3.large"}),
    (
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {"vpcEndpointType": "Interface", "subnetIds": ["a", "b", "c"]},
    ),
    ("aws:ebs/volume:Volume", {"type": "gp3", "size": 10, "iops": 3000, "throughput": 125}),
    ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"}),
    (
        "aws:rds/instance:Instance",
        {
            "instanceClass": "db.t3.large",
            "multiAz": True,
            "allocatedStorage": 100,
            "maxAllocatedStorage": 200,
        },
    ),
    ("kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer"}}),
    (
        "kubernetes:core/v1:PersistentVolumeClaim",
        {"spec": {"resources": {"requests": {"storage": "50Gi"}}}},
    ),
]

Group = list[tuple[str, dict[str, Any], tuple[str, ...]]]
ALONE: list[Group] = [[(kind, properties, ())] for kind, properties in RESOURCES]

WITH_TEMPLATE: Group = [
    (
        NODE_GROUP_TYPE,
        {key: NODE_GROUP[key] for key in ("scalingConfig", "capacityType")},
        (urn(TEMPLATE_TYPE, "it"),),
    ),
    (TEMPLATE_TYPE, {**TEMPLATE, "instanceType": "m7i.large"}, ()),
]
"""A node group that leaves type and disks to its launch template."""

STACK_CASES: dict[str, list[Group]] = {
    "cost-worst-case-budget": [*ALONE, WITH_TEMPLATE],
    "cost-gpu-count-max": [*ALONE[:2], WITH_TEMPLATE],
}
"""Groups of resources that pass; the last of each is the one to change."""
