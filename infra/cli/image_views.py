"""What `llmp images` does and prints."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli import forge_views
from llm_platform import versions
from local.errors import LocalCloudError
from local.images import base, budget, building, contents, locking, programs, trying
from local.images import sbom as bill
from local.images.budget import Measured
from local.images.store import BASE_LABEL, LOCAL, MB, Store, StoredImage
from local.images.table import IMAGES, OwnImage
from local.reporter import LineReporter

OK = 0
HERE = "on this machine"


def build(names: Sequence[str], *, install: bool, public: bool, fresh: bool) -> int:
    """Build images one after the other; exit code 1 when one is larger than its budget."""
    reporter = LineReporter()
    programs.require_root("Building images")
    programs.ensure(programs.TO_BUILD, reporter, install=install)
    store = Store()
    bases = (
        building.Bases(versions.PYTHON.reference, versions.PYTHON_BUILD.reference, local=False)
        if public
        else building.Bases(*base.ensure(store, reporter, refresh=fresh), local=True)
    )
    measured: list[Measured] = []
    for name in dict.fromkeys(names or IMAGES):
        own = IMAGES[name]
        measured.append(_measured(own, building.build(own, bases, store, reporter)))
        _require_no_weights(own, store, reporter)
    console = _console()
    for each in measured:
        console.print(each.text, style="red" if each.exceeded else None)
    if problems := budget.over(measured):
        raise LocalCloudError(
            "Too large: " + "; ".join(problems) + ".",
            "Where the size is: llmp images ls --parts. The budgets are in local/images/table.py.",
        )
    return OK


def show(*, parts: bool) -> int:
    """Print a row for every image of this project, made or not, and for the bases."""
    console = _console()
    reporter = LineReporter()
    if missing := programs.missing(["buildah"]):
        programs.ensure(missing, reporter, install=False)
    store = Store()
    there = {each.reference: each for each in store.images()}
    table = Table(box=None)
    for column in ("image", "how", "MB", "budget", "made from"):
        right = column in ("MB", "budget")
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    for own in IMAGES.values():
        found = there.pop(own.image.name, None)
        table.add_row(own.image.name, *_row(own, found))
    for reference, image in there.items():
        how = "base" if BASE_LABEL in image.labels else str(image.origin)
        table.add_row(reference, how, f"{image.size / MB:.0f}", "", "")
    console.print(table)
    console.print(Text("forged: by our Dockerfile on a base made here, without a registry.", "dim"))
    forge_views.show(console)
    if parts:
        _parts(console, store, reporter)
    return OK


def try_(*, install: bool) -> int:
    """Run both images; exit code 0 when both answered."""
    reporter = LineReporter()
    programs.require_root("Running images")
    programs.ensure(programs.TO_TRY, reporter, install=install)
    store = Store()
    console = _console()
    tried = trying.try_images(store, reporter)
    table = Table(box=None)
    for column in ("image", "MB", "ready after s", "RSS MB", "answered"):
        table.add_column(column, justify="left" if column in ("image", "answered") else "right")
    for each in tried:
        size = store.inspect(LOCAL + IMAGES[each.name].image.name).size / MB
        said = "\n".join(f"{what}: {' '.join(text.split())}" for what, text in each.answers.items())
        row = (f"{size:.0f}", f"{each.start_seconds:.1f}", f"{each.resident_mb:.0f}", said)
        table.add_row(each.name, *row)
    console.print(table)
    console.print(
        Text("As user 1000, root read-only, no capabilities, in a network of their own.", "dim")
    )
    return OK


def sbom(name: str, output: Path | None) -> int:
    """Write the document to a file, or to standard output."""
    programs.require_root("Reading images")
    programs.ensure(["buildah"], LineReporter(), install=False)
    store = Store()
    image = _built(store, IMAGES[name])
    with store.alone(LineReporter(), "images"), store.mounted(LOCAL + image.reference) as root:
        found = bill.components(root)
    text = bill.render(bill.document(image, found))
    if output is None:
        Console(highlight=False, soft_wrap=True, markup=False, emoji=False).out(text, end="")
        return OK
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LocalCloudError(f"{output}: {error.strerror}", "Name another file.") from error
    _console().print(f"{len(found)} components of {image.reference} are listed in {output}.")
    return OK


def lock() -> int:
    """Write the digests of all public images, or nothing."""
    locking.require_skopeo()
    digests = locking.lock(
        versions.PUBLIC_IMAGES, versions.DIGESTS_FILE, locking.ask_registry, LineReporter()
    )
    _console().print(f"{len(digests)} digests are pinned. Commit {versions.DIGESTS_FILE.name}.")
    return OK


def _parts(console: Console, store: Store, reporter: LineReporter) -> None:
    programs.require_root("Looking into images")
    with store.alone(reporter, "images"):
        for own in IMAGES.values():
            if store.find(own.image.name) is None:
                continue
            with store.mounted(LOCAL + own.image.name) as root:
                largest = budget.largest(budget.parts(root))
            table = Table(box=None, title=own.name, title_justify="left")
            table.add_column("part")
            table.add_column("MB", justify="right")
            for part, size in largest:
                table.add_row(part, f"{size:.0f}")
            console.print(table)


def _require_no_weights(own: OwnImage, store: Store, reporter: LineReporter) -> None:
    with store.alone(reporter, own.name), store.mounted(LOCAL + own.image.name) as root:
        found = contents.weights(root)
    if found:
        raise LocalCloudError(
            f"The image {own.name} has weights in it; they belong into the model store.",
            "Keep the dependency group weights out of its Dockerfile.",
            "\n".join(found),
        )


def _row(own: OwnImage, found: StoredImage | None) -> tuple[str, str, str, str]:
    if found is None:
        return "not built", "", f"{own.budget_mb}", ""
    revision = found.labels.get("org.opencontainers.image.revision", "")[:12]
    size = Text(f"{found.size / MB:.0f}", "red" if _measured(own, found).exceeded else "")
    return str(found.origin), str(size), f"{own.budget_mb}", f"{revision}, {found.created[:10]}"


def _measured(own: OwnImage, image: StoredImage) -> Measured:
    return Measured(own.name, image.size / MB, own.budget_mb)


def _built(store: Store, own: OwnImage) -> StoredImage:
    found = store.find(own.image.name)
    if found is None:
        raise LocalCloudError(
            f"The image {own.name} is not built {HERE}.", f"Build it: llmp images build {own.name}"
        )
    return found


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)
