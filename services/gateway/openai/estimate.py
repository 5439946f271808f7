"""How many tokens a text may be, before Triton has counted them."""

from collections.abc import Iterable, Sequence

from gateway.contract import ServedModel
from gateway.errors import InvalidRequestError

_USUAL_BYTES = 4
_A_TURN = 8


def least_tokens(text: str, longest_token: int) -> int:
    """A text has at least so many tokens: no token is longer, none reaches over two words."""
    return max(len(text.encode()) // longest_token, len(text.split()))


def likely_tokens(texts: Iterable[str]) -> int:
    """About so many tokens, with those of the template; what is set aside before they are counted.

    Four bytes a token is usual for English; what was set aside too much goes back afterwards.
    """
    return sum(len(text.encode()) // _USUAL_BYTES + _A_TURN for text in texts)


def check_context(texts: Sequence[str], model: ServedModel, param: str) -> None:
    """Refuse what cannot fit in any case, before anything reads it closely.

    Raises:
        InvalidRequestError: The texts are longer than the model's context.
    """
    least = sum(len(text) // model.longest_token for text in texts)
    if least < model.context_tokens:  # else they may be too long even to be split into words
        least = sum(least_tokens(text, model.longest_token) for text in texts)
    if least >= model.context_tokens:
        raise too_long(model, param, least)


def too_long(model: ServedModel, param: str, least: int) -> InvalidRequestError:
    """The error for a prompt that leaves no room for an answer."""
    return InvalidRequestError(
        f"The context of {model.name} is {model.context_tokens} tokens, prompt and answer "
        f"together; this prompt has at least {least}.",
        code="context_length_exceeded",
        param=param,
    )
