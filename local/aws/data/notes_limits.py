"""What the emulator refuses as AWS does, and where it differs from AWS."""

from local.aws.data.notes import Kind, Note

REFUSED: tuple[Note, ...] = (
    Note(
        Kind.REFUSED,
        "eks",
        "A cluster of an unsupported version, with a role that EKS cannot assume, with subnets "
        "that do not exist or lie in one zone, or with a key that is not usable.",
        ("CreateCluster",),
        "InvalidParameterException",
    ),
    Note(
        Kind.REFUSED,
        "eks",
        "Deleting a cluster with deletion protection.",
        ("DeleteCluster",),
        "InvalidRequestException",
    ),
    Note(
        Kind.REFUSED,
        "eks",
        "Deleting a cluster that has node groups or Fargate profiles.",
        ("DeleteCluster",),
        "ResourceInUseException",
    ),
    Note(
        Kind.REFUSED,
        "eks",
        "A node group with unknown subnets, instance types, role, launch template or release, or "
        "with settings that its launch template has too.",
        ("CreateNodegroup",),
        "InvalidParameterException",
    ),
    Note(
        Kind.REFUSED,
        "ec2",
        "Releasing an address that is associated.",
        ("ReleaseAddress",),
        "InvalidIPAddress.InUse",
    ),
    Note(
        Kind.REFUSED,
        "ec2",
        "Taking the address of a NAT gateway away.",
        ("DisassociateAddress",),
        "AuthFailure",
    ),
    Note(
        Kind.REFUSED,
        "ec2",
        "Deleting a NAT gateway that does not exist.",
        ("DeleteNatGateway",),
        "NatGatewayNotFound",
    ),
    Note(
        Kind.REFUSED,
        "ec2",
        "Deleting a subnet with a NAT gateway, a network interface, a cluster or a node group in "
        "it.",
        ("DeleteSubnet",),
        "DependencyViolation",
    ),
    Note(
        Kind.REFUSED,
        "ec2",
        "Detaching an internet gateway while public addresses are mapped in its VPC.",
        ("DetachInternetGateway",),
        "DependencyViolation",
    ),
    Note(
        Kind.REFUSED,
        "ec2",
        "Deleting a security group that rules, interfaces, endpoints or a cluster use.",
        ("DeleteSecurityGroup",),
        "DependencyViolation",
    ),
    Note(
        Kind.REFUSED,
        "ec2",
        "Deleting a VPC while groups, gateways, endpoints or interfaces are left in it.",
        ("DeleteVpc",),
        "DependencyViolation",
    ),
    Note(
        Kind.REFUSED,
        "ec2",
        "Giving a subnet a second route table.",
        ("AssociateRouteTable",),
        "Resource.AlreadyAssociated",
    ),
)

DIFFERENT: tuple[Note, ...] = (
    Note(
        Kind.DIFFERENT, "all", "IAM permissions are not enforced: every caller may do everything."
    ),
    Note(Kind.DIFFERENT, "all", "Signatures of requests are not checked, and quotas not enforced."),
    Note(
        Kind.DIFFERENT,
        "all",
        "Changes take effect at once: no CREATING, UPDATING or eventual consistency is seen.",
    ),
    Note(Kind.DIFFERENT, "all", "One account, 123456789012, whatever credentials are used."),
    Note(
        Kind.DIFFERENT,
        "all",
        "Nothing survives the process: the cloud is its memory.",
    ),
    Note(
        Kind.DIFFERENT,
        "eks",
        "No control plane is started: all clusters answer with the one local API server, whatever "
        "their version, endpoint access and network settings.",
    ),
    Note(
        Kind.DIFFERENT,
        "eks",
        "Node groups start no instance and no Auto Scaling group; they are ACTIVE at once. On a "
        "live cloud GPU groups have simulated nodes, and the real node stands for all others.",
    ),
    Note(
        Kind.DIFFERENT,
        "eks",
        "Add-ons install nothing, and the fields of their configuration are not checked. On a "
        "live cloud CoreDNS and metrics-server are there from the start.",
    ),
    Note(
        Kind.DIFFERENT,
        "eks",
        "Of the access policies only AmazonEKSClusterAdminPolicy with cluster scope gives rights "
        "(group system:masters); the others become a group `eks-access-policy:NAME` without any.",
    ),
    Note(
        Kind.DIFFERENT,
        "eks",
        "Tables of cluster and add-on versions are of 2026-11-24 and hold a part of what EKS "
        "offers; what is not in them is refused as unknown.",
    ),
    Note(Kind.DIFFERENT, "eks", "Capabilities, insights and identity provider configurations."),
    Note(Kind.DIFFERENT, "ssm", "Image ids of EKS and Bottlerocket images are invented."),
    Note(
        Kind.DIFFERENT,
        "ec2",
        "Security groups, routes, NAT gateways and endpoints carry no traffic; flow logs stay "
        "empty.",
    ),
    Note(
        Kind.DIFFERENT,
        "ec2",
        "Instance type offerings are those of moto's data, which lacks newer GPU families in some "
        "regions.",
    ),
    Note(Kind.DIFFERENT, "kms", "Key policies are kept and not enforced."),
    Note(
        Kind.DIFFERENT,
        "s3",
        "Bucket policies are applied to objects only, and a Deny for named principals never.",
    ),
    Note(Kind.DIFFERENT, "budgets", "Nothing is spent, so no budget and no monitor ever notifies."),
)
