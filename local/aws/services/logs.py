"""CloudWatch Logs: keys of log groups, and groups that clusters bring back."""

from collections.abc import Mapping
from typing import Any

from moto.logs.responses import LogsResponse

from local.aws import backends
from local.aws.eks import log_groups
from local.aws.operations import AwsError, Call, Document, Operation, TableResponse


def _group(call: Call) -> Any:
    named = str(call.get("logGroupName") or call.get("resourceIdentifier") or "")
    name = named.partition(":log-group:")[2].removesuffix(":*") or named
    group = backends.logs(call.region).groups.get(name)
    if group is None:
        message = "The specified log group does not exist."
        raise AwsError("ResourceNotFoundException", message)
    return group


def associate_key(call: Call) -> Document:
    """AssociateKmsKey, with a key that exists."""
    group, arn = _group(call), call.text("kmsKeyId")
    if arn.rpartition("/")[2] not in backends.kms(call.region).keys:
        message = f"The specified KMS key does not exist or is not usable: {arn}"
        raise AwsError("InvalidParameterException", message)
    group.kms_key_id = arn
    return {}


def disassociate_key(call: Call) -> Document:
    """DisassociateKmsKey."""
    _group(call).kms_key_id = None
    return {}


def delete_group(call: Call) -> Document:
    """DeleteLogGroup; the group of a cluster that logs comes back, empty and kept for ever."""
    name = call.text("logGroupName")
    backends.logs(call.region).delete_log_group(name)
    log_groups.revive(name, call.region)
    return {}


class LogsResponseWithKeys(TableResponse, LogsResponse):
    """Ours first, then moto's."""

    operations: Mapping[str, Operation] = {
        "AssociateKmsKey": associate_key,
        "DisassociateKmsKey": disassociate_key,
        "DeleteLogGroup": delete_group,
    }
