"""`llmp live`, `llmp logs` and `llmp exec`: a cloud with a real node, and a look into it."""

import click

from infra.cli.guarded import guarded

STACK = "live"

stack_option = click.option(
    "--stack", default=STACK, show_default=True, metavar="STACK", help="The live stack."
)
namespace_option = click.option(
    "--namespace", "-n", metavar="NAMESPACE", help="Namespace of the pod; found when left out."
)
container_option = click.option("--container", "-c", metavar="NAME", help="Container of the pod.")


@click.group()
def live() -> None:
    """The platform on a real Kubernetes node on this machine: pods run, a real model answers.

    Needs Linux and root; `llmp doctor --live` says what is missing. See docs/live.md.
    """


@live.command("up")
@click.argument("stack", default=STACK, metavar="[STACK]")
@click.option("--install", is_flag=True, help="Install missing programs from Debian's packages.")
@guarded
def live_up(stack: str, *, install: bool) -> int:
    """Start the node with what EKS provides, then do what `llmp up` does."""
    from infra.cli import live_views as view  # noqa: PLC0415

    return view.up(stack, install=install)


@live.command("down")
@click.argument("stack", default=STACK, metavar="[STACK]")
@click.option(
    "--now", is_flag=True, help="Without destroying in order first: only end its processes."
)
@guarded
def live_down(stack: str, *, now: bool) -> int:
    """Destroy the stack, then end the node: nothing of it is left but images in the cache."""
    from infra.cli import live_views as view  # noqa: PLC0415

    return view.down(stack, now=now)


@live.command("env")
@click.argument("stack", default=STACK, metavar="[STACK]")
@guarded
def live_env(stack: str) -> int:
    """Print lines for a shell: where Kubernetes, AWS and the load balancer answer."""
    from infra.cli import live_views as view  # noqa: PLC0415

    return view.env(stack)


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@stack_option
@namespace_option
@container_option
@click.option("--follow", "-f", is_flag=True, help="Go on as lines come.")
@click.option("--previous", "-p", is_flag=True, help="Of the container before its last restart.")
@click.option(
    "--tail", type=click.IntRange(min=1), default=100, show_default=True, help="Lines at the end."
)
@guarded
def logs(
    name: str | None,
    *,
    stack: str,
    namespace: str | None,
    container: str | None,
    follow: bool,
    previous: bool,
    tail: int,
) -> int:
    """Show the log of NAME; without NAME, list what has one.

    NAME is a process of the stack's cloud (kubelet, containerd, aws …), or a pod of a live stack
    or how its name begins.
    """
    from infra.cli import live_logs as view  # noqa: PLC0415

    where = view.Where(stack, namespace, container)
    return view.logs(where, name, follow=follow, previous=previous, tail=tail)


@click.command(
    "exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("name", metavar="NAME")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND]...")
@stack_option
@namespace_option
@container_option
@guarded
def execute(
    name: str,
    command: tuple[str, ...],
    *,
    stack: str,
    namespace: str | None,
    container: str | None,
) -> int:
    """Run COMMAND in the pod NAME, or in the node itself when NAME is `node`.

    Without COMMAND: a shell, where there is one. Options come before NAME.
    """
    from infra.cli import live_logs as view  # noqa: PLC0415

    return view.execute(view.Where(stack, namespace, container), name, command)
