"""What the emulator adds to moto and corrects in it."""

from local.aws.data.notes import Kind, Note

ADDED: tuple[Note, ...] = (
    Note(
        Kind.ADDED,
        "eks",
        "Add-ons, from a dated table of versions per Kubernetes version; those that run as "
        "Deployments are DEGRADED until a node group wants a node.",
        (
            "CreateAddon",
            "DescribeAddon",
            "ListAddons",
            "UpdateAddon",
            "DeleteAddon",
            "DescribeAddonVersions",
            "DescribeAddonConfiguration",
        ),
    ),
    Note(
        Kind.ADDED,
        "eks",
        "Access entries and access policies; the creator of a cluster and the roles of its node "
        "groups get an entry, as on AWS.",
        (
            "CreateAccessEntry",
            "DescribeAccessEntry",
            "ListAccessEntries",
            "UpdateAccessEntry",
            "DeleteAccessEntry",
            "AssociateAccessPolicy",
            "DisassociateAccessPolicy",
            "ListAssociatedAccessPolicies",
            "ListAccessPolicies",
        ),
    ),
    Note(
        Kind.ADDED,
        "eks",
        "Pod identity associations, one per cluster, namespace and service account. On a live "
        "cloud pods get credentials by them.",
        (
            "CreatePodIdentityAssociation",
            "DescribePodIdentityAssociation",
            "ListPodIdentityAssociations",
            "UpdatePodIdentityAssociation",
            "DeletePodIdentityAssociation",
        ),
    ),
    Note(
        Kind.ADDED,
        "eks",
        "Updates of clusters and node groups, done at once, and the record of them.",
        (
            "UpdateClusterVersion",
            "UpdateNodegroupVersion",
            "AssociateEncryptionConfig",
            "DescribeUpdate",
            "ListUpdates",
            "DescribeClusterVersions",
        ),
    ),
    Note(
        Kind.ADDED,
        "eks",
        "Tokens of `aws eks get-token` are accepted by the local API server: the token's signature "
        "is checked for keys that the emulator knows, and access entries decide user and groups.",
    ),
    Note(
        Kind.ADDED,
        "ec2",
        "Placement groups.",
        ("CreatePlacementGroup", "DescribePlacementGroups", "DeletePlacementGroup"),
    ),
    Note(
        Kind.ADDED,
        "ssm",
        "Public parameters of EKS AL2023 and Bottlerocket images, standard and NVIDIA.",
    ),
    Note(
        Kind.ADDED,
        "servicequotas",
        "Quotas of EC2 instance families (G and VT, P, standard; on-demand and Spot) and of EKS.",
        (
            "ListServiceQuotas",
            "ListAWSDefaultServiceQuotas",
            "GetServiceQuota",
            "GetAWSDefaultServiceQuota",
        ),
    ),
    Note(
        Kind.ADDED,
        "budgets",
        "Updates, subscribers and tags of budgets.",
        (
            "CreateBudget",
            "UpdateBudget",
            "DescribeSubscribersForNotification",
            "UpdateNotification",
            "CreateSubscriber",
            "DeleteSubscriber",
            "TagResource",
            "UntagResource",
            "ListTagsForResource",
        ),
    ),
    Note(
        Kind.ADDED,
        "logs",
        "The key of a log group can be changed.",
        ("AssociateKmsKey", "DisassociateKmsKey"),
    ),
    Note(
        Kind.ADDED,
        "ce",
        "Anomaly monitors and subscriptions.",
        (
            "CreateAnomalyMonitor",
            "GetAnomalyMonitors",
            "UpdateAnomalyMonitor",
            "DeleteAnomalyMonitor",
            "CreateAnomalySubscription",
            "GetAnomalySubscriptions",
            "UpdateAnomalySubscription",
            "DeleteAnomalySubscription",
        ),
    ),
)

CORRECTED: tuple[Note, ...] = (
    Note(
        Kind.CORRECTED,
        "eks",
        "Clusters keep access, upgrade, protection and network settings, have a security group of "
        "their own, and answer with the local API server's endpoint and CA.",
        ("CreateCluster", "DescribeCluster", "ListClusters"),
    ),
    Note(
        Kind.CORRECTED,
        "eks",
        "A change of a cluster is merged into its settings; one kind of change per call.",
        ("UpdateClusterConfig",),
    ),
    Note(
        Kind.CORRECTED,
        "eks",
        "Node groups default to the cluster's version and keep update, repair, taint and launch "
        "template settings.",
        (
            "CreateNodegroup",
            "DescribeNodegroup",
            "ListNodegroups",
            "DeleteNodegroup",
            "UpdateNodegroupConfig",
        ),
    ),
    Note(
        Kind.CORRECTED,
        "logs",
        "A cluster that logs makes its log group when it has none, and brings it back when it is "
        "deleted before the cluster.",
        ("DeleteLogGroup",),
    ),
    Note(
        Kind.CORRECTED,
        "eks",
        "Tags of everything that EKS makes, found by ARN.",
        ("TagResource", "UntagResource", "ListTagsForResource"),
    ),
    Note(
        Kind.CORRECTED,
        "all",
        "A call that is repeated with the same client token and the same parameters is carried "
        "out once; its first answer is given again.",
    ),
    Note(
        Kind.CORRECTED,
        "ec2",
        "The same ClientToken gives the same NAT gateway; a deleted one frees its address and its "
        "network interface.",
        ("CreateNatGateway",),
    ),
    Note(
        Kind.CORRECTED,
        "ec2",
        "Flow logs to a log group given by ARN are delivered; endpoints without a type are "
        "gateways; interface endpoints put their groups on their interfaces; a deleted subnet "
        "leaves its route table.",
    ),
    Note(
        Kind.CORRECTED,
        "kms",
        "The period of key rotation is kept.",
        ("EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"),
    ),
    Note(
        Kind.CORRECTED,
        "s3",
        "Bucket policies with conditions: requests count as sent over TLS, statements with other "
        "condition keys do not apply. Access logging works beside a Deny for everyone.",
    ),
    Note(
        Kind.CORRECTED,
        "s3",
        "Lifecycle rules keep NewerNoncurrentVersions; notifications to EventBridge are kept.",
    ),
    Note(Kind.CORRECTED, "iam", "The managed policies of AWS exist and can be attached."),
    Note(
        Kind.CORRECTED,
        "sts",
        "A caller whose key is unknown is the IAM user `local` of the account.",
    ),
)
