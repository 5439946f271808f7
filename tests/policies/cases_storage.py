"""Cases of the policies about storage: what passes, and changes that do not."""

from case_parts import (
    BLOCKS,
    CLUSTER,
    CLUSTER_TYPE,
    SSE,
    SSE_TYPE,
    TEMPLATE,
    TEMPLATE_TYPE,
    Break,
    Case,
    document,
)
from changes import ABSENT

STORAGE = (
    Case(
        "storage-encryption",
        TEMPLATE_TYPE,
        TEMPLATE,
        (
            Break("blockDeviceMappings[0].ebs.encrypted", False, "is not true"),
            Break("blockDeviceMappings[0].ebs.encrypted", ABSENT, "is not true"),
        ),
    ),
    Case(
        "storage-encryption",
        CLUSTER_TYPE,
        CLUSTER,
        (
            Break("encryptionConfig", ABSENT, "does not name secrets"),
            Break("encryptionConfig.provider.keyArn", "", "names no key"),
        ),
    ),
    Case(
        "storage-encryption",
        "aws:sqs/queue:Queue",
        {"sqsManagedSseEnabled": True},
        (Break("sqsManagedSseEnabled", False, "neither"),),
    ),
    Case(
        "storage-encryption",
        "aws:sqs/queue:Queue",
        {"kmsMasterKeyId": "alias/x"},
        (Break("kmsMasterKeyId", ABSENT, "neither"),),
    ),
    Case(
        "storage-encryption",
        "aws:ebs/volume:Volume",
        {"encrypted": True},
        (Break("encrypted", False, "is not true"),),
    ),
    Case(
        "storage-encryption",
        "aws:rds/instance:Instance",
        {"storageEncrypted": True},
        (Break("storageEncrypted", ABSENT, "is not true"),),
    ),
    Case(
        "storage-encryption",
        "aws:cloudwatch/logGroup:LogGroup",
        {"kmsKeyId": "k"},
        (Break("kmsKeyId", ABSENT, "names no key"),),
    ),
    Case(
        "storage-encryption",
        "kubernetes:storage.k8s.io/v1:StorageClass",
        {"provisioner": "ebs.csi.aws.com", "parameters": {"encrypted": "true"}},
        (
            Break("parameters.encrypted", "false", "is not 'true'"),
            Break("parameters", ABSENT, "is not 'true'"),
        ),
    ),
    Case(
        "storage-encryption",
        SSE_TYPE,
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
        (Break(SSE, "AES256", "is AES256"),),
    ),
    Case(
        "storage-public-access",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        dict.fromkeys(BLOCKS, True),
        (
            Break("blockPublicAcls", False, "blockPublicAcls must be true"),
            Break("restrictPublicBuckets", ABSENT, "restrictPublicBuckets must be true"),
        ),
    ),
    Case(
        "storage-public-access",
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": document(Principal={"AWS": "arn:aws:iam::1:root"}, Action="s3:GetObject")},
        (Break("policy", document(Principal="*", Action="s3:GetObject"), "everybody"),),
    ),
    Case(
        "storage-public-access",
        "aws:rds/instance:Instance",
        {"publiclyAccessible": False},
        (Break("publiclyAccessible", True, "is true"),),
    ),
    Case(
        "storage-public-access",
        "aws:s3/bucketAcl:BucketAcl",
        {"acl": "private"},
        (
            Break("acl", "public-read", "public-read"),
            Break("acl", "authenticated-read", "authenticated-read"),
        ),
    ),
)
