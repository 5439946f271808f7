import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.toolchain import golang
from local.toolchain.modules import module_folder, module_folders
from tests.unit.toolchain.hello import Recorder

LIB = "example.test/lib"


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module proxy in a folder, with versions v1.0.0 and v1.1.0 of one module."""
    root = tmp_path / "proxy"
    versions = root / LIB / "@v"
    versions.mkdir(parents=True)
    for version in ("v1.0.0", "v1.1.0"):
        (versions / f"{version}.info").write_text(f'{{"Version": "{version}"}}')
        (versions / f"{version}.mod").write_text(f"module {LIB}\n")
        with zipfile.ZipFile(versions / f"{version}.zip", "w") as archive:
            archive.writestr(f"{LIB}@{version}/go.mod", f"module {LIB}\n")
            archive.writestr(f"{LIB}@{version}/crds/crd.yaml", f"kind: {version}\n")
            archive.writestr(f"{LIB}@{version}/data", bytes(3 * 2**20))
    monkeypatch.setenv("GOPROXY", root.as_uri())
    monkeypatch.setenv("GONOSUMDB", "*")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modcache"))
    monkeypatch.setenv("GOFLAGS", "-modcacherw")
    return root


@pytest.mark.usefixtures("proxy")
def test_folder_of_a_module_holds_its_files(reporter: Recorder) -> None:
    folder = module_folder(LIB, "v1.0.0", reporter)
    assert (folder / "crds" / "crd.yaml").read_text() == "kind: v1.0.0\n"


@pytest.mark.usefixtures("proxy")
def test_many_modules_in_one_call(reporter: Recorder) -> None:
    wanted = [(LIB, "v1.0.0"), (LIB, "v1.1.0"), (LIB, "v1.0.0")]
    folders = module_folders(wanted, reporter)
    assert set(folders) == set(wanted)
    assert (folders[LIB, "v1.1.0"] / "crds" / "crd.yaml").read_text() == "kind: v1.1.0\n"
    assert module_folders([], reporter) == {}


@pytest.mark.usefixtures("proxy")
def test_modules_that_are_not_to_be_had_are_all_named(reporter: Recorder) -> None:
    with pytest.raises(LocalCloudError) as error:
        module_folders(
            [(LIB, "v1.0.0"), (LIB, "v7.0.0"), ("example.test/none", "v1.0.0")], reporter
        )
    assert f"{LIB}@v7.0.0, example.test/none@v1.0.0" in error.value.what
    assert f"{LIB}@v1.0.0" not in error.value.what
    assert "does not serve" in error.value.hint


@pytest.mark.usefixtures("proxy")
def test_the_folder_one_is_in_has_no_say(
    reporter: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "go.mod").write_text("this is no go.mod\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOFLAGS", "-mod=mod -modcacherw")
    assert module_folder(LIB, "v1.0.0", reporter).is_dir()


def test_unreachable_proxy_is_told(
    reporter: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modcache"))
    with pytest.raises(LocalCloudError) as error:
        module_folder(LIB, "v1.0.0", reporter)
    assert "GOPROXY" in error.value.hint
    assert "connection refused" in error.value.detail


def test_without_go_it_is_told(
    reporter: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    first_on_path: Callable[[str, str], Path],
) -> None:
    first_on_path("go", "exit 1")
    monkeypatch.setattr(golang, "USUAL_PLACES", ())
    with pytest.raises(LocalCloudError, match=r"Go 1\.16 or newer is needed"):
        module_folder(LIB, "v1.0.0", reporter)


@pytest.mark.usefixtures("proxy")
def test_full_disk_of_the_module_cache_is_told(
    reporter: Recorder, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOMODCACHE", str(tiny_disk / "modules"))
    with pytest.raises(LocalCloudError) as error:
        module_folder(LIB, "v1.0.0", reporter)
    assert str(tiny_disk / "modules") in error.value.what
    assert "set GOMODCACHE to a folder on another disk" in error.value.hint
