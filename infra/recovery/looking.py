"""Every pending create looked for, and what is to be done about each."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.recovery import kubernetes
from infra.recovery.access import Access
from infra.recovery.aws.table import RULES
from infra.recovery.decide import decide, decide_without_looking
from infra.recovery.model import Action, Condition, Decision, Found, Resource, Unfinished, Wish
from infra.recovery.search import CannotTellError, Search
from local.errors import LocalCloudError
from local.providers.model import ProviderError

POLL_SECONDS = 5.0
MAKING_SECONDS = 20 * 60.0
"""How long something that is still being made is waited for; an EKS cluster takes 15 minutes."""

Tell = Callable[[str], None]


def decisions(
    unfinished: Iterable[Unfinished],
    resources: Sequence[Resource],
    access: Access,
    wish: Wish,
    tell: Tell,
    *,
    wait: bool,
) -> list[Decision]:
    """What is done about each operation.

    Args:
        unfinished: The operations.
        resources: The state's resources.
        access: Clients for looking.
        wish: What a person decided.
        tell: Told what is waited for.
        wait: Whether to wait for what is still being made; otherwise that stops.

    Raises:
        LocalCloudError: A cloud cannot be asked.
    """
    made: list[Decision] = []
    for each in unfinished:
        decision = _wished(each, wish) or decide_without_looking(each)
        if decision is None:
            seen = [*resources, *_placed(made)]
            decision = _looked(each, seen, access, tell, wait=wait)
        made.append(decision)
    return made


def _wished(unfinished: Unfinished, wish: Wish) -> Decision | None:
    if unfinished.urn in wish.drop:
        return Decision(unfinished, Action.DROP, "you said so")
    if unfinished.urn in wish.adopt:
        return Decision(unfinished, Action.ADOPT, "you said so", Found(wish.adopt[unfinished.urn]))
    return None


def _placed(made: Iterable[Decision]) -> list[Resource]:
    """What earlier decisions put into the state, so that nothing is adopted twice."""
    return [
        {**each.unfinished.resource, "id": name, "delete": each.action is Action.DELETE}
        for each in made
        if each.found is not None and each.action is not Action.STOP
        for name in each.found.names
    ]


def _looked(
    unfinished: Unfinished,
    resources: Sequence[Resource],
    access: Access,
    tell: Tell,
    *,
    wait: bool,
) -> Decision:
    deadline = time.monotonic() + MAKING_SECONDS
    while True:
        try:
            found, natural = find(unfinished, access)
        except CannotTellError as error:
            return Decision(unfinished, Action.STOP, f"it cannot be looked for: {error}")
        decision = decide(unfinished, found, resources, natural)
        making = decision.found is not None and decision.found.condition is Condition.MAKING
        if not (wait and making) or time.monotonic() > deadline:
            return decision
        tell(f"{unfinished.type} {unfinished.name}: {decision.why}; waiting")
        time.sleep(POLL_SECONDS)


def find(unfinished: Unfinished, access: Access) -> tuple[Sequence[Found], Sequence[str]]:
    """What stands that an operation could have made, and the inputs that name it.

    Raises:
        CannotTellError: There is no rule for the type, or it lacks what the rule needs.
        LocalCloudError: A cloud cannot be asked.
    """
    kind = unfinished.type
    package = kind.partition(":")[0]
    if package == "kubernetes":
        try:
            api, namespace = access.kubernetes(unfinished)
            found = kubernetes.find(unfinished, api, namespace)
        except ProviderError as error:
            raise _cannot_ask("Kubernetes", unfinished, str(error)) from None
        return found, kubernetes.natural(kind)
    rule = RULES.get(kind)
    if rule is None:
        raise CannotTellError(f"there is no rule for {kind}")
    try:
        return rule.find(Search(unfinished, access.aws(unfinished))), rule.natural
    except (ClientError, BotoCoreError) as error:
        raise _cannot_ask("AWS", unfinished, str(error)) from None


def _cannot_ask(cloud: str, unfinished: Unfinished, cause: str) -> LocalCloudError:
    return LocalCloudError(
        f"A run died while it made {unfinished.type} {unfinished.name}, and {cloud} cannot be "
        f"asked whether it stands: {cause}",
        "Nothing was changed. Put right what is said there, then try again.",
    )


def without_secrets(decision: Decision) -> Decision:
    """The decision without the plain inputs that were only for looking."""
    empty: Mapping[str, Any] = {}
    return replace(decision, unfinished=replace(decision.unfinished, inputs=empty))
