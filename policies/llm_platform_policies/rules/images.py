"""Images and charts: the same thing today and tomorrow."""

import re
from collections.abc import Iterator
from typing import Any

from llm_platform.cost import UNKNOWN
from llm_platform_policies.helm import RELEASE, as_mapping, find_keys
from llm_platform_policies.model import Context, Policy, Severity
from llm_platform_policies.pods import (
    MODEL_KINDS,
    POD,
    POD_TYPES,
    containers_of,
    in_containers,
    pods_of,
)
from llm_platform_policies.reader import Reader
from llm_platform_policies.rules.pods import MODEL
from llm_platform_policies.unknowns import deny, unverifiable

MOVING_TAGS = frozenset({"latest", "main", "master", "edge", "nightly", "stable", "dev"})
EXACT_VERSION = re.compile(r"^v?\d+\.\d+(\.\d+)?([-+.].+)?$")


def is_pinned(image: str) -> bool:
    """Whether an image reference names one image: a digest, or a tag that does not move."""
    if "@sha256:" in image:
        return True
    tag = _tag(image)
    return bool(tag) and tag not in MOVING_TAGS


def _tag(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[2]


def _pinned(resource: Reader, _context: Context) -> Iterator[str]:
    if resource.type == RELEASE:
        yield from _release(resource)
        return
    for where, image in images_of(resource):
        if not is_pinned(image):
            yield f"{where} is {image}, which is another image tomorrow."


def images_of(resource: Reader) -> Iterator[tuple[str, str]]:
    """Every known image reference of a resource's pods, with its path."""
    for pod in pods_of(resource):
        for container in containers_of(pod):
            image = container.get("image")
            if isinstance(image, str):
                yield f"{container.where}.image", image
        if resource.type in MODEL_KINDS and pod.has(MODEL):
            image = pod.nested(MODEL).get("image")
            if isinstance(image, str):
                yield f"{pod.where}.{MODEL}.image", image


def _release(release: Reader) -> Iterator[str]:
    version = release.get("version")
    if version is None:
        yield "version is not set: the newest chart would be installed."
    elif isinstance(version, str) and not EXACT_VERSION.match(version):
        yield f"version is {version}, which is no exact version."
    for where, found in find_keys(release.get("values"), "image", "values"):
        yield from _value_image(release, where, found)


def _value_image(release: Reader, where: str, found: Any) -> Iterator[str]:
    """An image in a chart's values: text, or a mapping with repository, tag, digest.

    A mapping without a tag takes the chart's own, which the chart's version pins.
    """
    if found is UNKNOWN:
        release.undecided("values", where)
    elif isinstance(found, str):
        if found and not is_pinned(found):
            yield f"{where} is {found}, which is another image tomorrow."
    else:
        image = as_mapping(found)
        tag: Any = image.get("tag")
        if tag is UNKNOWN:
            release.undecided("values", f"{where}.tag")
        elif not image.get("digest") and str(tag) in MOVING_TAGS:
            yield f"{where}.tag is {tag}, which is another image tomorrow."


_IMAGE_FIELDS = (
    *deny(
        *in_containers("image"),
        f"{POD}.{MODEL}.image",
        why="which image runs must be stated in the program",
    ),
)

PINNED = Policy(
    id="images-pinned",
    title="Images and charts are pinned",
    description="Images must have a tag that does not move or a digest, charts an exact version.",
    severity=Severity.MEDIUM,
    remediation="Name the image with its version from llm_platform.versions, the chart with its "
    "version from llm_platform.addons.",
    types=(*POD_TYPES, RELEASE),
    fields=(
        *_IMAGE_FIELDS,
        *deny("version", why="which chart is installed must be stated in the program"),
        *unverifiable("values", why="the chart's values are decided by the run"),
    ),
    equivalents=("CKV_K8S_14", "KSV-0013", "C-0075"),
    check=_pinned,
)


def _digest(resource: Reader, _context: Context) -> Iterator[str]:
    for where, image in images_of(resource):
        if "@sha256:" not in image:
            yield f"{where} is {image}, without a digest: its registry could change it."


DIGEST = Policy(
    id="images-digest",
    title="Images have digests",
    description="Images must be named by digest.",
    severity=Severity.LOW,
    remediation="Look the digest up where the registry can be reached, and add it to the tag.",
    types=POD_TYPES,
    fields=_IMAGE_FIELDS,
    equivalents=("CKV_K8S_43", "C-0306"),
    check=_digest,
)

POLICIES = (PINNED, DIGEST)
