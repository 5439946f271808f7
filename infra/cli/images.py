"""`llmp images`: the container images of this project, made and tried without a registry."""

from pathlib import Path

import click

from infra.cli.guarded import guarded

name_argument = click.argument("name", type=click.Choice(["gateway", "rollout", "triton"]))


@click.group()
def images() -> None:
    """Container images of this project: build, list, try, and say what is in them.

    No registry is needed: the base is made of Debian's packages. Needs Linux and root.
    See docs/images.md.
    """


@images.command("build")
@click.argument(
    "names", nargs=-1, type=click.Choice(["gateway", "rollout", "triton"]), metavar="[NAME]..."
)
@click.option(
    "--install", is_flag=True, help="Install missing programs from Debian's packages first."
)
@click.option("--public-base", is_flag=True, help="Build on the public images, from a registry.")
@click.option("--fresh-base", is_flag=True, help="Make the base anew, with Debian's updates.")
@guarded
def images_build(
    names: tuple[str, ...], *, install: bool, public_base: bool, fresh_base: bool
) -> int:
    """Build images, all of them without NAME; fails when one exceeds its budget of size.

    NAME is gateway, rollout or triton. What has not changed comes from the cache.
    """
    if public_base and fresh_base:
        raise click.UsageError("give one of --public-base and --fresh-base")
    from infra.cli import image_views as view  # noqa: PLC0415

    return view.build(names, install=install, public=public_base, fresh=fresh_base)


@images.command("ls")
@click.option("--parts", is_flag=True, help="Where the size is: the largest parts of each.")
@guarded
def images_ls(*, parts: bool) -> int:
    """List all images that are known: size, budget, and whether each was built, forged or pulled.

    First those of this project and what they are built on, then those of others.
    """
    from infra.cli import image_views as view  # noqa: PLC0415

    return view.show(parts=parts)


@images.command("forge")
@click.argument("wanted", nargs=-1, metavar="[IMAGE]...")
@click.option("--pull/--no-pull", default=True, show_default=True, help="Ask registries first.")
@click.option("--plan", is_flag=True, help="Only show what would become of each image.")
@guarded
def images_forge(wanted: tuple[str, ...], *, pull: bool, plan: bool) -> int:
    """Bring images of others: pulled, or made here from pinned modules and packages.

    IMAGE is a name as manifests have it, such as kserve/kserve-controller:v0.20.0; all that the
    forge can make without one. What was made before comes from the cache. See docs/forge.md.
    """
    from infra.cli import forge_views as view  # noqa: PLC0415

    return view.show_plan(wanted) if plan else view.forge(wanted, pull=pull)


@images.command("try")
@click.option(
    "--install", is_flag=True, help="Install missing programs from Debian's packages first."
)
@guarded
def images_try(*, install: bool) -> int:
    """Run both images without rights and with a read-only root, and have them answer."""
    from infra.cli import image_views as view  # noqa: PLC0415

    return view.try_(install=install)


@images.command("sbom")
@name_argument
@click.option("--output", type=click.Path(path_type=Path), help="A file, instead of the screen.")
@guarded
def images_sbom(name: str, output: Path | None) -> int:
    """List what an image is made of, as a CycloneDX document."""
    from infra.cli import image_views as view  # noqa: PLC0415

    return view.sbom(name, output)


@images.command("lock")
@guarded
def images_lock() -> int:
    """Look up the digests of public images, and pin them; needs their registries.

    Exit code 1, and nothing written, when one cannot be reached.
    """
    from infra.cli import image_views as view  # noqa: PLC0415

    return view.lock()
