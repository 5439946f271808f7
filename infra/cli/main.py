"""`llmp`: up, preview, destroy, status and doctor for every environment; serving on this machine.

Commands import what they need when they run: `--help` and a wrong stack file answer at
once, without the engine's SDK.

Exit codes: 0 done; 1 it failed, or a mandatory policy forbids it; 2 the input is wrong;
130 stopped by Ctrl-C.
"""

from pathlib import Path

import click

from infra.cli import live, serving
from infra.cli.guarded import guarded
from infra.cli.images import images
from infra.cli.rollout import rollout
from infra.cli.workspace import load_settings

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


recovery_option = click.option(
    "--recover/--no-recover",
    "recovery",
    default=True,
    help="Deal first with what a run left that died; off only to see what happens without.",
)


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
@recovery_option
@guarded
def up(stack: str, providers: str, *, refresh: bool, recovery: bool) -> int:
    """Preview, let the policies judge, then make the cloud what the program says.

    What an earlier run left unfinished when it died is dealt with first; see docs/recovery.md.
    """
    settings = load_settings(stack, for_change=True)
    from infra.cli import commands  # noqa: PLC0415

    return commands.up(stack, settings, providers=providers, refresh=refresh, recovery=recovery)


@main.command()
@stack_argument
@providers_option
@refresh_option
@click.option(
    "--offline",
    is_flag=True,
    help="Plan without credentials and without network; nothing is refreshed. See docs/offline.md.",
)
@click.option(
    "--state",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --offline: an exported state to plan against, instead of an empty environment.",
)
@click.option("--json", "as_json", is_flag=True, help="With --offline: one document for programs.")
@click.option("--diff", is_flag=True, help="With --offline: every property that changes.")
@guarded
def preview(
    stack: str,
    providers: str,
    *,
    refresh: bool,
    offline: bool,
    state: Path | None,
    as_json: bool,
    diff: bool,
) -> int:
    """Show what `up` would do, with the policies' verdict; change nothing."""
    if not offline and (state or as_json or diff):
        raise click.UsageError("--state, --json and --diff need --offline")
    if offline and providers != "stand-in":
        raise click.UsageError("--offline has providers of its own; leave --providers out")
    settings = load_settings(stack, for_change=True)
    if offline:
        from infra.cli.offline import preview_offline  # noqa: PLC0415

        return preview_offline(stack, settings, state=state, as_json=as_json, diff=diff)
    from infra.cli import commands  # noqa: PLC0415

    return commands.preview(stack, settings, providers=providers, refresh=refresh)


@main.command()
@stack_argument
@providers_option
@click.option("--stop", is_flag=True, help="End the local cloud's processes afterwards.")
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer.")
@recovery_option
@guarded
def destroy(stack: str, providers: str, *, stop: bool, yes: bool, recovery: bool) -> int:
    """Delete everything that the stack made, but what is declared retained."""
    settings = load_settings(stack)
    from infra.cli import commands  # noqa: PLC0415

    return commands.destroy(
        stack, settings, providers=providers, stop=stop, yes=yes, recovery=recovery
    )


@main.command()
@stack_argument
@providers_option
@click.option("--dry-run", is_flag=True, help="Say what would be done; the state stays as it is.")
@click.option("--adopt", multiple=True, metavar="URN=ID", help="This is what was being made.")
@click.option("--drop", multiple=True, metavar="URN", help="Forget this: nothing was made.")
@guarded
def recover(
    stack: str, providers: str, *, dry_run: bool, adopt: tuple[str, ...], drop: tuple[str, ...]
) -> int:
    """Deal with what a run left unfinished when it died, without running anything.

    Every create that did not end is looked for in the cloud, and adopted, marked for deletion or
    forgotten. `up` and `destroy` do the same by themselves.
    Exit codes: 0 done, or nothing to do; 1 a person has to decide, or a cloud cannot be asked.
    """
    settings = load_settings(stack)
    from infra.cli import recover as view  # noqa: PLC0415

    return view.recover(
        stack, settings, providers=providers, dry_run=dry_run, adopt=adopt, drop=drop
    )


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
@stack_argument
@click.option("--json", "as_json", is_flag=True, help="For programs; see docs/drift.md.")
@guarded
def drift(stack: str, *, as_json: bool) -> int:
    """Compare state and cloud: what differs, whose it is, what `up` repairs; change nothing.

    Exit codes: 0 no drift, or only in fields that others own; 3 drift that `up` would repair or
    stop at; 1 the comparison failed.
    """
    settings = load_settings(stack)
    from infra.cli import drift as view  # noqa: PLC0415

    return view.drift(stack, settings, as_json=as_json)


