"""Real clouds that are killed: the next `llmp up` says what was lost and ends in a whole stack.

One stack goes through all losses, in the order of the file: each test begins with what the one
before it has built, and ends with everything standing once, counted in moto and in Kubernetes.
"""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_stack import InProcess

from local import cloud
from local.cluster import keeping
from local.cluster.commands import API_SERVER, AWS

STACK = "lost"
SECONDS = 60


class World(InProcess):
    """What the tests do to it."""

    def up(self, expect: int = 0) -> str:
        return self.llmp("up", STACK, expect=expect)

    def id(self) -> str:
        return str(self.cloud(STACK)["id"])

    def kill(self, *names: str) -> None:
        """SIGKILL; returns when the keeper has seen it, or is dead itself."""
        known = keeping.status(self.cloud_folder)
        assert known is not None
        for name in names:
            os.kill(known.pid if name == "keeper" else known.processes[name].pid, signal.SIGKILL)
        until(lambda: keeping.status(self.cloud_folder) != known)

    def lost_folders(self) -> set[Path]:
        return set(self.room(STACK).glob("lost-*"))


def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("lost"), STACK)
    with made.ready():
        yield made


def rebuilt(world: World, *because: str) -> str:
    """The next run: a new cloud with everything in it once; what was lost is told and kept."""
    before, kept = world.id(), world.lost_folders()

    said = world.up()

    assert world.id() != before
    assert world.stands_complete(), world.counted(STACK)
    told = next(line for line in said.splitlines() if line.startswith("Lost: "))
    assert all(words in told for words in because), told
    assert "everything in it is gone, in AWS, in Kubernetes and in Pulumi's state" in told
    [folder] = world.lost_folders() - kept
    assert f"Lost: its logs and the engine's old state are in {folder}" in said
    assert json.loads((folder / "cloud.json").read_text())["id"] == before
    assert (folder / "engine" / "backend" / ".pulumi" / "stacks").is_dir()
    assert (folder / "logs" / "aws.log").is_file()
    assert not (folder / "pki").exists(), "nobody can use its keys any more"
    return said


def test_aws_dies_in_the_middle_of_the_first_up(world: World) -> None:
    calls = world.cloud_folder / "aws" / "calls.jsonl"

    def kill_when_it_has_begun() -> None:
        until(lambda: calls.exists() and "CreateKey" in calls.read_text())
        world.kill(AWS)

    killer = threading.Thread(target=kill_when_it_has_begun)
    killer.start()
    said = world.up(expect=1)
    killer.join()

    assert "Could not connect to the endpoint" in said
    assert "Lost: the local cloud had stopped (AWS (moto) ended with signal 9)" in said
    assert "they stand" not in said
    rebuilt(world, "AWS (moto)", "ended with signal 9")


def test_a_killed_api_server_comes_back_and_nothing_is_lost(world: World) -> None:
    before, kept = world.id(), world.lost_folders()
    world.kill(API_SERVER)

    said = world.up()

    assert "Lost" not in said
    assert "Nothing to change." in said
    assert (world.id(), world.lost_folders()) == (before, kept)
    assert world.stands_complete()


def test_aws_and_the_api_server_die_together(world: World) -> None:
    world.kill(AWS, API_SERVER)

    rebuilt(world, "AWS (moto)", "ended with signal 9")


def test_the_keeper_dies_and_everything_with_it(world: World) -> None:
    aws = world.cloud(STACK)["aws"]["endpoint"]
    world.kill("keeper")
    until(lambda: not keeping.is_alive(world.cloud_folder))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(aws.rpartition(":")[2]))) != 0

    rebuilt(world, "the keeper was killed")


def test_the_machine_is_restarted_and_others_have_its_ports(world: World) -> None:
    """As after a restart: another boot, no process, no socket; and a state that lies."""
    record = world.cloud_folder / "cloud.json"
    known = json.loads(record.read_text())
    world.kill("keeper")
    until(lambda: not keeping.is_alive(world.cloud_folder))
    record.write_text(json.dumps(known | {"boot_id": "00000000-0000-0000-0000-000000000000"}))
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", known["ports"]["aws"]))
        other.listen()
        assert cloud.find(STACK) is None

        rebuilt(world, "this machine was restarted")

    assert len(world.lost_folders()) == 2, "the newest two are kept"


def test_what_is_lost_needs_no_destruction(world: World) -> None:
    world.kill("keeper")
    until(lambda: not keeping.is_alive(world.cloud_folder))

    said = world.llmp("destroy", STACK, "--stop")

    assert "Lost: the local cloud had stopped (the keeper was killed)" in said
    assert "gone already" in said
    assert not world.cloud_folder.exists()
    assert "nothing to destroy" in world.llmp("destroy", STACK)
