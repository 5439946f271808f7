"""KMS keeps the period of key rotation."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.kms.responses import KmsResponse

from local.aws import backends
from local.aws.operations import AwsError, Call, Document, Operation, TableResponse

_DEFAULT_DAYS = 365


def _key(call: Call) -> Any:
    kms = backends.kms(call.region)
    wanted = call.text("KeyId")
    identifier: Any = kms.any_id_to_key_id(wanted) if hasattr(kms, "any_id_to_key_id") else wanted
    key = kms.keys.get(str(identifier).rpartition("/")[2])
    if key is None:
        message = f"Key '{wanted}' does not exist"
        raise AwsError("NotFoundException", message)
    if key.key_state == "PendingDeletion":
        message = f"{key.arn} is pending deletion."
        raise AwsError("KMSInvalidStateException", message)
    return key


def enable_rotation(call: Call) -> Document:
    """EnableKeyRotation with ``RotationPeriodInDays`` (90 to 2560, default 365)."""
    key = _key(call)
    days = int(call.get("RotationPeriodInDays") or _DEFAULT_DAYS)
    if not 90 <= days <= 2560:
        message = f"RotationPeriodInDays must be between 90 and 2560, got {days}"
        raise AwsError("ValidationException", message)
    key.key_rotation_status = True
    key.rotation_period = days
    key.rotation_since = datetime.now(UTC)
    return {}


def disable_rotation(call: Call) -> Document:
    """DisableKeyRotation."""
    _key(call).key_rotation_status = False
    return {}


def rotation_status(call: Call) -> Document:
    """GetKeyRotationStatus."""
    key = _key(call)
    answer: Document = {"KeyRotationEnabled": bool(key.key_rotation_status), "KeyId": key.id}
    if key.key_rotation_status:
        days = int(getattr(key, "rotation_period", _DEFAULT_DAYS))
        since: datetime = getattr(key, "rotation_since", datetime.now(UTC))
        answer["RotationPeriodInDays"] = days
        answer["NextRotationDate"] = since + timedelta(days=days)
    return answer


class KmsResponseWithPeriod(TableResponse, KmsResponse):
    """Ours first, then moto's."""

    operations: Mapping[str, Operation] = {
        "EnableKeyRotation": enable_rotation,
        "DisableKeyRotation": disable_rotation,
        "GetKeyRotationStatus": rotation_status,
    }
