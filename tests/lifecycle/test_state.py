"""`llmp state` on the real engine: what a backup holds, what is refused, and that it goes on.

The stack is the small one on a real cloud. Every test leaves it complete, and a preview of it
shows no changes.
"""

import gzip
import json
import re
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_stack import SECRET, InProcess

from infra.cli import session
from infra.settings_source import PROJECT
from infra.state import archive, document
from infra.state.sanitised import machine_paths
from local.paths import REPOSITORY

STACK = "kept"
UNCHANGED = re.compile(r"✓ preview: \d+ unchanged +\(")


class World(InProcess):
    @property
    def engine(self) -> Path:
        return self.cloud_folder / "engine"

    @property
    def checkpoint(self) -> Path:
        [found] = (self.engine / "backend" / ".pulumi" / "stacks").rglob(f"{STACK}.json")
        return found

    @property
    def backups(self) -> list[Path]:
        return sorted((self.room(STACK) / "backups").glob("*.tar.gz"))

    def backup(self, *options: str) -> Path:
        before = set(self.backups)
        said = self.llmp("state", "backup", STACK, *options)
        [made] = set(self.backups) - before
        assert str(made) in said
        return made

    def exported(self, path: Path) -> dict[str, Any]:
        self.llmp("state", "export", STACK, "--output", str(path))
        return json.loads(path.read_text())

    def is_as_the_program_says(self) -> bool:
        return bool(UNCHANGED.search(self.llmp("preview", STACK)))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("kept"), STACK)
    with made.ready():
        made.llmp("up", STACK)
        yield made


def read(path: Path) -> bytes:
    """The whole content of an archive."""
    return gzip.decompress(path.read_bytes())


def test_a_backup_is_private_and_holds_no_secret_and_no_passphrase(world: World) -> None:
    passphrase = (world.engine / "passphrase").read_bytes()

    plain, told = world.backup(), world.backup("--with-passphrase")

    for path in (plain, told):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert not path.is_relative_to(REPOSITORY)
        assert SECRET.encode() not in read(path)
        with tarfile.open(path) as tar:
            assert {"manifest.json", "deployment.json", "stack.yaml"} < set(tar.getnames())
    assert passphrase not in read(plain)
    assert passphrase in read(told)
    found = archive.read(plain)
    assert found.manifest.cloud == f"emulated {world.cloud(STACK)['id']}"
    assert found.manifest.resources == len(document.resources_of(found.deployment())) > 15
    assert document.has_secrets(found.deployment())
    listed = world.llmp("state", "list", STACK)
    assert listed.count("the cloud that stands") == 2
    assert plain.name in listed


def test_no_document_names_this_machine(world: World, tmp_path: Path) -> None:
    exported = tmp_path / "state.json"
    said = world.llmp("state", "export", STACK, "--output", str(exported))
    world.llmp("state", "export", STACK, "--sanitised", "--output", str(tmp_path / "clean.json"))

    assert exported.stat().st_mode & 0o777 == 0o600
    assert "names a path of this machine" not in said
    for text in (exported.read_text(), (tmp_path / "clean.json").read_text()):
        assert document.found_in(text, machine_paths()) == []
        assert SECRET not in text
    assert "ciphertext" not in (tmp_path / "clean.json").read_text()


def drop_a_bucket(world: World) -> None:
    """As somebody with `pulumi state delete` would."""
    path = world.folder / "edited.json"
    edited = world.exported(path)
    resources = edited["deployment"]["resources"]
    kept = [each for each in resources if not each["type"].startswith("aws:s3/bucket")]
    assert len(kept) < len(resources)
    edited["deployment"]["resources"] = kept
    path.write_text(json.dumps(edited))
    world.llmp("state", "import", STACK, str(path))


def cut_the_file(world: World) -> None:
    """As a full disk would."""
    world.checkpoint.write_bytes(world.checkpoint.read_bytes()[:400])


def lose_the_stack(world: World) -> None:
    for path in world.checkpoint.parent.iterdir():
        path.unlink()


@pytest.mark.parametrize("damage", [drop_a_bucket, cut_the_file, lose_the_stack])
def test_a_restored_state_previews_without_changes(
    world: World, damage: Callable[[World], None]
) -> None:
    made = world.backup()
    damage(world)
    broken = world.checkpoint.read_bytes() if damage is cut_the_file else b""

    said = world.llmp("state", "restore", STACK, made.name)

    assert world.is_as_the_program_says()
    assert world.stands_complete()
    if damage is lose_the_stack:
        assert "What it replaced" not in said
        return
    kept = archive.read(world.backups[-1])
    assert kept.manifest.reason == "before restore"
    assert str(kept.path) in said
    if broken:
        assert kept.members[archive.DAMAGED] == broken
        assert not kept.manifest.readable


def test_the_newest_that_was_asked_for_is_put_back(world: World) -> None:
    made = world.backup()
    world.llmp("state", "restore", STACK, made.name)
    assert archive.read(world.backups[-1]).manifest.reason == "before restore"
    created = archive.read(made).manifest.created

    assert f"as of {created}" in world.llmp("state", "restore", STACK)


def test_a_lost_passphrase_is_told_and_comes_back_with_a_backup_that_has_it(world: World) -> None:
    plain, whole = world.backup(), world.backup("--with-passphrase")
    passphrase = (world.engine / "passphrase").read_text()
    salt = (world.engine / "workspace" / f"Pulumi.{STACK}.yaml").read_text()
    (world.engine / "passphrase").unlink()

    said = world.llmp("state", "restore", STACK, plain.name, expect=1)

    assert "passphrase" in said
    assert "--with-passphrase" in said
    assert (world.engine / "workspace" / f"Pulumi.{STACK}.yaml").read_text() == salt
    world.llmp("state", "restore", STACK, whole.name)
    assert (world.engine / "passphrase").read_text() == passphrase
    assert world.is_as_the_program_says()


