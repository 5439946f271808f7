import json
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.forge import Forged, Origin, ensure, forging, making, plan
from local.forge.forging import Plan
from local.forge.model import Entry, GoModule, GoProgram, Recipe
from local.forge.registry import PROXIES, reach
from tests.unit.forge.test_forge_archive import content
from tests.unit.toolchain.hello import Recorder, script

LIB = "example.test/greeter"
MAIN = 'package main\n\nvar who = "nobody"\n\nfunc main() { println("hello", who) }\n'
NAME = "docker.io/example/greeter:v1.0.0"


def no_certificates(file: Path, _: object) -> None:
    """A base with nothing in it."""
    tarfile.open(file, "w").close()


def made_at_once(wanted: Plan, _: object) -> Forged:
    return Forged(wanted.name.full, Origin.FORGED, "made")


def reached(_: str) -> str:
    return ""


def unreached(_: str) -> str:
    return "No address"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GoModule:
    """A module with one program, served out of a folder."""
    versions = tmp_path / "proxy" / LIB / "@v"
    versions.mkdir(parents=True)
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (versions / "v1.0.0.mod").write_text(f"module {LIB}\n\ngo 1.21\n")
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archive:
        archive.writestr(f"{LIB}@v1.0.0/go.mod", f"module {LIB}\n\ngo 1.21\n")
        archive.writestr(f"{LIB}@v1.0.0/cmd/greeter/main.go", MAIN)
        archive.writestr(f"{LIB}@v1.0.0/LICENSE", "free\n")
    monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())
    monkeypatch.setenv("GONOSUMDB", "*")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modcache"))
    monkeypatch.setenv("GOFLAGS", "-modcacherw")
    said = subprocess.run(
        ["go", "mod", "download", "-json", f"{LIB}@v1.0.0"],
        capture_output=True,
        check=True,
        text=True,
        cwd=tmp_path,
    )
    return GoModule(LIB, "v1.0.0", json.loads(said.stdout)["Sum"])


@pytest.fixture
def entries(module: GoModule, monkeypatch: pytest.MonkeyPatch) -> dict[str, Entry]:
    """A table with the one program; certificates do not matter here."""
    monkeypatch.setattr(making, "_static", no_certificates)
    program = GoProgram(
        "/bin/greeter", "./cmd/greeter", module, variables={"main.who": "everybody"}
    )
    recipe = Recipe((program,), entrypoint=("/bin/greeter",))
    return {NAME: Entry("docker.io/example/greeter", "v1.0.0", recipe, "Shorter.")}


def test_an_image_is_built_named_and_found_again(
    entries: dict[str, Entry], reporter: Recorder, tmp_path: Path
) -> None:
    forged = ensure(["example/greeter:v1.0.0"], reporter, pull=False, entries=entries)
    (asked,) = forged
    made = forged[asked]
    assert (asked, made.name) == ("example/greeter:v1.0.0", NAME)
    assert (made.origin, made.note) == (Origin.FORGED, "Shorter.")
    assert made.reason == f"Go module {LIB} v1.0.0"
    assert made.archive is not None
    with tarfile.open(made.archive) as tar:
        (manifest,) = json.loads(content(tar, "manifest.json"))
        assert manifest["RepoTags"] == [NAME]
        tar.extract(manifest["Layers"][-1], tmp_path, filter="data")
    with tarfile.open(tmp_path / manifest["Layers"][-1]) as tar:
        tar.extract("bin/greeter", tmp_path, filter="data")
    said = subprocess.run([tmp_path / "bin/greeter"], capture_output=True, check=True, text=True)
    assert said.stderr == "hello everybody\n"

    written = made.archive.stat().st_mtime_ns
    again = ensure([NAME], reporter, pull=False, entries=entries)[NAME]
    assert again == made
    assert made.archive.stat().st_mtime_ns == written


