"""How chat and completions read the parameters that they share."""

from collections.abc import Sequence

from gateway.contract import ServedModel
from gateway.errors import InvalidRequestError
from gateway.openai.pipeline import Run
from gateway.openai.schemas_common import Usage

_SEEDS = 2**32 - 1
"""Backends take 32 bits, and the highest value means a random seed to llama.cpp."""


def longest_answer(model: ServedModel, wanted: int | None, param: str) -> int:
    """Tokens that the answer may have.

    Raises:
        InvalidRequestError: More are wanted than the model gives.
    """
    if wanted is not None and wanted > model.max_output_tokens:
        raise InvalidRequestError(
            f"{param} is {wanted}; {model.name} answers with at most "
            f"{model.max_output_tokens} tokens.",
            code="invalid_value",
            param=param,
        )
    return wanted or model.max_output_tokens


def seed(wanted: int | None) -> int | None:
    """A client's seed of 64 bits, folded to what every backend takes."""
    return None if wanted is None else wanted % _SEEDS


def stops(wanted: str | Sequence[str] | None, model: ServedModel) -> tuple[str, ...]:
    """The stop texts of a request, and those of the model."""
    if wanted is None:
        own: tuple[str, ...] = ()
    else:
        own = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    return tuple(dict.fromkeys((*own, *model.stop)))


def unsupported(model: ServedModel, param: str) -> InvalidRequestError:
    """The error for a parameter that this model cannot follow."""
    return InvalidRequestError(
        f"{param} is not supported by {model.name}.", code="unsupported_parameter", param=param
    )


def usage(run: Run) -> Usage:
    """Numbers of tokens of an answer that is over."""
    return Usage(
        prompt_tokens=run.prompt_tokens,
        completion_tokens=run.output_tokens,
        total_tokens=run.prompt_tokens + run.output_tokens,
    )
