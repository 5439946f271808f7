"""What every component of the library shares: its token, its children's options, their tags."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi

from llm_platform.tags import resource_tags

if TYPE_CHECKING:
    from pulumi.resource import ResourceTransform

PACKAGE = "llm-platform"

Value = TypeVar("Value")


def stack_id() -> str:
    """The running stack as ``project/stack``: value of the tag that names it."""
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"


def after(value: pulumi.Input[Value], gates: Sequence[pulumi.Resource]) -> pulumi.Output[Value]:
    """`value`, for whoever must wait until every resource of `gates` exists.

    An output made with it carries the order into other components, so that nobody has to
    know and repeat it there.
    """

    def first(values: list[Any]) -> Value:
        return values[0]

    return pulumi.Output.all(value, *(gate.urn for gate in gates)).apply(first)


class PlatformComponent(pulumi.ComponentResource):
    """Base of the library's components.

    Args:
        kind: Class name of the component; makes the type token.
        name: Logical name; first part of every child's name.
        args: Inputs as state and policies shall see them.
        tags: Tags that every taggable child gets.
        opts: Options of the component itself.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        args: Mapping[str, Any],
        tags: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__(f"{PACKAGE}:index:{kind}", name, dict(args), opts)
        self._base_tags = tags

    @property
    def base_tags(self) -> Mapping[str, pulumi.Input[str]]:
        """The tags given by the caller, without identity tags."""
        return self._base_tags

    def child(
        self,
        depends_on: Sequence[pulumi.Resource] | None = None,
        ignore_changes: list[str] | None = None,
        transforms: "list[ResourceTransform] | None" = None,
    ) -> pulumi.ResourceOptions:
        """Options of a child. Providers come by parenting; nothing of the component's own leaks."""
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=list(depends_on) if depends_on else None,
            ignore_changes=ignore_changes,
            transforms=transforms,
        )

    def tagged(
        self, resource: str, extra: Mapping[str, str] | None = None
    ) -> dict[str, pulumi.Input[str]]:
        """The tags of the child whose logical name is `resource`."""
        return {**resource_tags(self._base_tags, stack_id(), resource, extra)}
