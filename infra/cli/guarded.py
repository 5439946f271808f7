"""Exit codes, and what every command does with what goes wrong."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from rich.console import Console

from llm_platform.problems import InvalidInputsError
from local.errors import LocalCloudError

P = ParamSpec("P")

FAILED = 1
WRONG_INPUT = 2
STOPPED = 130


def guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what can go wrong into one clear message and an exit code; never a stack trace."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        errors = Console(stderr=True, highlight=False, soft_wrap=True)
        try:
            sys.exit(command(*args, **kwargs))
        except InvalidInputsError as error:
            errors.print(str(error), style="red", markup=False)
            sys.exit(WRONG_INPUT)
        except LocalCloudError as error:
            errors.print(error.what, style="red", markup=False)
            if error.detail:
                errors.print(error.detail, style="dim", markup=False)
            errors.print(error.hint, markup=False)
            sys.exit(FAILED)
        except KeyboardInterrupt:
            errors.print("Stopped. Nothing is lost: run the same command again to go on.")
            sys.exit(STOPPED)

    return run
