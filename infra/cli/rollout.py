"""`llmp rollout`: a candidate takes the place of what is stable, step by step; docs/rollout.md."""

from pathlib import Path
from typing import Any

import click

from infra.cli.guarded import guarded
from infra.cli.workspace import load_settings
from llm_platform.serving.rollout_spec import STRATEGIES

service_argument = click.argument("service", metavar="SERVICE")
stack_argument = click.argument("stack", default="local", metavar="[STACK]")
kubeconfig_option = click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Cluster of the stack; default: the local cloud's, else KUBECONFIG.",
)


@click.group()
def rollout() -> None:
    """Bring a service's candidate into service step by step, and see how far it is."""


@rollout.command("start")
@service_argument
@stack_argument
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    help="How the candidate gets requests; default: the service's own.",
)
@click.option("--detach", is_flag=True, help="Do not wait for the end.")
@click.option("--here", is_flag=True, help="Run the steps in this process, without Argo.")
@kubeconfig_option
@guarded
def start(service: str, stack: str, kubeconfig: Path | None, **how: Any) -> int:
    """Start a rollout of SERVICE's candidate, and watch it to its end.

    Ctrl-C ends the watching, not the rollout, but with --here.
    Exit codes: 0 the candidate was promoted, or a shadow passed; 3 it was rolled back or ended;
    1 it cannot be started.
    """
    if how["detach"] and how["here"]:
        raise click.UsageError("--here runs in this process; leave --detach out")
    return _place(service, stack, kubeconfig).start(**how)


@rollout.command("status")
@service_argument
@stack_argument
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@kubeconfig_option
@guarded
def status(service: str, stack: str, kubeconfig: Path | None, *, as_json: bool) -> int:
    """Show SERVICE's weights, and every step of its last rollout with what its gates said."""
    return _place(service, stack, kubeconfig).show(as_json=as_json)


@rollout.command("promote")
@service_argument
@stack_argument
@kubeconfig_option
@guarded
def promote(service: str, stack: str, kubeconfig: Path | None) -> int:
    """Give the candidate of a running rollout every request at once, whatever its gates say."""
    return _place(service, stack, kubeconfig).promote()


@rollout.command("abort")
@service_argument
@stack_argument
@kubeconfig_option
@guarded
def abort(service: str, stack: str, kubeconfig: Path | None) -> int:
    """Give stable every request again: of a rollout that runs, or of one that was promoted."""
    return _place(service, stack, kubeconfig).abort()


def _place(service: str, stack: str, kubeconfig: Path | None) -> Any:
    settings = load_settings(stack)
    from infra.cli import rollout_views as views  # noqa: PLC0415

    return views.Rollouts.of(service, stack, settings, kubeconfig)
