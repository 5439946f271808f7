"""``python -m local.node.eks NAME SETTINGS``: run one process of EKS's side until it is ended."""

import signal
import sys

from local.node.eks.settings import CONTROLLERS, NETWORK_POLICY, POD_IDENTITY, EksSettings
from local.node.eks.watching import say


def main(arguments: list[str]) -> int:
    """Run the process that `arguments` name; returns the exit code."""
    names = (CONTROLLERS, POD_IDENTITY, NETWORK_POLICY)
    if len(arguments) != 2 or arguments[0] not in names:
        say(f"usage: python -m local.node.eks {'|'.join(names)} SETTINGS")
        return 2
    signal.signal(signal.SIGTERM, _end)
    name, settings = arguments[0], EksSettings.parse(arguments[1])
    try:
        if name == CONTROLLERS:
            from local.node.eks import controllers  # noqa: PLC0415 each process loads its own

            controllers.run(settings)
        elif name == POD_IDENTITY:
            from local.node.eks import pod_identity  # noqa: PLC0415

            pod_identity.run(settings)
        else:
            from local.node.eks import policy_agent  # noqa: PLC0415

            policy_agent.run(settings)
    except OSError as error:
        say(f"{name} cannot run: {error}")
        return 1
    return 0


def _end(_signal: int, _frame: object) -> None:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
