"""Hooks of a release: objects that helm makes before or after it, and never removes with it.

Helm counts them as no part of the release. What they leave, such as the webhook configuration of a
certificate's job, would outlive the stack, so it is removed after the release is uninstalled.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from local.providers.kubernetes.cluster import Cluster
from local.providers.kubernetes.discovery import UnknownKindError
from local.providers.kubernetes.helm_storage import document_of
from local.providers.kubernetes.objects import Manifest
from local.providers.kubernetes.trees import mapping, mappings
from local.providers.model import ProviderError

TEST = "test"
"""The event of hooks that only `helm test` runs."""


def hooks_of(secret: Mapping[str, Any]) -> list[Manifest]:
    """Objects that the hooks of a revision may have left, in the order that helm made them.

    Args:
        secret: The Secret that holds the revision.

    Raises:
        ProviderError: It is no record of a release.
    """
    try:
        hooks = mappings(document_of(secret).get("hooks"))
    except ValueError as error:
        raise ProviderError(str(error)) from None
    made = [each for each in hooks if set(each.get("events") or ()) != {TEST}]
    made.sort(key=lambda each: int(each.get("weight") or 0))
    loaded = (yaml.safe_load(str(each.get("manifest") or "")) for each in made)
    return [dict(mapping(each)) for each in loaded if mapping(each).get("kind")]


def remove_hooks(
    cluster: Cluster, hooks: Iterable[Manifest], namespace: str, timeout: float
) -> None:
    """Delete what hooks left; what is gone already counts as deleted.

    Args:
        cluster: Where they are.
        hooks: See `hooks_of`.
        namespace: Namespace of the release, for those that name none.
        timeout: How long each may take, in seconds.

    Raises:
        ProviderError: One cannot be deleted.
    """
    for each in reversed(list(hooks)):
        try:
            kind = cluster.discovery.find(str(each.get("apiVersion")), str(each["kind"]))
        except UnknownKindError:
            continue  # its definition is gone, and all its objects with it
        placed, name = cluster.place(kind, each)
        named = mapping(each.get("metadata")).get("namespace")
        room = placed if named or not kind.namespaced else namespace
        cluster.delete(kind, room, name, {}, timeout)