@main.command()
@stack_argument
@click.option(
    "--plan",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A fault plan in JSON; it counts from the next call on.",
)
@click.option("--off", is_flag=True, help="Let nothing go wrong any more.")
@guarded
def faults(stack: str, *, file: Path | None, off: bool) -> int:
    """Have calls of a local cloud fail on purpose, or show which did; see docs/faults.md."""
    if file is not None and off:
        raise click.UsageError("give one of --plan and --off")
    from infra.cli import faults as view  # noqa: PLC0415

    return view.faults(stack, file=file, off=off)


@main.command()
@click.option("--emulation", is_flag=True, help="What the local cloud emulates, and how far.")
@click.option("--live", "node", is_flag=True, help="What a real node needs; see docs/live.md.")
@guarded
def doctor(*, emulation: bool, node: bool) -> int:
    """Check this machine: tools, their versions, and where each comes from."""
    if emulation and node:
        raise click.UsageError("give one of --emulation and --live")
    from infra.cli import doctor as view  # noqa: PLC0415

    if node:
        return view.node()
    return view.emulation() if emulation else view.machine()


@main.group()
def state() -> None:
    """Keep a stack's state, put it back, and carry it as a plain document."""


@state.command("backup")
@stack_argument
@click.option("--output", type=click.Path(path_type=Path), help="The file to write.")
@click.option(
    "--with-passphrase",
    is_flag=True,
    help="Put a local stack's passphrase into it: whoever can read it can read the secrets.",
)
@guarded
def state_backup(stack: str, output: Path | None, *, with_passphrase: bool) -> int:
    """Write an archive of everything that is needed to go on with a stack's state."""
    settings = load_settings(stack)
    from infra.cli import state as view  # noqa: PLC0415

    return view.backup(stack, settings, to=output, passphrase=with_passphrase)


@state.command("list")
@stack_argument
@guarded
def state_list(stack: str) -> int:
    """List the backups of a stack, and of which cloud each is."""
    from infra.cli import state as view  # noqa: PLC0415

    return view.show(stack)


@state.command("restore")
@stack_argument
@click.argument("backup", default="newest", metavar="[BACKUP]")
@guarded
def state_restore(stack: str, backup: str) -> int:
    """Put BACKUP back: a file, a name from the list, or the newest that was asked for.

    What it replaces is backed up first. A backup of another stack, or of another cloud, is refused.
    """
    settings = load_settings(stack)
    from infra.cli import state as view  # noqa: PLC0415

    return view.restore(stack, settings, backup)


@state.command("export")
@stack_argument
@click.option("--output", type=click.Path(path_type=Path), help="A file; ends in .gz: compressed.")
@click.option(
    "--sanitised", is_flag=True, help="Without secrets and without what names this machine."
)
@guarded
def state_export(stack: str, output: Path | None, *, sanitised: bool) -> int:
    """Write the state as the document of `pulumi stack export`; secrets stay encrypted."""
    settings = load_settings(stack)
    from infra.cli import state as view  # noqa: PLC0415

    return view.export(stack, settings, to=output, clean=sanitised)


@state.command("import")
@stack_argument
@click.argument("file", type=click.Path(path_type=Path))
@guarded
def state_import(stack: str, file: Path) -> int:
    """Make a document of `pulumi stack export` the state of a stack.

    Everything that is wrong with it is told first; what it replaces is backed up.
    """
    settings = load_settings(stack)
    from infra.cli import state as view  # noqa: PLC0415

    return view.import_(stack, settings, file)


for command in (
    serving.serve, serving.chat, serving.models, images, live.live, live.logs, live.execute,
    rollout,
):  # fmt: skip
    main.add_command(command)


if __name__ == "__main__":
    main()
