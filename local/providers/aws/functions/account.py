"""Functions about the account: region, partition, caller, zones, SSM parameters."""

from typing import Any

from local.providers.aws.cloud import PARTITION, Cloud
from local.providers.aws.functions import Function, function
from local.providers.aws.handler import Properties, many
from local.providers.model import ProviderError

_LONG_NAMES = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-2": "US West (Oregon)",
    "eu-central-1": "Europe (Frankfurt)",
    "eu-west-1": "Europe (Ireland)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
}


@function("name", "endpoint", "id")
def _region(cloud: Cloud, args: Properties) -> Properties:
    name = args.get("name") or args.get("id") or cloud.region
    return {
        "id": name,
        "name": name,
        "region": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
        "description": _LONG_NAMES.get(name, name),
    }


@function("id")
def _partition(cloud: Cloud, args: Properties) -> Properties:
    del cloud, args
    return {
        "id": PARTITION,
        "partition": PARTITION,
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


@function("id")
def _caller(cloud: Cloud, args: Properties) -> Properties:
    del args
    answer = cloud.client("sts").get_caller_identity()
    return {
        "id": answer["Account"],
        "accountId": answer["Account"],
        "arn": answer["Arn"],
        "userId": answer["UserId"],
    }


@function("state", "filters", "excludeNames", "excludeZoneIds", "allAvailabilityZones")
def _zones(cloud: Cloud, args: Properties) -> Properties:
    wanted = filters_of(args)
    if args.get("state"):
        wanted.append({"Name": "state", "Values": [args["state"]]})
    answer = cloud.client("ec2").describe_availability_zones(
        Filters=wanted, AllAvailabilityZones=bool(args.get("allAvailabilityZones"))
    )
    zones = [
        zone
        for zone in sorted(answer["AvailabilityZones"], key=lambda z: str(z["ZoneName"]))
        if zone["ZoneName"] not in (args.get("excludeNames") or [])
        and zone.get("ZoneId") not in (args.get("excludeZoneIds") or [])
    ]
    return {
        "id": cloud.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone.get("ZoneId", "") for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or cloud.region for zone in zones}),
    }


@function("name", "withDecryption")
def _parameter(cloud: Cloud, args: Properties) -> Properties:
    decrypt = args.get("withDecryption", True)
    answer = cloud.client("ssm").get_parameter(Name=args["name"], WithDecryption=decrypt)
    parameter = answer["Parameter"]
    secret = parameter["Type"] == "SecureString"
    return {
        "id": args["name"],
        "arn": parameter["ARN"],
        "name": args["name"],
        "type": parameter["Type"],
        "value": parameter["Value"],
        "insecureValue": "" if secret else parameter["Value"],
        "version": parameter["Version"],
        "withDecryption": decrypt,
    }


def filters_of(args: Properties) -> list[dict[str, Any]]:
    """EC2 filters for the argument ``filters``.

    Raises:
        ProviderError: One has no values.
    """
    found: list[dict[str, Any]] = []
    for item in many(args, "filters"):
        if not item.get("values"):
            raise ProviderError(f"filter {item.get('name')!r} has no values")
        found.append({"Name": item["name"], "Values": item["values"]})
    return found


FUNCTIONS: dict[str, Function] = {
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:ssm/getParameter:getParameter": _parameter,
}
