import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.toolchain import Source, Tool, ensure, golang
from tests.unit.toolchain.hello import VERSION, Recorder

CACHE_AND_BUILD = (Source.CACHE, Source.BUILD)


def get(hello: Tool, reporter: Recorder, *sources: Source) -> Path:
    return ensure(["hello"], reporter, sources=sources or tuple(Source), tools={"hello": hello})[
        "hello"
    ]


def test_builds_once_then_takes_it_from_the_cache(hello: Tool, reporter: Recorder) -> None:
    program = get(hello, reporter)
    said = subprocess.run([program], capture_output=True, text=True, check=True)
    assert VERSION in said.stderr
    made = program.stat().st_mtime_ns
    again = Recorder()
    assert get(hello, again) == program
    assert program.stat().st_mtime_ns == made
    assert [kind for kind, _, _ in again.events] == ["started", "finished"]
    assert "from the cache" in again.text


def test_nothing_but_program_and_record_is_left(
    hello: Tool, reporter: Recorder, cache_root: Path
) -> None:
    program = get(hello, reporter)
    files = {path.relative_to(cache_root).name for path in cache_root.rglob("*") if path.is_file()}
    assert files == {"hello", "record.json", "lock"}
    assert program.parent.parent.name == VERSION


def flip(program: Path) -> None:
    content = bytearray(program.read_bytes())
    content[len(content) // 2] ^= 0xFF
    program.write_bytes(content)


def truncate(program: Path) -> None:
    os.truncate(program, 100)


def forget(program: Path) -> None:
    (program.parent / "record.json").unlink()


def garble(program: Path) -> None:
    (program.parent / "record.json").write_text('{"sha256": ')


def remove(program: Path) -> None:
    program.unlink()


@pytest.mark.parametrize("harm", [flip, truncate, forget, garble, remove])
def test_damaged_entry_is_told_and_made_anew(
    hello: Tool, reporter: Recorder, harm: Callable[[Path], None]
) -> None:
    program = get(hello, reporter)
    whole = program.read_bytes()
    harm(program)
    again = Recorder()
    assert get(hello, again) == program
    assert program.read_bytes() == whole
    assert "damaged" in again.text
    assert "built" in again.text


def test_touched_but_whole_entry_is_kept(hello: Tool, reporter: Recorder) -> None:
    program = get(hello, reporter)
    inode = program.stat().st_ino
    os.utime(program, (1, 1))
    again = Recorder()
    get(hello, again)
    assert program.stat().st_ino == inode
    assert "damaged" not in again.text
    third = Recorder()
    get(hello, third, Source.CACHE)
    assert "from the cache" in third.text


def test_right_version_on_path_is_used(
    hello: Tool, reporter: Recorder, first_on_path: Callable[[str, str], Path], cache_root: Path
) -> None:
    program = first_on_path("hello", f"echo hello v{VERSION}")
    assert get(hello, reporter) == program
    assert not cache_root.exists()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("echo hello v1.2.4", "version 1.2.4"),
        ("echo hello v1.2.3-rc.1", "version 1.2.3-rc.1"),
        ("echo broken; exit 1", "version unknown"),
    ],
)
def test_wrong_version_on_path_is_told_and_passed_over(
    hello: Tool,
    reporter: Recorder,
    first_on_path: Callable[[str, str], Path],
    answer: str,
    told: str,
) -> None:
    program = first_on_path("hello", answer)
    assert get(hello, reporter) != program
    assert f"{told}, {VERSION} is wanted" in reporter.text


def test_without_go_it_says_which_version_is_needed(
    hello: Tool, reporter: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(golang, "USUAL_PLACES", ())
    with pytest.raises(LocalCloudError) as error:
        get(hello, reporter)
    assert error.value.what == "hello 1.2.3: Go is not installed; version 1.21 is needed."
    assert "Install Go 1.21 or newer" in error.value.hint
    assert ("failed", "hello", error.value.what) in reporter.events


def test_old_go_that_may_not_switch_is_named(
    hello: Tool,
    reporter: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    first_on_path: Callable[[str, str], Path],
) -> None:
    program = first_on_path("go", "echo go version go1.20.3 linux/amd64")
    monkeypatch.setattr(golang, "USUAL_PLACES", ())
    with pytest.raises(LocalCloudError) as error:
        get(hello, reporter)
    assert f"{program} is Go 1.20.3" in error.value.detail
    assert "GOTOOLCHAIN" in error.value.hint


def test_go_is_found_where_its_archive_puts_it(
    hello: Tool, reporter: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not golang.find((1, 21)).program.match("/usr/local/go/bin/go"):
        pytest.skip("this machine's Go is elsewhere")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert get(hello, reporter).exists()


def test_sources_that_do_not_compile_are_shown(hello: Tool, reporter: Recorder) -> None:
    (hello.module / "main.go").write_text("package main\n\nfunc main() { undefinedName() }\n")
    with pytest.raises(LocalCloudError) as error:
        get(hello, reporter)
    assert error.value.what == "hello 1.2.3 could not be built."
    assert "undefinedName" in error.value.detail


def test_build_with_a_wrong_version_is_not_kept(
    hello: Tool, reporter: Recorder, cache_root: Path
) -> None:
    (hello.module / "main.go").write_text('package main\n\nfunc main() { println("v9.9.9") }\n')
    with pytest.raises(LocalCloudError, match=r"says that it is version 9\.9\.9"):
        get(hello, reporter)
    assert not list(cache_root.rglob("hello/**/hello"))


def test_only_allowed_sources_are_tried(hello: Tool, reporter: Recorder) -> None:
    with pytest.raises(LocalCloudError, match="not to be had"):
        get(hello, reporter, Source.PATH, Source.CACHE)


def test_user_settings_do_not_bend_a_build(
    hello: Tool, reporter: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOOS", "windows")
    monkeypatch.setenv("GOARCH", "arm")
    monkeypatch.setenv("GOWORK", "/nowhere/go.work")
    assert get(hello, reporter, *CACHE_AND_BUILD).exists()


def test_unwritable_cache_is_told(
    hello: Tool, reporter: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path / "file"))
    with pytest.raises(LocalCloudError) as error:
        get(hello, reporter, *CACHE_AND_BUILD)
    assert "LLMP_CACHE" in error.value.hint


def test_relative_cache_folder_is_one_of_the_caller(
    hello: Tool, reporter: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMP_CACHE", "beside")
    program = get(hello, reporter, *CACHE_AND_BUILD)
    assert program.is_relative_to(tmp_path / "beside")
