"""The forge: images that manifests name, on a machine that reaches no registry.

`ensure` brings each one: pulled where its registry answers, else made from our Dockerfile, a
pinned Go module or a package of PyPI, under exactly the name that is asked for. What can be
neither is simulated. See docs/forge.md.
"""

from local.forge.forging import ensure, plan
from local.forge.forging import known_names as names
from local.forge.model import Forged
from local.forge.naming import full
from local.images.table import Origin

__all__ = ["Forged", "Origin", "ensure", "full", "names", "plan"]
"""`full` gives the name under which the kubelet looks for an image."""
