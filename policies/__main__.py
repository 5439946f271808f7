"""The policy pack, served to the Pulumi engine. Never import this: it blocks."""

from typing import Any

from pulumi_policy import EnforcementLevel, PolicyPack

from llm_platform_policies.pack import NAME
from llm_platform_policies.server import serve


def start(policies: list[Any]) -> None:
    """Serve policies until the engine is done."""
    PolicyPack(NAME, policies=policies, enforcement_level=EnforcementLevel.MANDATORY)


serve(start)
