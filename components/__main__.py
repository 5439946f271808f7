"""Hosts the components for programs in other languages: `pulumi package add components`."""

from importlib import import_module

import pulumi
from pulumi.provider.experimental import component_provider_host

from llm_platform import EXPORTS


def components() -> list[type[pulumi.ComponentResource]]:
    """Every component that the library exports."""
    values = (
        getattr(import_module(f"llm_platform.{module}"), name) for name, module in EXPORTS.items()
    )
    return [
        value
        for value in values
        if isinstance(value, type) and issubclass(value, pulumi.ComponentResource)
    ]


if __name__ == "__main__":
    component_provider_host(components=components(), name="llm-platform")
