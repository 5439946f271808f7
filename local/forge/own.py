"""The images of this project, as the node gets them: from the store of images, built if missing."""

from local.forge import places
from local.forge.model import Forged
from local.forge.registry import export
from local.images import base, building, freshness, programs
from local.images.freshness import CONTEXT_LABEL
from local.images.store import LOCAL, Store, StoredImage
from local.images.table import OwnImage
from local.reporter import Reporter


def ensure(image: OwnImage, name: str, store: Store, reporter: Reporter) -> Forged:
    """The archive of an image of ours under the full name `name`.

    It is built when the store has none, or one that was built from other files.

    Raises:
        LocalCloudError: A program is missing, this is not root, or the build failed.
    """
    programs.require_root("Reading the store of images")
    programs.ensure(programs.TO_BUILD, reporter, install=True)
    found = store.find(image.image.name)
    if found is None or found.labels.get(CONTEXT_LABEL) != freshness.digest(image):
        found = _build(image, store, reporter)
    file = places.archive(name, found.id)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with store.alone(reporter, image.name):
            export(store, LOCAL + image.image.name, name, file)
        places.forget_older(name)
    reason = f"our {image.dockerfile}, commit {_revision(found)}"
    return Forged(name, found.origin, reason, file)


def _build(image: OwnImage, store: Store, reporter: Reporter) -> StoredImage:
    run, build = base.ensure(store, reporter)
    return building.build(image, building.Bases(run, build, local=True), store, reporter)


def _revision(image: StoredImage) -> str:
    return image.labels.get("org.opencontainers.image.revision", "unknown")[:12]
