"""What is stored: encrypted, and nobody else's to read."""

from collections.abc import Callable, Iterator, Sequence

from llm_platform.cost import UNKNOWN
from llm_platform_policies.iam_documents import overreach_of_resource_policy
from llm_platform_policies.model import Context, Policy, Severity, StackFinding
from llm_platform_policies.reader import Reader
from llm_platform_policies.unknowns import allow, deny, unverifiable

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CLUSTER = "aws:eks/cluster:Cluster"
QUEUE = "aws:sqs/queue:Queue"
BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
BUCKET_ACLS = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2")
RDS = "aws:rds/instance:Instance"

SWITCHES = {
    "aws:ebs/volume:Volume": "encrypted",
    "aws:efs/fileSystem:FileSystem": "encrypted",
    RDS: "storageEncrypted",
}
"""Types that are encrypted by a switch."""

KEYS = {
    "aws:cloudwatch/logGroup:LogGroup": "kmsKeyId",
    "aws:sns/topic:Topic": "kmsMasterKeyId",
}
"""Types that are encrypted by naming a key."""

STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
EBS_DRIVER = "ebs.csi.aws.com"

SSE = "applyServerSideEncryptionByDefault.sseAlgorithm"


def _encryption(resource: Reader, _context: Context) -> Iterator[str]:
    kind = resource.type
    if kind in SWITCHES:
        if resource.get(SWITCHES[kind]) in (None, False):
            yield f"{SWITCHES[kind]} is not true."
    elif kind in KEYS:
        if resource.get(KEYS[kind]) in (None, ""):
            yield f"{KEYS[kind]} names no key."
    else:
        yield from ENCRYPTION_CHECKS[kind](resource)


def _queue(queue: Reader) -> Iterator[str]:
    managed = queue.get("sqsManagedSseEnabled")
    if managed in (None, False) and queue.get("kmsMasterKeyId") in (None, ""):
        yield "neither kmsMasterKeyId nor sqsManagedSseEnabled is set."


def _devices(template: Reader) -> Iterator[str]:
    for device in template.each("blockDeviceMappings"):
        if device.get("ebs.encrypted") in (None, False, "false"):
            yield f"{device.where}.ebs.encrypted is not true."


def _storage_class(storage: Reader) -> Iterator[str]:
    if storage.get("provisioner") != EBS_DRIVER:
        return
    if storage.get("parameters", "encrypted") not in ("true", UNKNOWN):
        yield "parameters.encrypted is not 'true': the volumes of pods would not be encrypted."


def _bucket_rules(configuration: Reader) -> Iterator[str]:
    for rule in configuration.each("rules"):
        algorithm = rule.get(SSE)
        if algorithm is not UNKNOWN and not str(algorithm).startswith("aws:kms"):
            yield f"{rule.where}.{SSE} is {algorithm or 'not set'}, not aws:kms."


def _secrets(cluster: Reader) -> Iterator[str]:
    covered = cluster.get("encryptionConfig.resources")
    if covered is UNKNOWN:
        return
    if not isinstance(covered, list) or "secrets" not in covered:
        yield "encryptionConfig.resources does not name secrets."
    elif cluster.get("encryptionConfig.provider.keyArn") in (None, ""):
        yield "encryptionConfig.provider.keyArn names no key."


ENCRYPTION_CHECKS: dict[str, Callable[[Reader], Iterator[str]]] = {
    QUEUE: _queue,
    LAUNCH_TEMPLATE: _devices,
    CLUSTER: _secrets,
    STORAGE_CLASS: _storage_class,
    **dict.fromkeys(BUCKET_ENCRYPTION, _bucket_rules),
}
"""Types whose encryption is more than one switch or key."""

_KEY_OF_RUN = "an unknown key is a key that this run makes; without one the field would be absent"

