"""Physical names of AWS resources: within AWS's limits, the same on every run.

Only what carries no tags, or must be known before it exists, gets a physical name of ours;
everything else is named by the engine, so that a replacement can be made before its
predecessor goes.
"""

import hashlib
import re

BUCKET_NAME_LIMIT = 63


def slug(text: str) -> str:
    """`text` in lower case with every run of other characters than a-z and 0-9 as one hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def shortened(text: str, limit: int) -> str:
    """`text`, or when it is longer than `limit` its beginning and a digest of the whole."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{text[: limit - len(digest) - 1].rstrip('-')}-{digest}"


def bucket_name(stack: str, name: str, account: str, region: str) -> str:
    """Name of a bucket: unique in the world, since it holds the account and the region."""
    return shortened(f"{slug(stack)}-{slug(name)}-{account}-{region}", BUCKET_NAME_LIMIT)


def key_alias(stack: str, name: str) -> str:
    """Alias of a KMS key."""
    return f"alias/{shortened(f'{slug(stack)}-{slug(name)}', 200)}"


def flow_log_group(stack: str, name: str) -> str:
    """Log group of a network's flow logs."""
    return f"/aws/vpc/{slug(stack)}-{slug(name)}/flow-logs"


def cluster_log_group(cluster: str) -> str:
    """Log group that EKS writes a cluster's control plane logs to; AWS fixes this name."""
    return f"/aws/eks/{cluster}/cluster"


def architecture(instance_type: str) -> str:
    """Processor architecture of an EC2 instance type: ``arm64`` or ``x86_64``.

    Graviton families have a ``g`` right after the generation: m7g, c8gn, t4g, g5g.
    """
    return "arm64" if re.match(r"^(a1\.|[a-z]+\d+g)", instance_type) else "x86_64"
