"""Launch template data: inputs of the official provider to EC2's request and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from local.providers.aws import tags
from local.providers.aws.schema import Field, Fields

Properties = dict[str, Any]


@dataclass(frozen=True)
class _Block:
    """An object, or a list of objects with `many`, below one key of the request."""

    key: str
    names: "_Names"
    many: bool = False


@dataclass(frozen=True)
class _Text:
    """A boolean that the official provider writes as text, ``"true"``."""

    key: str


@dataclass(frozen=True)
class _Tags:
    """A map of tags that EC2 takes as a list."""

    key: str


_Names = Mapping[str, "str | _Block | _Text | _Tags"]


def _same(*names: str) -> dict[str, str | _Block | _Text | _Tags]:
    """Names that differ in the first letter's case only."""
    return {name: name[0].upper() + name[1:] for name in names}


NAMES: _Names = {
    **_same(
        "imageId",
        "instanceType",
        "keyName",
        "kernelId",
        "userData",
        "disableApiTermination",
        "disableApiStop",
        "instanceInitiatedShutdownBehavior",
    ),
    "ramDiskId": "RamDiskId",
    "ebsOptimized": _Text("EbsOptimized"),
    "vpcSecurityGroupIds": "SecurityGroupIds",
    "securityGroupNames": "SecurityGroups",
    "blockDeviceMappings": _Block(
        "BlockDeviceMappings",
        {
            **_same("deviceName", "noDevice", "virtualName"),
            "ebs": _Block(
                "Ebs",
                {
                    **_same("iops", "kmsKeyId", "snapshotId", "throughput"),
                    **_same("volumeSize", "volumeType", "volumeInitializationRate"),
                    "deleteOnTermination": _Text("DeleteOnTermination"),
                    "encrypted": _Text("Encrypted"),
                },
            ),
        },
        many=True,
    ),
    "capacityReservationSpecification": _Block(
        "CapacityReservationSpecification",
        {
            **_same("capacityReservationPreference"),
            "capacityReservationTarget": _Block(
                "CapacityReservationTarget",
                _same("capacityReservationId", "capacityReservationResourceGroupArn"),
            ),
        },
    ),
    "cpuOptions": _Block("CpuOptions", _same("amdSevSnp", "coreCount", "threadsPerCore")),
    "creditSpecification": _Block("CreditSpecification", _same("cpuCredits")),
    "enclaveOptions": _Block("EnclaveOptions", _same("enabled")),
    "iamInstanceProfile": _Block("IamInstanceProfile", _same("arn", "name")),
    "instanceMarketOptions": _Block(
        "InstanceMarketOptions",
        {
            **_same("marketType"),
            "spotOptions": _Block(
                "SpotOptions",
                _same("instanceInterruptionBehavior", "maxPrice", "spotInstanceType"),
            ),
        },
    ),
    "maintenanceOptions": _Block("MaintenanceOptions", _same("autoRecovery")),
    "metadataOptions": _Block(
        "MetadataOptions",
        _same(
            "httpEndpoint",
            "httpProtocolIpv6",
            "httpPutResponseHopLimit",
            "httpTokens",
            "instanceMetadataTags",
        ),
    ),
    "monitoring": _Block("Monitoring", _same("enabled")),
    "networkInterfaces": _Block(
        "NetworkInterfaces",
        {
            **_same("description", "deviceIndex", "interfaceType", "networkCardIndex"),
            **_same("networkInterfaceId", "privateIpAddress", "subnetId"),
            "associatePublicIpAddress": _Text("AssociatePublicIpAddress"),
            "deleteOnTermination": _Text("DeleteOnTermination"),
            "securityGroups": "Groups",
        },
        many=True,
    ),
    "placement": _Block(
        "Placement",
        _same("affinity", "availabilityZone", "groupId", "groupName", "hostId", "tenancy")
        | _same("partitionNumber", "spreadDomain", "hostResourceGroupArn"),
    ),
    "privateDnsNameOptions": _Block(
        "PrivateDnsNameOptions",
        _same("enableResourceNameDnsARecord", "enableResourceNameDnsAaaaRecord", "hostnameType")
        | {"enableResourceNameDnsAaaaRecord": "EnableResourceNameDnsAAAARecord"},
    ),
    "tagSpecifications": _Block(
        "TagSpecifications", {**_same("resourceType"), "tags": _Tags("Tags")}, many=True
    ),
}
"""Input → key of RequestLaunchTemplateData."""

_UNORDERED = {"vpcSecurityGroupIds", "securityGroupNames", "securityGroups"}


def fields(names: _Names = NAMES) -> Fields:
    """The inputs as fields of a schema."""
    return {name: _field(name, key) for name, key in names.items()}


def _field(name: str, key: str | _Block | _Text | _Tags) -> Field:
    if isinstance(key, _Block):
        return Field(fields=fields(key.names), unordered=name == "tagSpecifications")
    if isinstance(key, _Text):
        return Field(same=lambda a, b: str(a).lower() == str(b).lower())
    return Field(unordered=name in _UNORDERED)


def to_request(inputs: Mapping[str, Any], names: _Names = NAMES) -> Properties:
    """The request for inputs."""
    return {
        key if isinstance(key, str) else key.key: _to(inputs[name], key)
        for name, key in names.items()
        if inputs.get(name) is not None
    }


def _to(value: Any, key: str | _Block | _Text | _Tags) -> Any:
    if isinstance(key, _Block):
        if key.many:
            return [to_request(item, key.names) for item in cast("list[Properties]", value)]
        return to_request(value, key.names)
    if isinstance(key, _Text):
        return str(value).lower() == "true"
    if isinstance(key, _Tags):
        return tags.to_list(value)
    return value


def from_response(data: Mapping[str, Any], names: _Names = NAMES) -> Properties:
    """Inputs for the data of a described version."""
    seen: Properties = {}
    for name, key in names.items():
        value = data.get(key if isinstance(key, str) else key.key)
        if value is not None and value not in ({}, []):
            seen[name] = _from(value, key)
    return seen


def _from(value: Any, key: str | _Block | _Text | _Tags) -> Any:
    if isinstance(key, _Block):
        if key.many:
            items = cast("list[Properties]", value)
            # Moto keeps the template's own tags here, too; EC2 does not.
            items = [i for i in items if i.get("ResourceType") != "launch-template"]
            return [from_response(item, key.names) for item in items]
        return from_response(value, key.names)
    if isinstance(key, _Text):
        return str(value).lower()
    if isinstance(key, _Tags):
        return tags.from_list(value)
    return value