def test_another_way_to_run_it_does_not_compile_it_again(
    entries: dict[str, Entry], reporter: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ensure([NAME], reporter, pull=False, entries=entries)[NAME]
    entry = entries[NAME]
    assert isinstance(entry.how, Recipe)
    other = {NAME: replace(entry, how=replace(entry.how, user="7:7"))}
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("local.toolchain.golang.USUAL_PLACES", ())
    second = ensure([NAME], reporter, pull=False, entries=other)[NAME]
    assert second.archive is not None
    assert second.archive != first.archive


def test_what_a_killed_run_left_is_cleared_away(
    entries: dict[str, Entry], reporter: Recorder
) -> None:
    entry = entries[NAME]
    assert isinstance(entry.how, Recipe)
    file = making.archive_of(entry, entry.how)
    left = file.with_suffix(".work")
    left.mkdir(parents=True)
    (left / "0.tar").write_text("half a layer")
    ensure([NAME], reporter, pull=False, entries=entries)
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_archives_of_earlier_recipes_do_not_pile_up(
    entries: dict[str, Entry], reporter: Recorder, cache_root: Path
) -> None:
    entry = entries[NAME]
    assert isinstance(entry.how, Recipe)
    near = f"{NAME}-rc1"
    made: list[Path] = []
    for user in ("1:1", "2:2", "3:3"):
        for name in (near, NAME):
            tag = name.rpartition(":")[2]
            table = {name: replace(entry, tag=tag, how=replace(entry.how, user=user))}
            file = ensure([name], reporter, pull=False, entries=table)[name].archive
            assert file is not None
            made.append(file)
            os.utime(file, (len(made), len(made)))
    assert [each for each in made if each.exists()] == made[2:]
    assert sorted((cache_root / "forge" / "images").glob("*.tar")) == sorted(made[2:])


def test_sources_of_another_hash_are_refused(
    entries: dict[str, Entry], module: GoModule, reporter: Recorder
) -> None:
    wrong = replace(module, sum="h1:" + "A" * 43 + "=")
    recipe = Recipe((GoProgram("/bin/greeter", "./cmd/greeter", wrong),))
    table = {NAME: replace(entries[NAME], how=recipe)}
    with pytest.raises(LocalCloudError, match="not those that are pinned") as error:
        ensure([NAME], reporter, pull=False, entries=table)
    assert module.sum in error.value.detail
    assert forging.cached(plan(NAME, table)) is None


def test_a_package_that_does_not_compile_leaves_nothing(
    entries: dict[str, Entry], module: GoModule, reporter: Recorder, cache_root: Path
) -> None:
    recipe = Recipe((GoProgram("/bin/greeter", "./cmd/nothing", module),))
    table = {NAME: replace(entries[NAME], how=recipe)}
    with pytest.raises(LocalCloudError, match="greeter could not be built"):
        ensure([NAME], reporter, pull=False, entries=table)
    assert list((cache_root / "forge").rglob("*.tar")) in (
        [],
        list((cache_root / "forge" / "parts").rglob("*.tar")),
    )


def test_images_that_nobody_knows_are_one_error_and_nothing_is_made(
    entries: dict[str, Entry], reporter: Recorder, cache_root: Path
) -> None:
    asked = [NAME, "example/greter:v1.0.0", "example/greeter:v2.0.0", "ghcr.io/who/knows:1"]
    with pytest.raises(LocalCloudError) as error:
        ensure(asked, reporter, pull=False, entries=entries)
    text = str(error.value)
    assert "example/greter:v1.0.0: did you mean docker.io/example/greeter:v1.0.0?" in text
    assert "example/greeter:v2.0.0: of this image the forge makes v1.0.0" in text
    assert "ghcr.io/who/knows:1" in text
    assert "table.py" in error.value.hint
    assert not (cache_root / "forge").exists()


def test_all_wrong_names_are_told_at_once(reporter: Recorder) -> None:
    with pytest.raises(LocalCloudError) as error:
        ensure(["A/b:1", "a b", NAME], reporter, pull=False)
    assert "'A/b:1'" in error.value.what
    assert "'a b'" in error.value.what


def test_what_cannot_be_made_is_simulated_and_says_why(reporter: Recorder) -> None:
    image = "nvcr.io/nvidia/tritonserver:26.07-py3"
    made = ensure([image], reporter, pull=False)[image]
    assert (made.origin, made.archive) == (Origin.SIMULATED, None)
    assert "GPU" in made.reason


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, str], Path]:
    """Put a buildah on PATH that says something; returns the list of what it was asked."""
    monkeypatch.setattr("local.forge.registry.reach", reached)
    monkeypatch.setattr(forging, "_made", made_at_once)
    asked = tmp_path / "asked"
    asked.touch()

    def put(code: int, text: str) -> Path:
        script(
            tmp_path / "path" / "buildah",
            f'echo "$@" >> {asked}\n'
            f'for last; do :; done; case "$last" in docker-archive:*) '
            f'file=${{last#docker-archive:}}; echo image > "${{file%%:*}}";; esac\n'
            f'echo "{text}" >&2; exit {code}\n',
        )
        monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:{os.environ['PATH']}")
        return asked

    return put


def test_a_registry_that_gives_nothing_is_asked_once(
    entries: dict[str, Entry], reporter: Recorder, says: Callable[[int, str], Path]
) -> None:
    asked = says(125, "initializing source: pinging registry: no route to host")
    other = "docker.io/example/other:v1.0.0"
    table = entries | {other: replace(entries[NAME], repository="docker.io/example/other")}
    made = ensure([NAME, other], reporter, entries=table)
    assert [made[NAME].reason, made[other].reason] == ["made", "made"]
    assert asked.read_text().count(" pull ") == 1


def test_a_registry_that_cannot_be_reached_is_said_in_the_error(
    reporter: Recorder, says: Callable[[int, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = says(0, "")
    monkeypatch.setattr("local.forge.registry.reach", unreached)
    with pytest.raises(LocalCloudError) as error:
        ensure(["ghcr.io/who/knows:1"], reporter)
    assert "the registry ghcr.io cannot be reached: No address" in error.value.detail
    assert asked.read_text() == ""


def test_a_registry_that_answers_knows_best(
    entries: dict[str, Entry], reporter: Recorder, says: Callable[[int, str], Path]
) -> None:
    says(125, "reading manifest 1: manifest unknown")
    with pytest.raises(LocalCloudError, match=r"There is no image ghcr\.io/who/knows:1"):
        ensure(["ghcr.io/who/knows:1"], reporter, entries=entries)
    # But what can be made here is made.
    assert ensure([NAME], reporter, entries=entries)[NAME].reason == "made"


def test_what_is_pulled_is_kept_under_its_name(
    entries: dict[str, Entry], reporter: Recorder, says: Callable[[int, str], Path]
) -> None:
    says(0, "")
    image = "ghcr.io/who/knows:1"
    made = ensure([image], reporter, entries=entries)[image]
    assert (made.origin, made.name) == (Origin.PULLED, image)
    assert made.archive is not None
    assert made.archive.read_text() == "image\n"
    assert ensure([image], reporter, pull=False, entries=entries)[image] == made


def test_nobody_at_the_door_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    assert "refused" in reach("127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert reach("127.0.0.1:9") == ""
