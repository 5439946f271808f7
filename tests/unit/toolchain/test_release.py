import hashlib
import io
import socket
import tarfile
import threading
import time
from collections.abc import Generator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local.toolchain import Source, downloading, ensure
from local.toolchain.tools import Download
from tests.unit.toolchain.hello import VERSION, Recorder, make_tool

ANY_MACHINE = {"x86_64": "any", "aarch64": "any"}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        del format, args


@pytest.fixture
def site(tmp_path: Path) -> Generator[tuple[Path, str]]:
    """A web server on a folder: (folder, address)."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def publish(folder: Path, version: str = VERSION, checksum: str = "") -> None:
    """Publish a release whose program is a shell script."""
    program = f"#!/bin/sh\necho hello v{version}\n".encode()
    with tarfile.open(folder / f"hello-{VERSION}-any.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo(f"hello-{VERSION}/hello")
        member.size, member.mode = len(program), 0o644
        tar.addfile(member, io.BytesIO(program))
    archive = (folder / f"hello-{VERSION}-any.tar.gz").read_bytes()
    checksum = checksum or hashlib.sha256(archive).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{checksum}  hello-{VERSION}-any.tar.gz\n")


def release(address: str, **more: Any) -> Download:
    return Download(
        url=address + "/hello-{version}-{arch}.tar.gz",
        checksums=address + "/SHA256SUMS",
        arch=ANY_MACHINE,
        member="hello-{version}/hello",
        **more,
    )


def get(module: Path, reporter: Recorder, download: Download) -> str:
    tool = make_tool(module, download)
    ensure(
        ["hello"],
        reporter,
        sources=(Source.CACHE, Source.DOWNLOAD, Source.BUILD),
        tools={"hello": tool},
    )
    return next(text for kind, _, text in reporter.events if kind == "finished")


def test_release_with_the_published_checksum_is_used(
    module: Path, reporter: Recorder, site: tuple[Path, str]
) -> None:
    publish(site[0])
    assert get(module, reporter, release(site[1])) == f"{VERSION}, official release"
    assert "from the cache" in get(module, Recorder(), release(site[1]))


def test_release_with_a_wrong_checksum_is_not_used(
    module: Path, reporter: Recorder, site: tuple[Path, str]
) -> None:
    publish(site[0], checksum="0" * 64)
    assert "built" in get(module, reporter, release(site[1]))
    assert "its publisher says 000" in reporter.text


def test_checksum_pinned_here_outranks_the_published_one(
    module: Path, reporter: Recorder, site: tuple[Path, str]
) -> None:
    publish(site[0])
    pins = dict.fromkeys(ANY_MACHINE, "1" * 64)
    assert "built" in get(module, reporter, release(site[1], sha256=pins))
    assert "says 111" in reporter.text


def test_release_of_another_version_is_not_used(
    module: Path, reporter: Recorder, site: tuple[Path, str]
) -> None:
    publish(site[0], version="6.6.6")
    assert "built" in get(module, reporter, release(site[1]))
    assert "says that it is version 6.6.6" in reporter.text


def test_missing_release_falls_back_to_a_build(
    module: Path, reporter: Recorder, site: tuple[Path, str]
) -> None:
    assert "built" in get(module, reporter, release(site[1]))
    assert "answers 404" in reporter.text


def test_archive_that_is_none_falls_back_to_a_build(
    module: Path, reporter: Recorder, site: tuple[Path, str]
) -> None:
    publish(site[0])
    archive = site[0] / f"hello-{VERSION}-any.tar.gz"
    archive.write_bytes(b"no archive")
    sums = hashlib.sha256(b"no archive").hexdigest()
    (site[0] / "SHA256SUMS").write_text(f"{sums}  {archive.name}\n")
    assert "built" in get(module, reporter, release(site[1]))
    assert "cannot be unpacked" in reporter.text


def test_closed_port_costs_no_time(module: Path, reporter: Recorder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert "built" in get(module, reporter, release(address))
    assert "cannot be reached" in reporter.text


def test_host_that_never_answers_is_given_up(
    reporter: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: Path
) -> None:
    monkeypatch.setattr(downloading, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        download = release(f"http://127.0.0.1:{mute.getsockname()[1]}")
        downloads = downloading.Downloads()
        tool = make_tool(module, download)
        began = time.monotonic()
        with pytest.raises(downloading.NotToBeHadError, match="cannot be reached"):
            downloads.fetch(tool, tmp_path, reporter)
        with pytest.raises(downloading.NotToBeHadError, match="does not answer"):
            downloads.fetch(tool, tmp_path, reporter)
        assert time.monotonic() - began < 2
