"""Functions (invokes) of the stand-in, by token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.providers.aws.cloud import Cloud
from local.providers.model import Properties, ProviderError
from local.providers.values import has_unknown

Answer = Callable[[Cloud, Properties], Properties]


@dataclass(frozen=True)
class Function:
    """One function.

    Attributes:
        arguments: The arguments it takes; others are refused by name.
        answer: Makes the result.
    """

    arguments: frozenset[str]
    answer: Answer

    def call(self, cloud: Cloud, args: Mapping[str, Any]) -> Properties:
        """The result for `args`, which it echoes as the official provider does.

        Raises:
            ProviderError: An argument is not handled.
        """
        unknown = sorted(set(args) - self.arguments - {"region"})
        if unknown:
            raise ProviderError(
                f"argument {unknown[0]!r} is not handled by the local stand-in; "
                f"handled are: {', '.join(sorted(self.arguments)) or 'none'}"
            )
        if has_unknown(dict(args)):
            raise ProviderError("an argument is not known yet")
        echo = {name: value for name, value in args.items() if value is not None}
        return {**echo, "region": cloud.region, **self.answer(cloud, echo)}


def function(*arguments: str) -> Callable[[Answer], Function]:
    """Decorator: a function that takes `arguments`."""
    return lambda answer: Function(frozenset(arguments), answer)
