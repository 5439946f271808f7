"""Zones and instance types of AWS, from the tables that moto carries.

They are answers of the EC2 API that moto's makers recorded, and what the local cloud answers
from; so both say the same. Only read when a program asks.
"""

import gzip
import json
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from local.assumed.model import NotAssumedError

DAY = "2026-10-27"
"""Day on which the pinned moto was published (its upload time in uv.lock)."""

SOURCE = f"answers of the EC2 API recorded in moto {version('moto')}"

ZONE_FILTERS = {
    "group-name": "GroupName",
    "opt-in-status": "OptInStatus",
    "region-name": "RegionName",
    "state": "State",
    "zone-id": "ZoneId",
    "zone-name": "ZoneName",
    "zone-type": "ZoneType",
}
"""Filter of DescribeAvailabilityZones → the field that it looks at."""

OFFERING_FILTERS = {"instance-type": "InstanceType", "location": "Location"}
"""The same of DescribeInstanceTypeOfferings."""

_PLACE = "local/assumed/catalogue.py"


def zones(region: str) -> list[dict[str, str]]:
    """The availability zones of a region as DescribeAvailabilityZones tells them.

    Raises:
        NotAssumedError: The region is not in the table.
    """
    # loads the whole of moto's EC2
    from moto.ec2.models.availability_zones_and_regions import (  # noqa: PLC0415
        RegionsAndZonesBackend,
    )

    known = cast("dict[str, list[Any]]", RegionsAndZonesBackend.zones)
    if region not in known:
        raise NotAssumedError(f"availability zones of {region}", _PLACE)
    return [
        {
            "ZoneName": str(zone.name),
            "ZoneId": str(zone.zone_id),
            "GroupName": region,
            "OptInStatus": "opt-in-not-required",
            "RegionName": region,
            "State": "available",
            "ZoneType": "availability-zone",
        }
        for zone in known[region]
    ]


def instance_type(name: str) -> dict[str, Any]:
    """An instance type as DescribeInstanceTypes tells it.

    Raises:
        NotAssumedError: The type is not in the table.
    """
    known = cast("dict[str, dict[str, Any]]", _read("instance_types.json.gz"))
    if name not in known:
        raise NotAssumedError(f"instance type {name}", _PLACE)
    return known[name]


def offerings(region: str, kind: str) -> list[dict[str, str]]:
    """Which types are offered where, as DescribeInstanceTypeOfferings tells it.

    Args:
        region: Region that is asked.
        kind: ``region``, ``availability-zone`` or ``availability-zone-id``.

    Raises:
        NotAssumedError: The region is not in the table.
    """
    try:
        found = _read(f"instance_type_offerings/{kind}/{region}.json.gz")
    except FileNotFoundError:
        raise NotAssumedError(f"instance types of {region} by {kind}", _PLACE) from None
    return cast("list[dict[str, str]]", found)


def _read(name: str) -> object:
    spec = find_spec("moto")
    folder = Path(str(spec.origin if spec else "")).parent / "ec2" / "resources"
    return json.loads(gzip.decompress((folder / name).read_bytes()))