def of_another_cloud(found: archive.Archive) -> archive.Manifest:
    return replace(found.manifest, cloud="emulated 00000000-0000-0000-0000-000000000000")


def of_another_stack(found: archive.Archive) -> archive.Manifest:
    return replace(found.manifest, stack="other")


def of_a_backend(found: archive.Archive) -> archive.Manifest:
    return replace(found.manifest, cloud="backend 0123456789abcdef")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (of_another_cloud, "describes another cloud"),
        (of_another_stack, "is a backup of stack other"),
        (of_a_backend, "describes another cloud"),
    ],
)
def test_a_backup_of_something_else_is_refused(
    world: World, tmp_path: Path, changed: Callable[[archive.Archive], archive.Manifest], words: str
) -> None:
    found = archive.read(world.backup())
    path = tmp_path / "foreign.state.tar.gz"
    names = (archive.MANIFEST, archive.SUMS)
    members = {name: data for name, data in found.members.items() if name not in names}
    archive.write(path, changed(found), members)
    before, backups = world.checkpoint.read_bytes(), world.backups

    said = world.llmp("state", "restore", STACK, str(path), expect=1)

    assert words in said
    assert "Nothing was changed." in said
    assert (world.checkpoint.read_bytes(), world.backups) == (before, backups)


def test_a_wrong_document_is_refused_with_everything_that_is_wrong(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.json"
    wrong = world.exported(path)
    resources = wrong["deployment"]["resources"]
    resources[-1]["parent"] = "nobody"
    resources[-2]["urn"] = resources[-2]["urn"].replace(f":{STACK}::", ":dev::")
    path.write_text(json.dumps(wrong | {"version": 1}))
    before, backups = world.checkpoint.read_bytes(), world.backups

    said = world.llmp("state", "import", STACK, str(path), expect=2)

    assert "3 problems" in said
    for words in ("version: is 1", "nobody does not stand before it", "is of stack dev"):
        assert words in said
    path.write_text("{")
    assert "cannot be read" in world.llmp("state", "import", STACK, str(path), expect=2)
    assert (world.checkpoint.read_bytes(), world.backups) == (before, backups)


def test_what_the_engine_refuses_leaves_the_state_as_it_was(world: World, tmp_path: Path) -> None:
    path = tmp_path / "sealed.json"
    text = json.dumps(world.exported(path))
    path.write_text(re.sub(r'"ciphertext": "v1:[^"]*"', '"ciphertext": "v1:AAAA:AAAA"', text))
    before = world.checkpoint.read_bytes()

    said = world.llmp("state", "import", STACK, str(path), expect=1)

    assert "The engine refuses" in said
    assert world.checkpoint.read_bytes() == before


def test_an_export_is_an_import(world: World, tmp_path: Path) -> None:
    path = tmp_path / "state.json.gz"
    world.llmp("state", "export", STACK, "--output", str(path))
    piped = world.llmp("state", "export", STACK, only_stdout=True)
    assert json.loads(piped) == json.loads(gzip.decompress(path.read_bytes()))

    world.llmp("state", "import", STACK, str(path))

    kept = archive.read(world.backups[-1])
    assert kept.manifest.reason == "before import"
    again = world.exported(tmp_path / "again.json")
    assert document.outline(again) == document.outline(kept.deployment())


def test_nothing_is_done_while_another_run_has_the_stack(world: World) -> None:
    with session.only_run(STACK):
        for command in ("backup", "restore", "export"):
            assert "is in use by process" in world.llmp("state", command, STACK, expect=1)


def test_the_lock_of_a_killed_run_is_no_obstacle(world: World) -> None:
    made = world.backup()
    room = world.engine / "backend" / ".pulumi" / "locks" / "organization" / PROJECT / STACK
    room.mkdir(parents=True, exist_ok=True)
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    lock = {"pid": int(dead.stdout), "username": "you", "hostname": socket.gethostname()}
    (room / "dead.json").write_text(json.dumps(lock))

    said = world.llmp("state", "restore", STACK, made.name)

    assert f"left the stack locked (process {lock['pid']} of you" in said
    assert list(room.iterdir()) == []


def test_a_stack_in_any_backend_is_kept_the_same_way(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second", "home"):
        (tmp_path / name).mkdir()
    world.llmp("state", "export", STACK, "--sanitised", "--output", str(tmp_path / "clean.json"))
    text = (tmp_path / "clean.json").read_text().replace(f":{STACK}::", ":dev::")
    (tmp_path / "dev.json").write_text(text)
    # after the last command on the local stack, which drops what leads to other backends
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open sesame")
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "first").as_uri())

    assert "not in the backend" in world.llmp("state", "backup", "dev", expect=1)
    world.llmp("state", "import", "dev", str(tmp_path / "dev.json"))
    world.llmp("state", "backup", "dev")
    world.llmp("state", "import", "dev", str(tmp_path / "dev.json"))
    assert "What it replaced is kept" in world.llmp("state", "restore", "dev")

    [first, *_] = sorted((world.room("dev") / "backups").glob("*.tar.gz"))
    assert document.has_secrets(archive.read(first).deployment())
    assert list(document.plain_secrets(archive.read(first).deployment())) == []
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "second").as_uri())
    said = world.llmp("state", "restore", "dev", first.name, expect=1)
    assert "another backend" in said
