"""`llmp`: up, preview, destroy, status and doctor for every environment.

Commands import what they need when they run: `--help` and a wrong stack file answer at
once, without the engine's SDK.

Exit codes: 0 done; 1 it failed, or a mandatory policy forbids it; 2 the input is wrong;
130 stopped by Ctrl-C.
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click
from rich.console import Console

from infra.cli.workspace import load_settings
from llm_platform.problems import InvalidInputsError
from local.errors import LocalCloudError

P = ParamSpec("P")

FAILED = 1
WRONG_INPUT = 2
STOPPED = 130

stack_argument = click.argument("stack", default="local", metavar="[STACK]")
"""A stack of `stacks/`, without ``Pulumi.`` and ``.yaml``; `local` when left out."""

providers_option = click.option(
    "--providers",
    type=click.Choice(["stand-in", "official"]),
    default="stand-in",
    show_default=True,
    help="Provider plugins of a local stack: those of this repository, or installed official ones "
    "against the same emulated AWS and the same API server.",
)
refresh_option = click.option(
    "--refresh/--no-refresh",
    default=True,
    show_default=True,
    help="Ask the cloud first what really stands, so that changes made by hand are repaired.",
)


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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="llm-platform", prog_name="llmp")
def main() -> None:
    """Stand up a production LLM platform, and see what stands.

    STACK is one of the files in stacks/: local (this machine), dev, staging, prod (AWS).
    """


@main.command()
@stack_argument
@providers_option
@refresh_option
@guarded
def up(stack: str, providers: str, *, refresh: bool) -> int:
    """Preview, let the policies judge, then make the cloud what the program says."""
    settings = load_settings(stack)
    from infra.cli import commands  # noqa: PLC0415

    return commands.up(stack, settings, providers=providers, refresh=refresh)


@main.command()
@stack_argument
@providers_option
@refresh_option
@guarded
def preview(stack: str, providers: str, *, refresh: bool) -> int:
    """Show what `up` would do, with the policies' verdict; change nothing."""
    settings = load_settings(stack)
    from infra.cli import commands  # noqa: PLC0415

    return commands.preview(stack, settings, providers=providers, refresh=refresh)


@main.command()
@stack_argument
@providers_option
@click.option("--stop", is_flag=True, help="End the local cloud's processes afterwards.")
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer.")
@guarded
def destroy(stack: str, providers: str, *, stop: bool, yes: bool) -> int:
    """Delete everything that the stack made, but what is declared retained."""
    settings = load_settings(stack)
    from infra.cli import commands  # noqa: PLC0415

    return commands.destroy(stack, settings, providers=providers, stop=stop, yes=yes)


@main.command()
@stack_argument
@guarded
def stop(stack: str) -> int:
    """End a local cloud's processes; everything in it goes, nothing is destroyed in order."""
    from infra.cli import commands  # noqa: PLC0415

    return commands.stop(stack)


@main.command()
@stack_argument
@click.option("--all", "whole", is_flag=True, help="Every resource, not just counts.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@guarded
def status(stack: str, *, whole: bool, as_json: bool) -> int:
    """What stands: the stack's own tree, and what AWS and Kubernetes themselves list."""
    settings = load_settings(stack)
    from infra.cli import status as view  # noqa: PLC0415

    return view.status(stack, settings, whole=whole, as_json=as_json)


@main.command()
@click.option("--emulation", is_flag=True, help="What the local cloud emulates, and how far.")
@guarded
def doctor(*, emulation: bool) -> int:
    """Check this machine: tools, their versions, and where each comes from."""
    from infra.cli import doctor as view  # noqa: PLC0415

    return view.emulation() if emulation else view.machine()


if __name__ == "__main__":
    main()
