"""What the cases of the policies are made of: good resources, and names of types."""

import json
from dataclasses import dataclass
from typing import Any

ENFORCE = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True)
class Break:
    """One change of a resource that passes, and what is then said."""

    path: str
    value: Any
    says: str


@dataclass(frozen=True)
class Case:
    """A resource that passes a policy, and changes each of which breaks it once."""

    policy: str
    type: str
    passes: dict[str, Any]
    breaks: tuple[Break, ...]


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


CONTAINER: dict[str, Any] = {
    "name": "c",
    "image": "registry.k8s.io/pause:3.10",
    "resources": {
        "requests": {"memory": "1Gi", "cpu": "1", "nvidia.com/gpu": 1},
        "limits": {"memory": "1Gi", "nvidia.com/gpu": 1},
    },
    "securityContext": {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
    },
}
POD_SPEC: dict[str, Any] = {
    "hostPID": False,
    "hostIPC": False,
    "hostNetwork": False,
    "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
    "volumes": [{"name": "v", "emptyDir": {}}],
    "initContainers": [CONTAINER],
    "containers": [CONTAINER],
    "ephemeralContainers": [CONTAINER],
}
DEPLOYMENT = {"spec": {"template": {"spec": POD_SPEC}}}
CRON_JOB = {"spec": {"jobTemplate": {"spec": {"template": {"spec": POD_SPEC}}}}}
MODEL_SERVICE = {
    "spec": {
        "predictor": {
            "model": {
                "image": "nvcr.io/nvidia/tritonserver:26.07-py3",
                "resources": CONTAINER["resources"],
                "securityContext": {"privileged": False, "allowPrivilegeEscalation": False},
            }
        }
    }
}
NODE_GROUP: dict[str, Any] = {
    "instanceTypes": ["g6.2xlarge"],
    "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 2},
    "capacityType": "ON_DEMAND",
    "diskSize": 100,
    "tags": {"owner": "a", "environment": "prod", "cost-center": "c"},
}
NODE_POOL: dict[str, Any] = {
    "spec": {
        "limits": {"cpu": "64", "nvidia.com/gpu": "2"},
        "template": {
            "spec": {
                "requirements": [
                    {
                        "key": "karpenter.k8s.aws/instance-family",
                        "operator": "In",
                        "values": ["g6"],
                    }
                ]
            }
        },
    }
}
TEMPLATE: dict[str, Any] = {
    "instanceType": "m7i.large",
    "metadataOptions": {
        "httpTokens": "required",
        "httpEndpoint": "enabled",
        "httpPutResponseHopLimit": 1,
    },
    "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": True}}],
    "networkInterfaces": [{"associatePublicIpAddress": False}],
}
CLUSTER: dict[str, Any] = {
    "version": "1.35",
    "upgradePolicy": {"supportType": "STANDARD"},
    "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
    "encryptionConfig": {
        "resources": ["secrets"],
        "provider": {"keyArn": "arn:aws:kms:eu-central-1:111111111111:key/k"},
    },
    "vpcConfig": {
        "endpointPrivateAccess": True,
        "endpointPublicAccess": True,
        "publicAccessCidrs": ["198.51.100.0/24"],
    },
}
RELEASE: dict[str, Any] = {
    "chart": "x",
    "version": "1.2.3",
    "values": {
        "image": {"repository": "a", "tag": "v1"},
        "side": {"image": "b:v2"},
        "resources": {
            "requests": {"cpu": "1", "memory": "1Gi"},
            "limits": {"memory": "1Gi"},
        },
    },
}
TRUST = document(Principal={"Service": "pods.eks.amazonaws.com"}, Action="sts:AssumeRole")
NARROW = document(Action=["s3:GetObject"], Resource="arn:aws:s3:::models/*")
WIDE = document(Action="s3:*", Resource="*")
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

K = "kubernetes:"
NODE_GROUP_TYPE = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE_TYPE = "aws:ec2/launchTemplate:LaunchTemplate"
CLUSTER_TYPE = "aws:eks/cluster:Cluster"
NODE_POOL_TYPE = "kubernetes:karpenter.sh/v1:NodePool"
ROLE_TYPE = "aws:iam/role:Role"
DEPLOYMENT_TYPE = "kubernetes:apps/v1:Deployment"
CRON_JOB_TYPE = "kubernetes:batch/v1:CronJob"
SERVICE_TYPE = "kubernetes:core/v1:Service"
MODEL_TYPE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
RELEASE_TYPE = "kubernetes:helm.sh/v3:Release"
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
REQUIREMENT = "spec.template.spec.requirements[0]"
FIRST = "spec.template.spec.containers[0]"
SSE = "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm"
SSE_TYPE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
