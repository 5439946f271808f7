"""Answers to calls of the AWS API from tables: what a plan asks before there is a cloud.

A call that stands in no table is refused by name. To add one, write a function here and enter
it in `ANSWERS` under the boto3 names of service and operation; the value belongs into the table
that the local cloud answers from, or into `facts.yaml`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from local.assumed import catalogue
from local.assumed.model import Answer, Fact, NotAssumedError, Setting
from local.aws.data import addon_releases, ami_releases
from local.aws.data.addons import Addon

PLACE = "local/assumed/answers.py"
ADDON_PLACE = "local/aws/data/addon_releases.py"
AMI_PLACE = "local/aws/data/ami_releases.py"

Arguments = Mapping[str, Any]
Answering = Callable[[Setting, str, Arguments], Answer]


def answer(
    setting: Setting, service: str, operation: str, region: str, arguments: Arguments
) -> Answer:
    """The answer to one call.

    Args:
        setting: What is known of the environment.
        service: boto3 name, such as ``ec2``.
        operation: boto3 name, such as ``describe_availability_zones``.
        region: Region that is asked.
        arguments: Arguments of the boto3 call.

    Raises:
        NotAssumedError: No table has it; names the place where it is added.
    """
    answering = ANSWERS.get((service, operation))
    if answering is None:
        raise NotAssumedError(f"the answer to {service} {operation}", PLACE)
    return answering(setting, region, arguments)


def _caller(setting: Setting, region: str, arguments: Arguments) -> Answer:
    del region, arguments
    fact = setting.account()
    return Answer(
        "caller identity",
        fact,
        {
            "Account": str(fact.value),
            "Arn": f"arn:aws:iam::{fact.value}:user/offline",
            "UserId": "AIDAOFFLINE",
        },
    )


def _zones(setting: Setting, region: str, arguments: Arguments) -> Answer:
    del setting
    zones = catalogue.zones(region)
    for wanted in _filters(arguments):
        key = catalogue.ZONE_FILTERS.get(wanted["Name"])
        if key is None:
            what = f"filter {wanted['Name']} of describe_availability_zones"
            raise NotAssumedError(what, f"{PLACE} and local/assumed/catalogue.py")
        zones = [zone for zone in zones if zone[key] in wanted["Values"]]
    names = [zone["ZoneName"] for zone in zones]
    fact = Fact(names, catalogue.DAY, catalogue.SOURCE)
    return Answer(f"availability zones of {region}", fact, {"AvailabilityZones": zones})


def _instance_types(setting: Setting, region: str, arguments: Arguments) -> Answer:
    del setting, region
    names = list(arguments.get("InstanceTypes") or [])
    found = [catalogue.instance_type(name) for name in names]
    fact = Fact(names, catalogue.DAY, catalogue.SOURCE)
    return Answer(f"instance type {', '.join(names)}", fact, {"InstanceTypes": found})


def _offerings(setting: Setting, region: str, arguments: Arguments) -> Answer:
    del setting
    kind = str(arguments["LocationType"])
    found = catalogue.offerings(region, kind)
    for wanted in _filters(arguments):
        key = catalogue.OFFERING_FILTERS.get(wanted["Name"])
        if key is None:
            what = f"filter {wanted['Name']} of describe_instance_type_offerings"
            raise NotAssumedError(what, f"{PLACE} and local/assumed/catalogue.py")
        found = [each for each in found if each[key] in wanted["Values"]]
    shown = sorted({f"{each['InstanceType']} in {each['Location']}" for each in found})
    fact = Fact(shown, catalogue.DAY, catalogue.SOURCE)
    what = f"instance types offered in {region} by {kind}"
    return Answer(what, fact, {"InstanceTypeOfferings": found})


def _addon_versions(setting: Setting, region: str, arguments: Arguments) -> Answer:
    del setting, region
    name, version = str(arguments["addonName"]), str(arguments["kubernetesVersion"])
    addon = addon_releases.find(name)
    offered = addon.releases_for(version) if addon else []
    if addon is None or not offered:
        raise NotAssumedError(f"a version of add-on {name} for Kubernetes {version}", ADDON_PLACE)
    newest, default = offered[0], addon.default_for(version)
    value = newest if newest == default else f"{newest} (default {default})"
    fact = Fact(value, addon_releases.AS_OF.isoformat(), _seen(addon, newest))
    what = f"newest version of add-on {name} for Kubernetes {version}"
    return Answer(what, fact, {"addons": [addon.describe(version)]})


def _seen(addon: Addon, version: str) -> str:
    return next(each.source for each in addon.releases if each.version == version) or ADDON_PLACE


def _parameter(setting: Setting, region: str, arguments: Arguments) -> Answer:
    del setting
    name = str(arguments["Name"])
    value = ami_releases.parameters(region).get(name)
    if value is None:
        raise NotAssumedError(f"SSM parameter {name} in {region}", AMI_PLACE)
    made = " (image ids are made up)" if name.endswith("image_id") else ""
    fact = Fact(value, ami_releases.AS_OF.isoformat(), f"{AMI_PLACE}{made}")
    parameter = {
        "Name": name,
        "Type": "String",
        "Value": value,
        "Version": 1,
        "ARN": f"arn:aws:ssm:{region}::parameter{name}",
    }
    return Answer(f"SSM parameter {name}", fact, {"Parameter": parameter})


def _filters(arguments: Arguments) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = arguments.get("Filters") or []
    return found


ANSWERS: Mapping[tuple[str, str], Answering] = {
    ("sts", "get_caller_identity"): _caller,
    ("ec2", "describe_availability_zones"): _zones,
    ("ec2", "describe_instance_types"): _instance_types,
    ("ec2", "describe_instance_type_offerings"): _offerings,
    ("eks", "describe_addon_versions"): _addon_versions,
    ("ssm", "get_parameter"): _parameter,
}
"""Service and operation, as boto3 names them → what answers."""
