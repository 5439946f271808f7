"""Closed sets of the add-ons. Pure."""

from enum import StrEnum


class Layer(StrEnum):
    """When something is put into the cluster; the order of the members is the order of creation.

    Destruction goes the other way.
    """

    CRDS = "crds"
    """Definitions of kinds, as releases of their own, so that everything later can use them."""
    OPERATORS = "operators"
    """Controllers and webhooks that bring those kinds to life."""
    GATES = "gates"
    """Checks that the operators answer. No add-on is here."""
    RESOURCES = "resources"
    """Our own objects of those kinds: gateway, runtimes, secrets. No add-on is here."""
    WORKLOADS = "workloads"
    """What uses all of it: log store, traces, workflows, served models."""


LAYER_ORDER: tuple[Layer, ...] = tuple(Layer)


class CrdSource(StrEnum):
    """How a chart brings the kinds that its controller needs."""

    NONE = "none"
    """It defines none."""
    TEMPLATES = "templates"
    """Rendered with the chart, so that an upgrade of the release upgrades them."""
    FOLDER = "folder"
    """In the chart's ``crds/``: Helm installs them once and never upgrades them."""
    ELSEWHERE = "elsewhere"
    """Off here, because another add-on that this one requires brings them."""


class Profile(StrEnum):
    """Which platforms have an add-on without asking for it."""

    ALWAYS = "always"
    """Every platform."""
    LARGE = "large"
    """Platforms of size LARGE."""
    ON_REQUEST = "on-request"
    """None, until somebody names it."""


class PlatformSize(StrEnum):
    """How much the shared services are given."""

    SMALL = "small"
    """One replica each, short retention: for development."""
    LARGE = "large"
    """Several replicas over zones, long retention: for production."""
