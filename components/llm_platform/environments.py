"""Environments that a platform can be. Pure: settings and policies import it."""

from enum import StrEnum


class EnvironmentName(StrEnum):
    """The environments that policies have levels for."""

    LOCAL = "local"
    """This machine."""
    LIVE = "live"
    """This machine, with a node that runs the pods."""
    DEV = "dev"
    """For trying things; may be small, and gone at night."""
    STAGING = "staging"
    """Built as production is, with less of everything."""
    PROD = "prod"
    """What users depend on."""