ENCRYPTION = Policy(
    id="storage-encryption",
    title="Everything stored is encrypted",
    description="Disks, buckets, queues, logs and the cluster's secrets must be encrypted.",
    severity=Severity.HIGH,
    remediation="Switch encryption on and name a KMS key where the service takes one.",
    types=(
        LAUNCH_TEMPLATE,
        CLUSTER,
        QUEUE,
        STORAGE_CLASS,
        *SWITCHES,
        *KEYS,
        *BUCKET_ENCRYPTION,
    ),
    fields=(
        *deny(
            "encrypted",
            "storageEncrypted",
            "sqsManagedSseEnabled",
            "blockDeviceMappings[].ebs.encrypted",
            "encryptionConfig.resources",
            "provisioner",
            "parameters.*",
            "rules[]",
            f"rules[].{SSE}",
        ),
        *unverifiable("blockDeviceMappings[]", why="its block devices are decided by the run"),
        *allow("kmsKeyId", "kmsMasterKeyId", "encryptionConfig.provider.keyArn", why=_KEY_OF_RUN),
    ),
    equivalents=(
        "CKV_AWS_3",
        "CKV_AWS_8",
        "CKV_AWS_16",
        "CKV_AWS_27",
        "CKV_AWS_42",
        "CKV_AWS_58",
        "CKV_AWS_145",
        "CKV_AWS_158",
        "AWS-0008",
        "AWS-0017",
        "AWS-0026",
        "AWS-0039",
        "AWS-0080",
        "AWS-0096",
        "AWS-0131",
        "AWS-0132",
        "CIS EKS 1.8: 5.3.1",
        "C-0066",
    ),
    check=_encryption,
)

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _public(resource: Reader, _context: Context) -> Iterator[str]:
    kind = resource.type
    if kind == PUBLIC_ACCESS_BLOCK:
        open_ = [path for path in BLOCKS if resource.get(path) in (None, False)]
        if open_:
            yield f"{', '.join(open_)} must be true."
    elif kind == BUCKET_POLICY:
        document = resource.get("policy")
        if document is not UNKNOWN and document is not None:
            for sentence in overreach_of_resource_policy(document):
                yield f"policy: {sentence}"
    elif kind == RDS:
        if resource.get("publiclyAccessible") is True:
            yield "publiclyAccessible is true."
    else:
        acl = resource.get("acl")
        if isinstance(acl, str) and (acl.startswith("public") or acl == "authenticated-read"):
            yield f"acl is {acl}."


PUBLIC_ACCESS = Policy(
    id="storage-public-access",
    title="Nothing stored is public",
    description="Buckets and databases must not be open to the public.",
    severity=Severity.CRITICAL,
    remediation="Set all four blocks of public access to true, drop public ACLs and statements "
    "for everybody, keep databases in private subnets.",
    types=(*BUCKETS, PUBLIC_ACCESS_BLOCK, BUCKET_POLICY, *BUCKET_ACLS, RDS),
    fields=(
        *deny(*BLOCKS, "acl", "publiclyAccessible"),
        *unverifiable("policy", why="the policy names something that this run makes"),
    ),
    equivalents=(
        "CKV_AWS_17",
        "CKV_AWS_20",
        "CKV_AWS_53",
        "CKV_AWS_54",
        "CKV_AWS_55",
        "CKV_AWS_56",
        "CKV_AWS_57",
        "CKV_AWS_70",
        "CKV2_AWS_6",
        "AWS-0086",
        "AWS-0087",
        "AWS-0091",
        "AWS-0092",
        "AWS-0093",
        "AWS-0094",
        "AWS-0180",
    ),
    check=_public,
)


def _guarded(resources: Sequence[Reader], _context: Context) -> Iterator[StackFinding]:
    for bucket in resources:
        if bucket.type not in BUCKETS:
            continue
        beside = {each.type for each in resources if bucket.urn in each.references}
        if PUBLIC_ACCESS_BLOCK not in beside:
            yield StackFinding("no BucketPublicAccessBlock belongs to the bucket.", bucket.urn)
        if not beside & set(BUCKET_ENCRYPTION):
            yield StackFinding(
                "no BucketServerSideEncryptionConfiguration belongs to the bucket.", bucket.urn
            )


GUARDED = Policy(
    id="storage-bucket-guarded",
    title="No bucket stands alone",
    description="A bucket must have a block of public access and an encryption configuration.",
    severity=Severity.HIGH,
    remediation="Make both for the bucket, referring to it by its output.",
    types=(*BUCKETS, PUBLIC_ACCESS_BLOCK, *BUCKET_ENCRYPTION),
    equivalents=("CKV2_AWS_6", "CKV_AWS_145", "AWS-0094"),
    check_stack=_guarded,
)

POLICIES = (ENCRYPTION, PUBLIC_ACCESS, GUARDED)
