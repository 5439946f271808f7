"""Fetching a tool's official release, checked against a SHA-256 before anything of it is used."""

import hashlib
import http.client
import platform
import shutil
import tarfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from local.reporter import Reporter
from local.toolchain.tools import Download, Tool, checksum_in

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 6.0
"""Bound for an answer's first byte, name resolution included, which has no time limit itself."""
STALL_SECONDS = 20.0
TELL_SECONDS = 5.0
_CHUNK = 2**18
_MIB = 2**20

T = TypeVar("T")


class NotToBeHadError(Exception):
    """The release cannot be fetched here; the text says why. Another source is tried."""


class Downloads:
    """Downloads of one run; a host that did not answer once is not asked again."""

    def __init__(self) -> None:
        self._silent: set[str] = set()

    def fetch(self, tool: Tool, work: Path, reporter: Reporter) -> Path:
        """Fetch the release of `tool` into the folder `work`; returns the program.

        Raises:
            NotToBeHadError: No release for this machine, no answer, or a wrong checksum.
            OSError: It could not be written.
        """
        release = tool.release
        arch = release.arch.get(platform.machine()) if release else None
        if release is None or arch is None:
            raise NotToBeHadError(f"there is no official release for {platform.machine()}")
        url = release.url.format(version=tool.version, arch=arch)
        wanted = self._checksum(release, tool.version, arch, Path(urlsplit(url).path).name)
        archive = work / "release"
        got = self._save(url, archive, tool, reporter)
        if got != wanted:
            raise NotToBeHadError(
                f"the checksum of {url} is {got}, its publisher says {wanted}: not used"
            )
        if not release.member:
            return archive
        program = work / tool.name
        _extract(archive, release.member.format(version=tool.version, arch=arch), program)
        archive.unlink()
        return program

    def _checksum(self, release: Download, version: str, arch: str, file_name: str) -> str:
        pinned = release.sha256.get(platform.machine())
        if pinned:
            return pinned
        url = release.checksums.format(version=version, arch=arch)
        text = self._asked(url, lambda: _open(url, CONNECT_SECONDS).read(_MIB))
        found = checksum_in(text.decode(errors="replace"), file_name)
        if found is None:
            raise NotToBeHadError(f"{url} has no checksum for {file_name}")
        return found

    def _save(self, url: str, target: Path, tool: Tool, reporter: Reporter) -> str:
        """Write what `url` has to `target`; returns its SHA-256."""
        response = self._asked(url, lambda: _open(url, STALL_SECONDS))
        digest, size, told = hashlib.sha256(), 0, time.monotonic()
        with response, target.open("wb") as file:
            while True:
                try:
                    chunk: bytes = response.read(_CHUNK)
                except (OSError, http.client.HTTPException) as error:
                    raise NotToBeHadError(f"{url} broke off: {error}") from error
                if not chunk:
                    break
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                if time.monotonic() - told > TELL_SECONDS:
                    told = time.monotonic()
                    reporter.note(tool.name, f"downloading, {size / _MIB:.0f} MiB so far")
        return digest.hexdigest()

    def _asked(self, url: str, ask: Callable[[], T]) -> T:
        host = urlsplit(url).netloc
        if host in self._silent:
            raise NotToBeHadError(f"{host} does not answer")
        try:
            return _bounded(ask)
        except urllib.error.HTTPError as error:
            raise NotToBeHadError(f"{url} answers {error.code}") from error
        except (OSError, http.client.HTTPException) as error:
            self._silent.add(host)
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise NotToBeHadError(f"{host} cannot be reached: {reason}") from error


def _open(url: str, seconds: float) -> Any:
    # The addresses are constants of tools.py.
    return urllib.request.urlopen(url, timeout=seconds)  # noqa: S310


def _bounded(ask: Callable[[], T]) -> T:
    """`ask`'s result, or TimeoutError: the resolver can hang for longer than anybody waits."""
    results: list[T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(ask())
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} s")
    return results[0]


def _extract(archive: Path, member: str, target: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            source = tar.extractfile(member)
            if source is None:
                raise NotToBeHadError(f"the release has no file {member}")
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise NotToBeHadError(f"the release cannot be unpacked: {error}") from error
