"""Digests of public images: asked from their registries, written into the lock file or not at all.

skopeo asks, since it knows registries, their mirrors and their credentials as the container tools
of a machine are configured.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from llm_platform import image_digests
from llm_platform.versions import Image
from local.errors import LocalCloudError
from local.reporter import Reporter, reported

SECONDS = 60
ASKING = ("skopeo", "inspect", "--raw", "--no-creds")
Ask = Callable[[str], str]
"""From a name with tag to its digest; raises `NoAnswerError`."""


class NoAnswerError(Exception):
    """A registry gave no digest; the message says why."""


def lock(images: Iterable[Image], file: Path, ask: Ask, reporter: Reporter) -> dict[str, str]:
    """Look up the digest of every image, and write them all.

    Args:
        images: The images.
        file: The lock file; replaced in one step.
        ask: Looks one up.
        reporter: Told about each.

    Returns:
        Digests by name and tag.

    Raises:
        LocalCloudError: One or more could not be looked up; nothing is written then.
    """
    digests: dict[str, str] = {}
    refused: list[str] = []
    for image in images:
        try:
            with reported(reporter, image.name, "looked up"):
                digests[image.name] = ask(image.name)
        except NoAnswerError as error:
            refused.append(f"{image.name}: {error}")
    if refused:
        raise LocalCloudError(
            "Digests could not be looked up, so none was written: a digest that nobody has seen "
            "would be an invented fact.",
            "Run it where the registries can be reached. Until then images are pinned by tag.",
            "\n".join(refused),
        )
    text = image_digests.render(digests)
    _, problems = image_digests.parse(text)
    if problems:
        raise LocalCloudError(
            "A registry gave what is no digest; nothing was written.",
            "Ask again; if it stays so, ask the registry by hand.",
            "\n".join(problems),
        )
    fresh = file.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
    return digests


def ask_registry(name: str) -> str:
    """The digest of a tag: that of its index, so that it holds for every processor.

    Raises:
        NoAnswerError: There is no answer, or no such tag.
    """
    try:
        done = subprocess.run(
            [*ASKING, f"docker://{name}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"no answer in {SECONDS} s") from None
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NoAnswerError(reason(words[-1] if words else "no reason given"))
    return f"sha256:{hashlib.sha256(done.stdout).hexdigest()}"


def reason(line: str) -> str:
    """The end of skopeo's last line: what the network or the registry said.

    The rest of the line names addresses of this machine's network.
    """
    message = line.partition('msg="')[2].removesuffix('"') or line
    return message.rpartition(": ")[2]


def require_skopeo() -> None:
    """See that there is something to ask with.

    Raises:
        LocalCloudError: There is not.
    """
    if shutil.which("skopeo") is None:
        raise LocalCloudError(
            "Not on PATH: skopeo, which asks registries for digests.",
            "Install it as root: apt-get install -y --no-install-recommends skopeo",
        )
