"""What moto's S3 reads wrongly or drops, put right where it keeps and answers it."""

import json
from collections.abc import Callable
from typing import Any, cast

import moto.s3.models as moto_s3
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.responses import S3Response

from local.aws.operations import Document, as_document, as_items
from local.aws.services.s3_policy import effective, lets_logs_in


def install() -> None:
    """Replace methods of moto's bucket, and complete two of its answers."""
    bucket = cast("Any", moto_s3.FakeBucket)
    bucket.get_permission = get_permission
    bucket._log_permissions_enabled_policy = staticmethod(log_permissions)  # noqa: SLF001 moto's name
    bucket.set_lifecycle = _keep_newer_versions(bucket.set_lifecycle)
    response = cast("Any", S3Response)
    response.serialized = _complete(response.serialized)


def get_permission(bucket: Any, action: str, resource: str) -> PermissionResult:
    """What the policy of `bucket` says of an action on a resource."""
    policy = effective(bucket.policy.decode()) if bucket.policy else None
    if policy is None:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


def log_permissions(target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether S3 may write access logs into `target_bucket`."""
    policy = target_bucket.policy
    name, prefix = target_bucket.name, target_prefix or ""
    return bool(policy) and lets_logs_in(policy.decode(), name, prefix)


def _keep_newer_versions(original: Callable[..., None]) -> Callable[..., None]:
    def set_lifecycle(bucket: Any, rules: list[Document]) -> None:
        original(bucket, rules)
        for kept, given in zip(bucket.rules, rules, strict=True):
            expiration = as_document(given.get("NoncurrentVersionExpiration"))
            kept.newer_noncurrent_versions = expiration.get("NewerNoncurrentVersions")

    return set_lifecycle


def _complete(original: Callable[..., Any]) -> Callable[..., Any]:
    def serialized(response: Any, result: ActionResult) -> Any:
        action = response.data.get("Action")
        if action == "GetBucketLifecycleConfiguration":
            _add_newer_versions(response, result)
        if action == "GetBucketNotificationConfiguration":
            _add_event_bridge(response, result)
        return original(response, result)

    return serialized


def _add_newer_versions(response: Any, result: ActionResult) -> None:
    if not isinstance(result.result, dict):
        # there is no configuration, and the result is the error that says so
        return
    answer: Any = cast("Any", result.result)
    kept = as_items(response.backend.get_bucket_lifecycle(response.bucket_name))
    for rule, described in zip(kept, as_items(answer.get("Rules")), strict=True):
        number = getattr(rule, "newer_noncurrent_versions", None)
        if number is not None and "NoncurrentVersionExpiration" in described:
            described["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] = number


def _add_event_bridge(response: Any, result: ActionResult) -> None:
    kept = response.backend.get_bucket_notification_configuration(response.bucket_name)
    answer: Any = result.result
    if kept is not None and kept.event_bridge is not None and isinstance(answer, dict):
        answer["EventBridgeConfiguration"] = {}
