"""The two steps of the image builds that are programs of ours."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from images import collect_triton, slim
from images.collect_triton import LayoutError

PACKAGES = "lib/python3.11/site-packages"


def put(root: Path, name: str, content: bytes = b"x" * 10) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_tests_and_unused_folders_go_and_packages_of_that_name_stay(tmp_path: Path) -> None:
    packages = tmp_path / PACKAGES
    put(packages, "numpy/core/tests/test_a.py")
    put(packages, "numpy/core/a.py")
    put(packages, "tests/a.py")
    put(packages, "phonenumbers/geodata/de.py")
    put(packages, "phonenumbers/data.py")
    put(packages, "hf_xet-1.2.3.dist-info/METADATA")
    assert slim.main([str(tmp_path)]) == 0
    left = {str(each.relative_to(packages)) for each in packages.rglob("*") if each.is_file()}
    assert left == {"numpy/core/a.py", "tests/a.py", "phonenumbers/data.py"}


def test_a_folder_that_is_no_environment_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert slim.main([str(tmp_path)]) == 2
    assert "no Python environment" in capsys.readouterr().err


@pytest.mark.skipif(
    not (shutil.which("cc") and shutil.which("strip")), reason="needs a C compiler and binutils"
)
def test_a_stripped_library_loads_and_one_that_does_not_load_stays(tmp_path: Path) -> None:
    source = put(tmp_path, "a.c", b"static int unused_name(void){return 1;} int f(void){return 2;}")
    good, bundled = tmp_path / "good.so", tmp_path / "numpy.libs/b.so"
    bundled.parent.mkdir()
    for made in (good, bundled):
        subprocess.run(["cc", "-g", "-shared", "-o", made, source], check=True)
    # Needs a symbol that nobody has: the loader refuses it, stripped or not.
    odd = put(tmp_path, "odd.c", b"extern int nowhere(void); int (*p)(void) = nowhere;")
    broken = tmp_path / "broken.so"
    subprocess.run(["cc", "-g", "-shared", "-o", broken, odd], check=True)
    put(tmp_path, "text.so", b"no library")
    before = {each: each.stat().st_size for each in (good, bundled, broken)}
    assert set(slim.compiled(tmp_path)) == {good, broken}
    freed = slim.strip(slim.compiled(tmp_path))
    assert freed == before[good] - good.stat().st_size > 0
    assert broken.stat().st_size == before[broken]
    assert slim.loading_error(good) == ""
    assert "nowhere" in slim.loading_error(broken)
    assert not list(tmp_path.rglob("*.stripped"))


def test_triton_is_laid_out_as_in_its_own_image(tmp_path: Path) -> None:
    packages = Path(sysconfig.get_paths()["purelib"])
    target = tmp_path / "tritonserver"
    libraries = collect_triton.collect(packages, target)
    for program in ("bin/tritonserver", "backends/python/triton_python_backend_stub"):
        assert (target / program).stat().st_mode & 0o777 == 0o755
    assert (target / "caches/local/libtritoncache_local.so").is_file()
    assert (target / "backends/python/triton_python_backend_utils.py").is_file()
    assert any(each.startswith("libtritonserver") for each in libraries)
    assert {each.name for each in (target / "lib").iterdir()} >= {
        (packages / collect_triton.LIBRARIES / each).name for each in libraries
    }
    # Only the stub of this Python came along, and nothing that only the others need.
    assert not [each for each in libraries if "libpython" in each]
    assert list(target.glob("nvidia_pytriton-*.dist-info/METADATA"))
    shutil.rmtree(target)  # 100 MB, which pytest would keep


def test_another_layout_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert collect_triton.main([str(tmp_path), str(tmp_path / "out")]) == 1
    assert "has another layout" in capsys.readouterr().err
    with pytest.raises(LayoutError, match=r"needs liba\.so, which is not there"):
        collect_triton.bundled(Path("x"), "\tliba.so => not found\n")
