"""The parts of a node that need no root: stores, images, cgroups, ports, pods by name."""

import asyncio
import gc
import json
import os
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.cli.live_logs import matching
from local.errors import LocalCloudError
from local.node import cgroups, images, relay, requirements, store
from local.node.requirements import Check

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="entering a namespace needs root")


# images


class Containerd:
    """What `ctr` answers: images by name."""

    def __init__(self, own: Sequence[str], *, same: bool = False) -> None:
        self.known: set[str] = set()
        self.imports = 0
        self._own = own
        self._same = same

    def __call__(self, words: Sequence[str]) -> str:
        if words[:2] == ["images", "import"]:
            self.imports += 1
            self.known |= set(self._own)
            digests = {name: "ab" if self._same else f"{i}" for i, name in enumerate(self._own)}
            return "".join(f"unpacking {n} (sha256:{d})...done\n" for n, d in digests.items())
        if words[:2] == ["images", "tag"]:
            assert words[-2] in self.known
            self.known.add(words[-1])
        elif words[:2] == ["images", "rm"]:
            self.known.remove(words[2])
        return "".join(f"{name}\n" for name in sorted(self.known))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    made = tmp_path / "image.tar"
    made.write_bytes(b"one")
    return made


def test_an_image_gets_exactly_the_names_that_are_asked_for(tmp_path: Path, archive: Path) -> None:
    ctr = Containerd(["localhost/made:1"])
    assert images.import_archive(ctr, tmp_path, archive, ["example.test/a:1", "example.test/b:2"])
    assert ctr.known == {"example.test/a:1", "example.test/b:2"}


def test_an_image_is_imported_once(tmp_path: Path, archive: Path) -> None:
    ctr = Containerd(["example.test/a:1"])
    assert images.import_archive(ctr, tmp_path, archive, ["example.test/a:1"])
    assert not images.import_archive(ctr, tmp_path, archive, ["example.test/a:1"])
    assert ctr.imports == 1


@pytest.mark.parametrize("why", ["the store lost it", "the archive is another one"])
def test_an_image_is_imported_again(tmp_path: Path, archive: Path, why: str) -> None:
    ctr = Containerd(["example.test/a:1"])
    images.import_archive(ctr, tmp_path, archive, ["example.test/a:1"])
    if why == "the store lost it":
        ctr.known.clear()
    else:
        archive.write_bytes(b"other")
    assert images.import_archive(ctr, tmp_path, archive, ["example.test/a:1"])


def test_an_image_that_keeps_an_older_name_keeps_it(tmp_path: Path, archive: Path) -> None:
    ctr = Containerd(["example.test/a:1"])
    images.import_archive(ctr, tmp_path, archive, ["example.test/a:1"])
    images.import_archive(ctr, tmp_path, archive, ["example.test/b:1"])
    assert ctr.known == {"example.test/a:1", "example.test/b:1"}


@pytest.mark.parametrize("own", [[], ["example.test/a:1", "example.test/b:1"]])
def test_an_archive_has_one_image(tmp_path: Path, archive: Path, own: list[str]) -> None:
    with pytest.raises(LocalCloudError, match=f"{len(own)} images with a name"):
        images.import_archive(Containerd(own), tmp_path, archive, ["example.test/c:1"])


def test_an_image_of_several_names_keeps_those_that_are_asked_for(
    tmp_path: Path, archive: Path
) -> None:
    ctr = Containerd(["localhost/made:1", "example.test/a:1"], same=True)
    assert images.import_archive(ctr, tmp_path, archive, ["example.test/a:1"])
    assert ctr.known == {"example.test/a:1"}


# stores


def test_a_store_in_use_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path))
    first = store.choose()
    assert store.choose() == first
    held = store.take(first)
    try:
        second = store.choose()
        assert second != first
        with pytest.raises(OSError, match="in use by another cloud"):
            store.take(first)
    finally:
        os.close(held)
    assert store.choose() == first


def test_there_is_an_end_to_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path))
    held = [store.take(store.choose()) for _ in range(store.SLOTS)]
    try:
        with pytest.raises(LocalCloudError, match="8 live clouds run"):
            store.choose()
    finally:
        for each in held:
            os.close(each)


# cgroups


