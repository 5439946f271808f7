"""Building an image with buildah: the command, its progress, what came out against the budget."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError
from local.images import freshness
from local.images.freshness import CONTEXT_LABEL
from local.images.store import LOCAL, MB, ORIGIN_LABEL, Store, StoredImage
from local.images.table import CONTEXT, Origin, OwnImage
from local.paths import REPOSITORY
from local.reporter import Reporter
from local.setup.uv import SYSTEM_CERTIFICATES
from local.toolchain import children, disk

LONGEST = 110
"""Characters of a line of progress."""
ROOM_MIB = 3072
"""Free space that a build from nothing takes, with caches of packages."""

_STEP = re.compile(r"^(?:\[(\d+)/(\d+)\] )?STEP (\d+)/(\d+): (.*)$")
_COMMIT = re.compile(r"^(?:\[\d+/\d+\] )?COMMIT ")
_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_MERGED = 'exec "$@" 1>&2'
"""Everything that buildah says goes where progress is read."""


@dataclass(frozen=True)
class Bases:
    """What images are built on.

    Attributes:
        run: Reference of the base that runs.
        build: Reference of the base that builds.
        local: Whether both were made on this machine, instead of coming from a registry.
    """

    run: str
    build: str
    local: bool

    @property
    def origin(self) -> Origin:
        """What an image is called that is built on these."""
        return Origin.FORGED if self.local else Origin.BUILT


@dataclass(frozen=True)
class Stamp:
    """What an image says about its making: time (seconds since 1970) and commit of the sources."""

    seconds: int
    revision: str


def build_arguments(
    image: OwnImage, bases: Bases, stamp: Stamp, certificates: Sequence[str]
) -> list[str]:
    """Arguments of buildah.

    The stamp comes by flags: buildah 1.28 takes a label with an ARG in it from its cache although
    the ARG has changed.
    """
    labels = {
        "org.opencontainers.image.version": image.image.tag,
        "org.opencontainers.image.revision": stamp.revision,
        ORIGIN_LABEL: str(bases.origin),
        CONTEXT_LABEL: freshness.digest(image),
    }
    return [
        "bud",
        "--isolation=chroot",
        "--network=host",
        "--layers",
        "--pull-never" if bases.local else "--pull",
        f"--timestamp={stamp.seconds}",
        *certificates,
        f"--build-arg=BASE={bases.run}",
        f"--build-arg=BUILD_BASE={bases.build}",
        *(f"--label={name}={value}" for name, value in labels.items()),
        *(f"--build-context={name}={folder}" for name, folder in image.contexts.items()),
        f"--target={image.target}",
        f"--file={CONTEXT / image.dockerfile}",
        f"--tag={image.image.name}",
        str(CONTEXT),
    ]


def certificate_arguments(environ: Mapping[str, str], exists: Callable[[str], bool]) -> list[str]:
    """Let the steps of a build trust what this machine trusts; nothing of it stays in the image."""
    chosen = environ.get("SSL_CERT_FILE", "")
    file = next((each for each in (chosen, *SYSTEM_CERTIFICATES) if each and exists(each)), None)
    if file is None:
        return []
    folder = str(Path(file).parent)
    inside = "/etc/ssl/certs"
    path = f"{inside}/{Path(file).name}"
    return [
        f"--volume={folder}:{inside}:ro",
        f"--build-arg=SSL_CERT_FILE={path}",
        f"--build-arg=PIP_CERT={path}",
    ]


def stamp(environ: Mapping[str, str]) -> Stamp:
    """Time and commit of the sources: SOURCE_DATE_EPOCH, else the time of the commit."""
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct %H"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, _, revision = done.stdout.strip().partition(" ")
    wanted = environ.get("SOURCE_DATE_EPOCH", "")
    if wanted and not re.fullmatch("[0-9]+", wanted):
        raise LocalCloudError(
            f"SOURCE_DATE_EPOCH is {wanted!r}, which is no number of seconds since 1970.",
            "Set it to whole seconds, such as 1700000000, or unset it.",
        )
    return Stamp(int(wanted or seconds or 0), revision or "unknown")


class Progress:
    """Reads what buildah says about its steps.

    A step that copies from another stage is announced first, then come all steps of that stage,
    then what became of it: so steps that are not over form a stack.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._open: list[str] = []
        self._told = False
        self._echo = False
        self.cached = 0
        self.made = 0

    def line(self, line: str) -> None:
        """Take one line of buildah's output; a step is told once it is known not to be cached."""
        found = _STEP.match(line)
        if found:
            stage, stages, step, steps, what = found.groups()
            if not what.startswith("FROM "):
                place = f"stage {stage} of {stages}, " if stage else ""
                what = _ID.sub(r"\1", " ".join(what.split()))
                text = f"{place}step {step} of {steps}: {what}"
                self._open.append(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
                self._told = False
        elif line.startswith("--> Using cache"):
            self._close(cached=True)
        elif line.startswith("-->"):
            # After a step from the cache its image is named once more.
            if not self._echo:
                self._close(cached=False)
            self._echo = False
        elif not _COMMIT.match(line):
            self._say()

    def tick(self, seconds: float) -> None:
        """Say that it goes on."""
        self._say()
        self._tell(f"goes on ({seconds:.0f} s)")

    def _close(self, *, cached: bool) -> None:
        self._echo = cached
        if not self._open:
            return
        if cached:
            self.cached += 1
        else:
            self.made += 1
            self._say()
        self._open.pop()
        # What is below was announced before: it is told when it turns out to be made.
        self._told = False

    def _say(self) -> None:
        if self._open and not self._told:
            self._tell(self._open[-1])
            self._told = True


def build(image: OwnImage, bases: Bases, store: Store, reporter: Reporter) -> StoredImage:
    """Build an image; what is cached is taken from there.

    Raises:
        LocalCloudError: The build failed; carries the end of its output.
    """
    began = time.monotonic()
    reporter.started(f"image {image.name}")
    progress = Progress(lambda text: reporter.note(image.name, text))
    certificates = certificate_arguments(os.environ, lambda file: Path(file).is_file())
    arguments = build_arguments(image, bases, stamp(os.environ), certificates)
    with store.alone(reporter, image.name):
        disk.require_space(store.folder, ROOM_MIB)
        ended = children.run(
            ["sh", "-c", _MERGED, "sh", *store.command(*arguments)],
            folder=CONTEXT,
            env=store.environment(),
            on_line=progress.line,
            on_tick=progress.tick,
        )
    if ended.code != 0:
        reporter.failed(image.name, f"buildah ended with code {ended.code}")
        raise LocalCloudError(
            f"The image {image.name} could not be built.", _hint(bases, ended.tail), ended.tail
        )
    made = store.inspect(LOCAL + image.image.name)
    text = f"{made.size / MB:.0f} MB, {progress.made} steps made, {progress.cached} from cache"
    reporter.finished(f"image {image.name}", text, time.monotonic() - began)
    return made


def _hint(bases: Bases, output: str) -> str:
    if disk.says_full(output):
        return "Free some space, or set LLMP_CACHE to a folder on another disk, and try again."
    if not bases.local:
        return "Is the registry of its base reachable? Leave --public-base out to do without."
    return "Run the same command again once that is mended; finished steps come from the cache."
