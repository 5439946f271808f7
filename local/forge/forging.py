"""`ensure`: for every image that is asked for, an archive that containerd imports, or the reason.

In this order: what was made before; a pull, where the registry answers; our Dockerfile, a pinned
Go module, or a package of PyPI; else the image is simulated, if the table says why it cannot be
made. An image that no table knows is an error: a pod that would never start helps nobody.
"""

import difflib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.forge import making, naming, own, places, simulated
from local.forge.model import Entry, Forged, Recipe
from local.forge.naming import Name
from local.forge.registry import NoSuchImageError, Registries
from local.forge.table import ALIASES, ENTRIES
from local.images.store import Store
from local.images.table import Origin, OwnImage
from local.reporter import Reporter

PULLED = "from its registry"


@dataclass(frozen=True)
class Plan:
    """What will become of an image. Made without touching anything but the cache's list of files.

    Attributes:
        asked: The name as it was asked for.
        name: The same, taken apart.
        entry: How it is made; None when it cannot be.
        why_not: Why it cannot be made; empty when it can, or when nothing is known about it.
    """

    asked: str
    name: Name
    entry: Entry | None
    why_not: str

    @property
    def known(self) -> bool:
        """Whether a table says anything about it."""
        return self.entry is not None or bool(self.why_not)


def known_names() -> list[str]:
    """Full names of all images that can be made, in the order of the table."""
    return list(ENTRIES)


def plan(image: str, entries: Mapping[str, Entry] = ENTRIES) -> Plan:
    """What the tables say about an image. Pure.

    Raises:
        LocalCloudError: `image` is no name of an image.
    """
    name = naming.parse(image)
    entry = _entry(name, entries)
    if entry is not None:
        return Plan(image, name, entry, "")
    why = simulated.reason(name.repository)
    if not why and name.digest and _repositories(entries) & {name.repository}:
        why = "It is asked for by digest, which only the public image has."
    return Plan(image, name, None, why)


def ensure(
    images: Iterable[str],
    reporter: Reporter,
    *,
    pull: bool = True,
    entries: Mapping[str, Entry] = ENTRIES,
) -> dict[str, Forged]:
    """Bring images; minutes for what has to be compiled, milliseconds for what the cache has.

    Args:
        images: Names as manifests have them.
        reporter: Told about each that has to be made.
        pull: Whether registries are asked for what the cache has not.
        entries: The table; another one in tests.

    Returns:
        What became of each, by the name that was asked for.

    Raises:
        LocalCloudError: Some names are wrong, or of images that no table knows and no registry
            gave: all of them are named, and nothing was made. Or one could not be made.
    """
    plans = plans_of(images, entries)
    registries = Registries(Store(), use=pull)
    found: dict[str, Forged] = {}
    for each in plans:
        if (made := cached(each)) is not None:
            found[each.asked] = made
    waiting = [each for each in plans if each.asked not in found]
    # What nobody knows first: it must be pulled, or nothing is made at all.
    unknown: list[Plan] = []
    for each in waiting:
        if not each.known:
            if (pulled := _pulled(each, registries, reporter)) is None:
                unknown.append(each)
            else:
                found[each.asked] = pulled
    if unknown:
        raise _unknown(unknown, registries, entries)
    for each in waiting:
        if each.known:
            found[each.asked] = _brought(each, registries, reporter)
    return found


def plans_of(images: Iterable[str], entries: Mapping[str, Entry] = ENTRIES) -> list[Plan]:
    """Plans of many images, each once.

    Raises:
        LocalCloudError: Some are no names of images; all of them are named.
    """
    plans: list[Plan] = []
    wrong: list[LocalCloudError] = []
    for image in dict.fromkeys(images):
        try:
            plans.append(plan(image, entries))
        except LocalCloudError as error:
            wrong.append(error)
    if wrong:
        raise LocalCloudError("\n".join(each.what for each in wrong), wrong[0].hint)
    return plans


