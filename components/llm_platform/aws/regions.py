"""AWS regions and their availability zones. Pure data.

A zone's letter means another building in every account of the older regions, so which zone has
which instance types cannot be written down here; only that a zone exists can.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

AS_OF = date(2026, 11, 24)
"""The day on which the table was compared with moto's, which AWS's own API answers filled."""

_ABC = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
    "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-1", "eu-central-2",
    "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
    "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-2",
)  # fmt: skip

ZONE_LETTERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_ABC, "abc"),
        "ap-northeast-1": "acd",
        "ap-northeast-2": "abcd",
        "ca-central-1": "abd",
        "us-east-1": "abcdef",
        "us-west-1": "ab",
        "us-west-2": "abcd",
        "cn-north-1": "ab",
        "cn-northwest-1": "abc",
        "us-gov-east-1": "abc",
        "us-gov-west-1": "abc",
    }
)
"""Letters of a region's zones. An account sees two of us-west-1's three."""


def zones_of(region: str) -> list[str]:
    """Names of the zones of a region; none when the region is not known."""
    return [f"{region}{letter}" for letter in ZONE_LETTERS.get(region, "")]
