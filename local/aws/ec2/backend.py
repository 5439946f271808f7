"""Moto's EC2 with the side effects that moto forgets."""

from typing import Any, cast

import moto.ec2.urls
from moto.ec2.models import EC2Backend
from moto.ec2.utils import EC2_RESOURCE_TO_PREFIX

from local.aws.operations import Document, as_items

# moto tags only what has a prefix here
EC2_RESOURCE_TO_PREFIX["placement-group"] = "pg"


class Ec2Backend(EC2Backend):
    """EC2 of one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.placement_groups: dict[str, Document] = {}
        self.nat_tokens: dict[str, tuple[Document, str]] = {}

    @property
    def _url_module(self) -> Any:
        return moto.ec2.urls

    def delete_subnet(self, subnet_id: str) -> Any:
        """Delete a subnet and, as AWS does, its association with a route table."""
        subnet = super().delete_subnet(subnet_id)
        for table in list(self.route_tables.values()):
            associations: Any = cast("Any", table)._associations  # noqa: SLF001 moto has no other way
            for identifier in [key for key, value in associations.items() if value == subnet_id]:
                del associations[identifier]
        return subnet

    def delete_nat_gateway(self, nat_gateway_id: str) -> Any:
        """Delete a NAT gateway, free its address and remove its network interface."""
        gateway: Any = super().delete_nat_gateway(nat_gateway_id)
        for address in list(self.addresses):
            eni: Any = address.eni
            if eni is not None and eni.id == gateway._eni.id:  # noqa: SLF001 moto's only link
                self.disassociate_address(association_id=address.association_id)
        self.enis.pop(gateway._eni.id, None)  # noqa: SLF001
        return gateway

    def create_flow_logs(self, *arguments: Any, **named: Any) -> Any:
        """Create flow logs; a log group given by ARN counts as much as one given by name."""
        destination = str(named.get("log_destination") or "")
        kind = named.get("log_destination_type") or "cloud-watch-logs"
        by_arn = kind == "cloud-watch-logs" and not named.get("log_group_name")
        if by_arn and ":log-group:" in destination:
            group = destination.partition(":log-group:")[2].removesuffix(":*")
            named["log_group_name"] = group
        made, refused = super().create_flow_logs(*arguments, **named)
        for log in made:
            if by_arn:
                cast("Any", log).log_group_name = None
        return made, refused

    def create_vpc_endpoint(self, *arguments: Any, **named: Any) -> Any:
        """Create an endpoint: a gateway when no type is given; its interfaces get its groups."""
        named["endpoint_type"] = named.get("endpoint_type") or "Gateway"
        endpoint: Any = super().create_vpc_endpoint(*arguments, **named)
        groups = [
            self.get_security_group_from_id(group)
            for group in as_items(named.get("security_group_ids"))
        ]
        for identifier in endpoint.network_interface_ids:
            cast("Any", self.enis[identifier])._group_set = [group for group in groups if group]  # noqa: SLF001
        return endpoint
