"""Closed sets of the Kubernetes components. Pure: policies import it without Pulumi."""

from enum import StrEnum


class PodSecurity(StrEnum):
    """Pod Security level of a namespace: what its pods may ask of their node."""

    RESTRICTED = "restricted"
    """Non-root, no capabilities, no host access, default seccomp profile."""
    BASELINE = "baseline"
    """No known way out of the container; root and the default capabilities are allowed."""
    PRIVILEGED = "privileged"
    """Everything. For agents that read or change their node."""
