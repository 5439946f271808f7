"""Client tokens: a call that is repeated with the same token is carried out once.

AWS offers this where a repetition would make a second thing; moto takes the token and forgets
it. The answer of the first call is given again, as it was then.
"""

import json
from collections import OrderedDict

from local.aws.calls import Request
from local.aws.wire_errors import Answer

MOST_KEPT = 2000
_NAMES = ("ClientToken", "clientRequestToken", "ClientRequestToken")

_Key = tuple[str, str, str, str]


class Tokens:
    """The answers to calls that carried a token."""

    def __init__(self) -> None:
        self._answers: OrderedDict[_Key, Answer] = OrderedDict()

    def answered(self, request: Request) -> Answer | None:
        """The answer that the same call with the same token has had; None for a new one.

        A token that comes with other parameters is for the service to refuse.
        """
        key = _key(request)
        return self._answers.get(key) if key is not None else None

    def keep(self, request: Request, answer: Answer) -> None:
        """Remember the answer to a call that was carried out."""
        key = _key(request)
        if key is None or answer.code >= 300:
            return
        self._answers[key] = answer
        if len(self._answers) > MOST_KEPT:
            self._answers.popitem(last=False)


def _key(request: Request) -> _Key | None:
    if not any(request.parameters.get(name) for name in _NAMES):
        return None
    parameters = json.dumps(request.parameters, sort_keys=True, default=str)
    return request.service, request.region, request.action, parameters