def test_a_cgroup_goes_with_all_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    for hierarchy in ("cpu", "memory"):
        (tmp_path / hierarchy).mkdir()
    cgroups.make("llmp-1")
    (tmp_path / "memory" / "llmp-1" / "kubepods" / "pod1").mkdir(parents=True)
    (tmp_path / "memory" / "llmp-2").mkdir()

    assert cgroups.remove("llmp-1") == []

    assert [each.name for each in (tmp_path / "memory").iterdir()] == ["llmp-2"]
    assert cgroups.remove("llmp-1") == []


def test_a_cgroup_in_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    monkeypatch.setattr(cgroups, "SECONDS", 0.1)
    busy = tmp_path / "memory" / "llmp-1" / "kubepods"
    busy.mkdir(parents=True)
    (busy / "file").touch()  # a folder that is not empty cannot be removed, as a cgroup in use
    assert cgroups.remove("llmp-1") == [tmp_path / "memory" / "llmp-1"]


# relays


def test_the_https_port_leads_to_the_load_balancer_once_there_is_one(tmp_path: Path) -> None:
    where = relay.targets([10, 11], 12, tmp_path)
    assert where[10]() == ("127.0.0.1", 10)
    assert where[12]() is None
    (tmp_path / "load-balancer.json").write_text(json.dumps({"443": "10.88.0.5:8443"}))
    assert where[12]() == ("10.88.0.5", 8443)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port}"):
            relay.listen([port])


@NEEDS_ROOT
def test_a_relay_passes_everything_on_both_ways_to_the_end() -> None:
    """A client that says that it is done still gets the whole answer."""

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            asked = b""
            while data := connection.recv(65536):
                asked += data
            connection.sendall(asked * 2)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        sent = os.urandom(3_000_000)
        assert _through(server.getsockname, sent) == sent * 2


@NEEDS_ROOT
def test_a_relay_to_nobody_closes_the_connection() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert _through(closed.getsockname, b"hello") == b""


def _through(target: Callable[[], Any], sent: bytes) -> bytes:
    """What comes back through a relay into this process's own network namespace."""
    listeners = relay.listen([0])
    listener = listeners[0]

    async def run() -> bytes:
        made = relay.Relay(listeners, {0: target}, Path("/proc/self/ns/net"))
        await made.serve()
        reader, writer = await asyncio.open_connection(*listener.getsockname())

        async def send() -> None:
            gc.collect()  # a connection that waits is not to be collected
            writer.write(sent)
            await writer.drain()
            writer.write_eof()

        sending = asyncio.create_task(send())
        try:
            got = await asyncio.wait_for(reader.read(-1), 20)
        except ConnectionResetError:
            got = b""
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()
        return got

    return asyncio.run(run())


# requirements


def test_missing_packages_are_named_once_and_by_one_command() -> None:
    found = [
        Check("ctr", "not found", "containerd", False, "containerd"),
        Check("containerd", "not found", "containerd", False, "containerd"),
        Check("ip", "/usr/sbin/ip", "iproute2", True, "iproute2"),
        Check("user", "user 1000", "root", False),
    ]
    names = requirements.packages(found)
    assert names == ["containerd"]
    assert requirements.install_command(names).endswith("--no-install-recommends containerd")


def test_everything_that_is_missing_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "PATH", "/nowhere")
    monkeypatch.setenv("LLMP_STATE", "/run/state")
    with pytest.raises(LocalCloudError) as caught:
        requirements.require()
    said = str(caught.value)
    assert "containerd: not found" in said
    assert "/run/state is below /run" in said
    assert "apt-get install" in said
    assert "iproute2" in said


# pods by name


def pod(namespace: str, name: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name}}


PODS = [pod("a", "chat-1"), pod("a", "chat-12"), pod("b", "chat-1"), pod("b", "other")]


@pytest.mark.parametrize(
    ("name", "namespace", "found"),
    [
        ("chat-1", None, [("a", "chat-1"), ("b", "chat-1")]),
        ("chat-1", "a", [("a", "chat-1")]),
        ("chat", "a", [("a", "chat-1"), ("a", "chat-12")]),
        ("oth", None, [("b", "other")]),
        ("nothing", None, []),
    ],
)
def test_pods_that_a_name_may_mean(
    name: str, namespace: str | None, found: list[tuple[str, str]]
) -> None:
    assert matching(PODS, name, namespace) == found
