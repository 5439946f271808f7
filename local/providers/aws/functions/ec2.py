"""Functions about EC2: instance types, VPCs, subnets."""

from typing import Any

from local.providers.aws.cloud import Cloud
from local.providers.aws.functions import Function, function
from local.providers.aws.functions.account import filters_of
from local.providers.aws.handler import Properties, block, many, pages
from local.providers.aws.resources.ec2 import filters, first, seen_tags
from local.providers.model import ProviderError


def _tag_filters(args: Properties) -> list[dict[str, Any]]:
    tags = block(args, "tags")
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]


@function("instanceType")
def _instance_type(cloud: Cloud, args: Properties) -> Properties:
    name = args["instanceType"]
    answer = cloud.client("ec2").describe_instance_types(InstanceTypes=[name])
    found = first(answer, "InstanceTypes")
    if found is None:
        raise ProviderError(f"DescribeInstanceTypes: there is no instance type {name}")
    network, gpu = block(found, "NetworkInfo"), block(found, "GpuInfo")
    processors = block(found, "VCpuInfo")
    return {
        "id": name,
        "instanceType": name,
        "currentGeneration": found.get("CurrentGeneration", False),
        "bareMetal": found.get("BareMetal", False),
        "burstablePerformanceSupported": found.get("BurstablePerformanceSupported", False),
        "hypervisor": found.get("Hypervisor", ""),
        "defaultVcpus": processors.get("DefaultVCpus"),
        "defaultCores": processors.get("DefaultCores"),
        "defaultThreadsPerCore": processors.get("DefaultThreadsPerCore"),
        "memorySize": block(found, "MemoryInfo").get("SizeInMiB"),
        "supportedArchitectures": many(block(found, "ProcessorInfo"), "SupportedArchitectures"),
        "supportedUsagesClasses": many(found, "SupportedUsageClasses"),
        "supportedRootDeviceTypes": many(found, "SupportedRootDeviceTypes"),
        "supportedVirtualizationTypes": many(found, "SupportedVirtualizationTypes"),
        "instanceStorageSupported": found.get("InstanceStorageSupported", False),
        "totalInstanceStorage": block(found, "InstanceStorageInfo").get("TotalSizeInGB", 0),
        "efaSupported": network.get("EfaSupported", False),
        "efaMaximumInterfaces": block(network, "EfaInfo").get("MaximumEfaInterfaces", 0),
        "enaSupport": network.get("EnaSupport", ""),
        "maximumNetworkCards": network.get("MaximumNetworkCards", 1),
        "maximumNetworkInterfaces": network.get("MaximumNetworkInterfaces"),
        "networkPerformance": network.get("NetworkPerformance", ""),
        "totalGpuMemory": gpu.get("TotalGpuMemoryInMiB", 0),
        "gpuses": [
            {
                "count": item.get("Count", 0),
                "manufacturer": item.get("Manufacturer", ""),
                "memorySize": block(item, "MemoryInfo").get("SizeInMiB", 0),
                "name": item.get("Name", ""),
            }
            for item in many(gpu, "Gpus")
        ],
    }


@function("filters", "locationType")
def _offerings(cloud: Cloud, args: Properties) -> Properties:
    kind = args.get("locationType") or "region"
    found = pages(
        cloud.client("ec2").describe_instance_type_offerings,
        "InstanceTypeOfferings",
        LocationType=kind,
        Filters=filters_of(args),
    )
    return {
        "id": cloud.region,
        "instanceTypes": [item["InstanceType"] for item in found],
        "locations": [item["Location"] for item in found],
        "locationTypes": [item.get("LocationType", kind) for item in found],
    }


@function("filters", "tags")
def _subnets(cloud: Cloud, args: Properties) -> Properties:
    found = pages(
        cloud.client("ec2").describe_subnets,
        "Subnets",
        Filters=[*filters_of(args), *_tag_filters(args)],
    )
    return {
        "id": cloud.region,
        "ids": [subnet["SubnetId"] for subnet in found],
        "tags": args.get("tags") or {},
    }


@function("id", "cidrBlock", "default", "dhcpOptionsId", "filters", "state", "tags")
def _vpc(cloud: Cloud, args: Properties) -> Properties:
    ec2 = cloud.client("ec2")
    wanted = [*filters_of(args), *_tag_filters(args)]
    for name, key in (("cidrBlock", "cidr"), ("dhcpOptionsId", "dhcp-options-id")):
        if args.get(name):
            wanted.append({"Name": key, "Values": [args[name]]})
    if args.get("state"):
        wanted.append({"Name": "state", "Values": [args["state"]]})
    if args.get("default") is not None:
        wanted.append({"Name": "is-default", "Values": [str(args["default"]).lower()]})
    by_id = {"VpcIds": [args["id"]]} if args.get("id") else {}
    found = ec2.describe_vpcs(Filters=wanted, **by_id)["Vpcs"]
    if len(found) != 1:
        raise ProviderError(f"DescribeVpcs: {len(found)} VPCs match, exactly one has to")
    vpc = found[0]
    rid = vpc["VpcId"]
    main = ec2.describe_route_tables(Filters=filters(vpc_id=rid, **{"association.main": "true"}))
    attributes = {
        name: ec2.describe_vpc_attribute(VpcId=rid, Attribute=name)[name[0].upper() + name[1:]]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    }
    return {
        "id": rid,
        "arn": cloud.arn("ec2", f"vpc/{rid}"),
        "cidrBlock": vpc["CidrBlock"],
        "cidrBlockAssociations": [
            {
                "associationId": item.get("AssociationId", ""),
                "cidrBlock": item["CidrBlock"],
                "state": block(item, "CidrBlockState").get("State", ""),
            }
            for item in many(vpc, "CidrBlockAssociationSet")
        ],
        "default": vpc.get("IsDefault", False),
        "dhcpOptionsId": vpc.get("DhcpOptionsId"),
        "instanceTenancy": vpc.get("InstanceTenancy"),
        "mainRouteTableId": many(main, "RouteTables")[0]["RouteTableId"],
        "ownerId": vpc.get("OwnerId") or cloud.account,
        "state": vpc.get("State"),
        "tags": seen_tags(vpc),
        **{name: value["Value"] for name, value in attributes.items()},
    }


FUNCTIONS: dict[str, Function] = {
    "aws:ec2/getInstanceType:getInstanceType": _instance_type,
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": _offerings,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getVpc:getVpc": _vpc,
}
