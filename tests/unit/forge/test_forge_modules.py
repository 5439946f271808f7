"""Modules that are not served whole: with nested ones, and with files that are added."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.forge import go_builds
from local.forge.model import GoModule, GoProgram, NestedModule
from tests.unit.toolchain.hello import Recorder

LIB = "example.test/greeter"
WORDS = f"{LIB}/words"
VERSION = "v1.0.0"
WORDS_MOD = f"module {WORDS}\n\ngo 1.21\n"
LIB_MOD = f"""module {LIB}

go 1.21

require {WORDS} v0.9.0

replace {WORDS} => ./words
"""
MAIN = f"""package main

import "{WORDS}"

func main() {{ println(words.Greeting) }}
"""
BESIDE = "package main\n\nfunc main() { println(greeting()) }\n"


def serve(root: Path, path: str, go_mod: str, files: dict[str, str]) -> None:
    versions = root / path / "@v"
    versions.mkdir(parents=True)
    (versions / f"{VERSION}.info").write_text(json.dumps({"Version": VERSION}))
    (versions / f"{VERSION}.mod").write_text(go_mod)
    with zipfile.ZipFile(versions / f"{VERSION}.zip", "w") as archive:
        for name, text in {"go.mod": go_mod, **files}.items():
            archive.writestr(f"{path}@{VERSION}/{name}", text)


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "proxy"
    words = {"words.go": 'package words\n\nconst Greeting = "hello"\n'}
    serve(root, WORDS, WORDS_MOD, words)
    files = {"go.sum": "", "cmd/greeter/main.go": MAIN, "cmd/beside/main.go": BESIDE}
    serve(root, LIB, LIB_MOD, files)
    monkeypatch.setenv("GOPROXY", root.as_uri())
    monkeypatch.setenv("GONOSUMDB", "*")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modcache"))
    monkeypatch.setenv("GOFLAGS", "-modcacherw")
    return root


def sums(path: str, folder: Path) -> tuple[str, str]:
    command = ["go", "mod", "download", "-json", f"{path}@{VERSION}"]
    said = subprocess.run(command, capture_output=True, check=True, text=True, cwd=folder)
    answer = json.loads(said.stdout)
    return answer["Sum"], answer["GoModSum"]


def said_by(program: Path) -> str:
    return subprocess.run([program], capture_output=True, check=True, text=True).stderr


def test_a_nested_module_is_taken_from_where_it_is_served(
    proxy: Path, tmp_path: Path, reporter: Recorder
) -> None:
    module = GoModule(LIB, VERSION, sums(LIB, proxy)[0])
    nested = NestedModule(WORDS, VERSION, *sums(WORDS, proxy))
    with pytest.raises(LocalCloudError, match="could not be built"):
        go_builds.ensure(GoProgram("/bin/greeter", "./cmd/greeter", module), reporter)

    whole = GoProgram("/bin/greeter", "./cmd/greeter", module, nested=(nested,))
    assert said_by(go_builds.ensure(whole, reporter)) == "hello\n"


def test_a_nested_module_of_another_hash_is_refused(proxy: Path, reporter: Recorder) -> None:
    module = GoModule(LIB, VERSION, sums(LIB, proxy)[0])
    other = NestedModule(WORDS, VERSION, f"h1:{'x' * 43}=", sums(WORDS, proxy)[1])
    with pytest.raises(LocalCloudError) as refused:
        go_builds.ensure(GoProgram("/greeter", "./cmd/greeter", module, nested=(other,)), reporter)
    assert "checksum mismatch" in str(refused.value.detail)


def test_a_file_of_ours_is_compiled_with_the_module(
    proxy: Path, tmp_path: Path, reporter: Recorder
) -> None:
    ours = tmp_path / "ours.go"
    ours.write_text('package main\n\nfunc greeting() string { return "ours" }\n')
    module = GoModule(LIB, VERSION, sums(LIB, proxy)[0])
    program = GoProgram("/beside", "./cmd/beside", module, added={"cmd/beside/greeting.go": ours})
    assert said_by(go_builds.ensure(program, reporter)) == "ours\n"
    left = go_builds.entry(program).folder.iterdir()
    assert not [each for each in left if each.is_dir()]
