"""Samples of IAM, KMS and EKS."""

from tests.unit.providers.world import Sample, policy, tagged

IDENTITY = [
    tagged(
        "aws:iam/role:Role",
        lambda w: {
            "assumeRolePolicy": policy("sts:AssumeRole", service="ec2.amazonaws.com"),
            "description": "before",
        },
        changes=lambda w: {
            "assumeRolePolicy": policy("sts:AssumeRole", service="eks.amazonaws.com"),
            "description": None,
            "maxSessionDuration": 7200,
        },
    ),
    Sample(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.role("ec2")["name"], "policy": policy("s3:Get*", "s3:List*")},
        lambda w: {"policy": policy("s3:Get*")},
    ),
    tagged(
        "aws:iam/policy:Policy",
        lambda w: {"policy": policy("s3:Get*")},
        changes=lambda w: {"policy": policy("s3:List*")},
    ),
    Sample(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {"role": w.role("ec2")["name"], "policyArn": w.managed_policy},
    ),
    tagged(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda w: {"role": w.role("ec2")["name"]},
        changes=lambda w: {"role": w.role("eks")["name"]},
    ),
    tagged(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda w: {
            "url": "https://oidc.eks.us-east-1.amazonaws.com/id/SAMPLE",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
        },
        changes=lambda w: {"thumbprintLists": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7281"]},
    ),
    tagged(
        "aws:kms/key:Key",
        lambda w: {"enableKeyRotation": True, "description": "before"},
        changes=lambda w: {"enableKeyRotation": False, "description": "after"},
    ),
    Sample("aws:kms/alias:Alias", lambda w: {"targetKeyId": w.key}),
]

EKS = [
    tagged(
        "aws:eks/cluster:Cluster",
        lambda w: {
            "roleArn": w.role("eks")["arn"],
            "version": "1.34",
            "vpcConfig": {
                "subnetIds": [w.subnet(1), w.subnet(0)],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": False,
            },
            "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
            "enabledClusterLogTypes": ["audit", "api"],
            "encryptionConfig": {"provider": {"keyArn": w.key}, "resources": ["secrets"]},
            "upgradePolicy": {"supportType": "STANDARD"},
        },
        changes=lambda w: {
            "version": "1.35",
            "vpcConfig": {
                "subnetIds": [w.subnet(1), w.subnet(0)],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["192.0.2.0/24"],
            },
            "accessConfig": {"authenticationMode": "API"},
            "enabledClusterLogTypes": ["audit"],
        },
    ),
    tagged(
        "aws:eks/nodeGroup:NodeGroup",
        lambda w: {
            "clusterName": w.cluster,
            "nodeRoleArn": w.role("ec2")["arn"],
            "subnetIds": [w.subnet(0)],
            "scalingConfig": {"desiredSize": 1, "minSize": 1, "maxSize": 2},
            "instanceTypes": ["g6.xlarge"],
            "amiType": "AL2023_x86_64_NVIDIA",
            "labels": {"pool": "gpu", "old": "1"},
            "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
        },
        changes=lambda w: {
            "scalingConfig": {"desiredSize": 1, "minSize": 0, "maxSize": 4},
            "labels": {"pool": "gpu"},
            "taints": [{"key": "gpu", "effect": "NO_EXECUTE"}],
            "updateConfig": {"maxUnavailable": 2},
        },
    ),
    tagged(
        "aws:eks/addon:Addon",
        lambda w: {
            "clusterName": w.cluster,
            "addonName": "vpc-cni",
            "configurationValues": '{"enableNetworkPolicy":  "true"}',
            "resolveConflictsOnUpdate": "OVERWRITE",
        },
        changes=lambda w: {"configurationValues": "{}", "preserve": True},
        unknown_to_import=frozenset({"resolveConflictsOnUpdate", "preserve"}),
    ),
    tagged(
        "aws:eks/accessEntry:AccessEntry",
        lambda w: {"clusterName": w.cluster, "principalArn": w.role("sns")["arn"]},
        changes=lambda w: {"kubernetesGroups": ["viewers", "admins"]},
    ),
    Sample(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        lambda w: {
            "clusterName": w.cluster,
            "principalArn": w.entry_principal,
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["b", "a"]},
        },
    ),
    tagged(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda w: {
            "clusterName": w.cluster,
            "namespace": "serving",
            "serviceAccount": "model",
            "roleArn": w.role("ec2")["arn"],
        },
        changes=lambda w: {"roleArn": w.role("eks")["arn"]},
        import_id=lambda o: f"{o['clusterName']},{o['associationId']}",
    ),
]
