"""Resources registered by token, without the typed SDK of another provider.

The stand-in builds children of `aws` and `kubernetes`; importing their SDKs would cost this
process three seconds and 180 MB for a handful of resources.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

AWS_VERSION = "7.25.0"
"""The version of pulumi-aws with which pulumi-eks 4.4 builds its children."""

KUBERNETES_VERSION = "4.18.1"
"""The version of pulumi-kubernetes with which pulumi-eks 4.4 builds its provider."""


class AwsResource(pulumi.CustomResource):
    """One child of the `aws` provider.

    Args:
        token: Type token such as ``aws:iam/role:Role``.
        name: Logical name.
        inputs: Inputs in the wire's camelCase; absent ones are left out.
        outputs: Names of the outputs that are read through `output`.
    """

    def __init__(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Any],
        parent: pulumi.Resource,
        *,
        outputs: Iterable[str] = (),
        options: pulumi.ResourceOptions | None = None,
    ) -> None:
        given = {key: value for key, value in inputs.items() if value is not None}
        awaited = {key: None for key in outputs if key not in given}
        own = pulumi.ResourceOptions(parent=parent, version=AWS_VERSION)
        super().__init__(
            token, name, {**given, **awaited}, pulumi.ResourceOptions.merge(own, options)
        )

    def output(self, name: str) -> pulumi.Output[Any]:
        """An output that was named when the resource was made."""
        value: Any = getattr(self, name)
        return value


@dataclass(frozen=True)
class Role:
    """A service role and what grants it its rights."""

    role: AwsResource
    attachments: Sequence[AwsResource]
