"""`ensure`: every wanted tool in its pinned version, from the first source that has it."""

import os
import platform
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from local import locks
from local.errors import LocalCloudError
from local.reporter import Reporter
from local.toolchain import cache, children, disk
from local.toolchain.building import ROOM, build, build_key
from local.toolchain.cache import Entry
from local.toolchain.downloading import Downloads, NotToBeHadError
from local.toolchain.tools import TOOLS, Source, Tool, version_in


def ensure(
    names: Iterable[str],
    reporter: Reporter,
    *,
    sources: Sequence[Source] = tuple(Source),
    tools: Mapping[str, Tool] = TOOLS,
) -> dict[str, Path]:
    """Find, download or build tools; may take minutes the first time, milliseconds afterwards.

    What is downloaded or built goes into the cache, under a lock per tool: of two processes that
    want the same tool the second waits and then uses what the first made.

    Args:
        names: Keys of `tools`.
        reporter: Told about each tool: one step per name.
        sources: Where to look, tried in this order.
        tools: What the names mean.

    Returns:
        The program of each name.

    Raises:
        LocalCloudError: A tool is not to be had, or the disk is full; says what to do.
    """
    downloads = Downloads()
    found: dict[str, Path] = {}
    for name in names:
        tool = tools[name]
        began = time.monotonic()
        reporter.started(name)
        try:
            found[name], how = _Search(tool, reporter, sources, downloads).run()
        except BaseException as error:
            reporter.failed(name, str(error).partition("\n")[0] or type(error).__name__)
            raise
        reporter.finished(name, how, time.monotonic() - began)
    return found


class _Search:
    """The search for one tool."""

    def __init__(
        self, tool: Tool, reporter: Reporter, sources: Sequence[Source], downloads: Downloads
    ) -> None:
        self._tool = tool
        self._reporter = reporter
        self._sources = sources
        self._downloads = downloads
        self._misses: list[str] = []

    def run(self) -> tuple[Path, str]:
        """The program, and where it came from in words."""
        tool, places = self._tool, self._places()
        if Source.PATH in self._sources:
            path = self._on_path()
            if path is not None:
                return path, f"{tool.version}, on PATH: {path}"
        if Source.CACHE in self._sources:
            for place in places.values():
                if place.is_known_good():
                    return place.program, f"{tool.version}, from the cache"
        root = cache.toolchain_folder() / tool.name
        try:
            with disk.told_when_full(root, tool.size_mib * ROOM):
                root.mkdir(parents=True, exist_ok=True)
                with locks.waiting(root / "lock", self._reporter, tool.name, "is making it"):
                    return self._from_cache(places) or self._made(places)
        except OSError as error:
            raise LocalCloudError(
                f"The cache folder cannot be used: {error}",
                "Mend it, or set LLMP_CACHE to another folder.",
            ) from error

    def _places(self) -> dict[Source, Entry]:
        """Where in the cache the tool is, by how it was made."""
        tool = self._tool
        keys: dict[Source, str] = {}
        if tool.release is not None:
            keys[Source.DOWNLOAD] = f"release-{platform.machine()}"
        keys[Source.BUILD] = build_key(tool)
        return {made: cache.entry(tool.name, tool.version, key) for made, key in keys.items()}

    def _on_path(self) -> Path | None:
        program = shutil.which(self._tool.name)
        if program is None:
            return None
        says = _version_of(Path(program), self._tool)
        if says == self._tool.version:
            return Path(program).absolute()
        miss = f"{program} is version {says or 'unknown'}, {self._tool.version} is wanted"
        self._misses.append(miss)
        self._reporter.note(self._tool.name, miss)
        return None

    def _from_cache(self, places: Mapping[Source, Entry]) -> tuple[Path, str] | None:
        """A whole cached program; another process may have made it while we waited."""
        if Source.CACHE not in self._sources:
            return None
        for place in places.values():
            if not place.exists():
                continue
            damage = place.damage()
            if not damage:
                return place.program, f"{self._tool.version}, from the cache"
            self._reporter.note(
                self._tool.name, f"the cached copy is damaged ({damage}), making a new one"
            )
        return None

    def _made(self, places: Mapping[Source, Entry]) -> tuple[Path, str]:
        tool = self._tool
        if Source.DOWNLOAD in self._sources and Source.DOWNLOAD in places:
            try:
                return self._downloaded(places[Source.DOWNLOAD])
            except NotToBeHadError as error:
                self._misses.append(str(error))
                self._reporter.note(tool.name, f"no official release: {error}")
        if Source.BUILD not in self._sources:
            raise LocalCloudError(
                f"{tool.title} is not to be had.",
                "Put it on PATH, or allow more sources.",
                "\n".join(self._misses),
            )
        return self._built(places[Source.BUILD])

    def _downloaded(self, place: Entry) -> tuple[Path, str]:
        with cache.work_folder(place) as work:
            program = self._downloads.fetch(self._tool, work, self._reporter)
            program.chmod(0o755)
            says = _version_of(program, self._tool)
            if says != self._tool.version:
                raise NotToBeHadError(f"the release says that it is version {says or 'unknown'}")
            place.put(program, "official release")
        return place.program, f"{self._tool.version}, official release"

    def _built(self, place: Entry) -> tuple[Path, str]:
        tool = self._tool
        with cache.work_folder(place) as work:
            try:
                program = build(tool, work, self._reporter)
            except LocalCloudError as error:
                detail = "\n".join(part for part in (error.detail, *self._misses) if part)
                what = f"{tool.title}: {error.what}" if tool.name not in error.what else error.what
                raise LocalCloudError(what, error.hint, detail) from error
            says = _version_of(program, tool)
            if says != tool.version:
                raise LocalCloudError(
                    f"{tool.title} was built, but says that it is version {says or 'unknown'}.",
                    f"Compare its entry in local/toolchain/tools.py with {tool.module / 'go.mod'}.",
                )
            place.put(program, f"built from {tool.package}")
        return place.program, f"{tool.version}, built from pinned sources"


def _version_of(program: Path, tool: Tool) -> str | None:
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    return version_in(children.answer([str(program), *tool.ask], env) or "")
