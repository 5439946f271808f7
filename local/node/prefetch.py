"""Images for a live cloud: brought by the forge, imported in the node's store."""

import json
from collections.abc import Iterable

from local import forge
from local.cluster.processes import write_private
from local.forge import Forged, Origin
from local.node.access import LiveCloud
from local.node.eks.settings import SIMULATED_IMAGES_FILE, simulated_images
from local.reporter import Reporter


def prefetch(live: LiveCloud, images: Iterable[str], reporter: Reporter) -> dict[str, Forged]:
    """Have the node know images before a pod asks for them.

    What the forge cannot bring is written down, so that its pods go to a simulated node.

    Args:
        live: The cloud.
        images: Names as manifests have them.
        reporter: Told about each that has to be made or imported.

    Returns:
        What became of each, by the name that was given.

    Raises:
        LocalCloudError: An image cannot be made, or containerd refuses it.
    """
    brought = forge.ensure(images, reporter)
    simulated = set(simulated_images(live.folder))
    before = set(simulated)
    for name, forged in brought.items():
        if forged.origin is Origin.SIMULATED or forged.archive is None:
            simulated |= {name, forged.name}
            continue
        simulated -= {name, forged.name}
        live.import_image(forged.archive, [forged.name])
    if simulated != before:
        path = live.folder / SIMULATED_IMAGES_FILE
        write_private(path, json.dumps(sorted(simulated), indent=1))
    return brought
