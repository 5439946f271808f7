"""What EKS checks of a node group's launch template."""

from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from local.aws import backends
from local.aws.eks.state import invalid
from local.aws.operations import Call, Document

_FORBIDDEN = {
    "IamInstanceProfile": "an instance profile",
    "InstanceMarketOptions": "Spot options",
    "HibernationOptions": "hibernation",
}


def resolve_template(region: str, wanted: Document) -> Document:
    """Id, name and version of the template that `wanted` names by id or by name."""
    return _find(region, wanted)[0]


def _find(region: str, wanted: Document) -> tuple[Document, Any]:
    templates: list[Any] = list(backends.ec2(region).launch_templates.values())
    identifier, name = wanted.get("id"), wanted.get("name")
    for template in templates:
        if identifier == template.id or (not identifier and name == template.name):
            version = str(wanted.get("version") or template.default_version_number)
            number = {
                "$Default": str(template.default_version_number),
                "$Latest": str(template.latest_version_number),
            }.get(version, version)
            for candidate in template.versions:
                if str(candidate.number) == number:
                    resolved = {"id": template.id, "name": template.name, "version": version}
                    return resolved, candidate.data
            message = f"Launch template version {version} of {template.id} does not exist."
            raise invalid(message)
    message = f"Launch template {identifier or name} could not be found."
    raise invalid(message)


def check_template(call: Call) -> tuple[Document | None, bool]:
    """Check instance types and template of a new node group.

    Returns:
        The template resolved (None without one), and whether it brings an image of its own.
    """
    types: list[str] = list(call.get("instanceTypes") or [])
    unknown = [kind for kind in types if kind not in INSTANCE_TYPES]
    if unknown:
        message = f"The following supplied instance types do not exist: {unknown}"
        raise invalid(message)
    wanted: Document | None = call.get("launchTemplate")
    if not wanted:
        return None, False
    resolved, data = _find(call.region, wanted)
    for field, what in _FORBIDDEN.items():
        if data.get(field):
            message = f"Your launch template must not specify {what} ({field})."
            raise invalid(message)
    if types and data.get("InstanceType"):
        message = (
            "Instance type cannot be specified both in the request and in the launch template."
        )
        raise invalid(message)
    if call.get("diskSize"):
        message = "Disk size must be specified within the launch template."
        raise invalid(message)
    if call.get("remoteAccess"):
        message = "Remote access configuration cannot be specified with a launch template."
        raise invalid(message)
    return resolved, bool(data.get("ImageId"))
