"""Configuration of EKS add-ons: their `configurationValues`. Pure."""

from collections.abc import Mapping
from typing import Any

from llm_platform import versions

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    versions.COREDNS: {"autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10}},
    versions.METRICS_SERVER: {"replicas": 2},
}
"""Settings that do not depend on the cluster, by add-on; the rest run with AWS's own."""


def ebs_settings(tags: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the EBS driver: what it makes for a claim carries the stack's tags.

    Volumes outlive the cluster when their claims are not deleted first; by these tags they are
    found and paid for by the right team.
    """
    return {"controller": {"extraVolumeTags": dict(tags)}}
