"""VPC endpoints of a `Network`."""

import pulumi_aws as aws

from llm_platform.aws.kinds import ENDPOINT_SERVICES, AwsEndpoint
from llm_platform.component import PlatformComponent


def s3_endpoint(
    component: PlatformComponent,
    name: str,
    vpc: aws.ec2.Vpc,
    region: str,
    tables: list[aws.ec2.RouteTable],
) -> aws.ec2.VpcEndpoint:
    """The gateway endpoint by which `tables` reach S3: images and models at no charge."""
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id for table in tables],
        tags=component.tagged(name),
        opts=component.child(),
    )


def interface_endpoints(
    component: PlatformComponent,
    name: str,
    vpc: aws.ec2.Vpc,
    region: str,
    endpoints: list[AwsEndpoint],
    subnets: list[aws.ec2.Subnet],
) -> list[aws.ec2.VpcEndpoint]:
    """Endpoints in the private subnets that only the VPC itself can reach."""
    if not endpoints:
        return []
    group_name = f"{name}-endpoints"
    group = aws.ec2.SecurityGroup(
        group_name,
        description="HTTPS from the VPC to AWS services",
        vpc_id=vpc.id,
        ingress=[
            {
                "description": "HTTPS from the VPC",
                "protocol": "tcp",
                "from_port": 443,
                "to_port": 443,
                "cidr_blocks": [vpc.cidr_block],
            }
        ],
        egress=[],
        tags=component.tagged(group_name),
        opts=component.child(),
    )
    services = [
        service for endpoint in endpoints for service in ENDPOINT_SERVICES[AwsEndpoint(endpoint)]
    ]
    return [
        aws.ec2.VpcEndpoint(
            f"{name}-{service.replace('.', '-')}",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{region}.{service}",
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[group.id],
            tags=component.tagged(f"{name}-{service.replace('.', '-')}"),
            opts=component.child(),
        )
        for service in services
    ]
