from pathlib import Path

from local.images import budget, contents
from local.images.budget import Measured
from local.images.store import MB


def put(root: Path, name: str, size: int = 10) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        opened.truncate(size)


def test_a_budget_is_exceeded_by_more_than_it_not_by_all_of_it() -> None:
    full, more = Measured("a", 100.0, 100), Measured("b", 120.4, 100)
    assert budget.over([full]) == []
    assert budget.over([full, more]) == ["b is 20 MB above its budget of 100 MB"]
    assert more.text == "b: 120 MB of 100 MB, 120 %"


def test_files_belong_to_packages_folders_or_debian(tmp_path: Path) -> None:
    packages = "opt/venv/lib/python3.11/site-packages"
    put(tmp_path, f"{packages}/numpy/core/a.so", 4 * MB)
    put(tmp_path, f"{packages}/numpy.libs/b.so", 3 * MB)
    put(tmp_path, f"{packages}/numpy-1.26.4.dist-info/METADATA", 1 * MB)
    put(tmp_path, "opt/tritonserver/bin/tritonserver", 5 * MB)
    put(tmp_path, "usr/bin/bash", 2 * MB)
    (tmp_path / "usr/bin/sh").symlink_to("bash")
    sizes = budget.parts(tmp_path)
    assert sizes == {
        "Python: numpy": 8 * MB,
        "/opt/tritonserver": 5 * MB,
        "Debian and Python itself": 2 * MB,
    }
    assert budget.largest(sizes, 1) == [("Python: numpy", 8.0), ("2 more", 7.0)]
    assert budget.largest(sizes) == [
        ("Python: numpy", 8.0),
        ("/opt/tritonserver", 5.0),
        ("Debian and Python itself", 2.0),
    ]


def test_weights_are_found_by_name_and_size(tmp_path: Path) -> None:
    put(tmp_path, "opt/x/model.gguf", 3 * MB)
    put(tmp_path, "opt/x/example.onnx", 100)
    put(tmp_path, "opt/x/library.so", 9 * MB)
    assert contents.weights(tmp_path) == ["/opt/x/model.gguf (3 MB)"]