def cached(wanted: Plan) -> Forged | None:
    """What the cache has of an image; None when it has to be brought."""
    pulled = _pulled_file(wanted.name)
    if pulled.exists():
        return Forged(wanted.name.full, Origin.PULLED, PULLED, pulled)
    entry = wanted.entry
    if entry is None or not isinstance(entry.how, Recipe):
        return None
    file = making.archive_of(_as_asked(entry, wanted.name), entry.how)
    return _forged(wanted, entry, entry.how, file) if file.exists() else None


def _brought(wanted: Plan, registries: Registries, reporter: Reporter) -> Forged:
    entry = wanted.entry
    if entry is not None and isinstance(entry.how, OwnImage):
        return own.ensure(entry.how, wanted.name.full, registries.store, reporter)
    began = time.monotonic()
    reporter.started(wanted.name.full)
    try:
        forged = _pulled(wanted, registries, reporter) or _made(wanted, reporter)
    except BaseException as error:
        reporter.failed(wanted.name.full, str(error).partition("\n")[0] or type(error).__name__)
        raise
    reporter.finished(
        wanted.name.full, f"{forged.origin}, {forged.reason}", time.monotonic() - began
    )
    return forged


def _pulled(wanted: Plan, registries: Registries, reporter: Reporter) -> Forged | None:
    file = _pulled_file(wanted.name)
    try:
        if registries.pull(wanted.name, file, reporter):
            return Forged(wanted.name.full, Origin.PULLED, PULLED, file)
    except NoSuchImageError as error:
        if not wanted.known:
            raise
        reporter.note(wanted.name.full, error.what)
    return None


def _made(wanted: Plan, reporter: Reporter) -> Forged:
    entry = wanted.entry
    if entry is None or not isinstance(entry.how, Recipe):
        return Forged(wanted.name.full, Origin.SIMULATED, wanted.why_not)
    file = making.make(_as_asked(entry, wanted.name), entry.how, reporter)
    return _forged(wanted, entry, entry.how, file)


def _forged(wanted: Plan, entry: Entry, recipe: Recipe, file: Path) -> Forged:
    return Forged(wanted.name.full, Origin.FORGED, making.source(recipe), file, entry.note)


def _pulled_file(name: Name) -> Path:
    return places.archive(name.full, "pulled")


def _as_asked(entry: Entry, name: Name) -> Entry:
    """The entry under the name that was asked for, which may be an alias of its own."""
    return Entry(name.repository, name.tag, entry.how, entry.note)


def _entry(name: Name, entries: Mapping[str, Entry]) -> Entry | None:
    if name.digest:
        return None
    if name.full in entries:
        return entries[name.full]
    for pattern, target in ALIASES:
        if pattern.fullmatch(name.full):
            return entries.get(target)
    return None


def _repositories(entries: Mapping[str, Entry]) -> set[str]:
    return {each.repository for each in entries.values()}


def _unknown(
    unknown: Iterable[Plan], registries: Registries, entries: Mapping[str, Entry]
) -> LocalCloudError:
    lines: list[str] = []
    for each in unknown:
        name = each.name
        tags = sorted(one.tag for one in entries.values() if one.repository == name.repository)
        near = difflib.get_close_matches(name.full, entries, n=1)
        if tags:
            lines.append(f"  {each.asked}: of this image the forge makes {', '.join(tags)}")
        elif near:
            lines.append(f"  {each.asked}: did you mean {near[0]}?")
        else:
            lines.append(f"  {each.asked}")
    for registry, why in registries.silent.items():
        lines.append(f"  (the registry {registry} cannot be reached: {why})")
    return LocalCloudError(
        "Images are neither in the forge's table nor to be pulled:",
        "Correct the name; or add how it is made to local/forge/table.py, or to "
        "local/forge/simulated.py why it cannot be. llmp images ls lists those that are known.",
        "\n".join(lines),
    )
