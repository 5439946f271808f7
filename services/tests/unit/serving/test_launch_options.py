"""How Triton is started; that it starts is shown by the live tests."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import MODEL_REPO
from serving import launch, regions
from serving.launch import Installation, LaunchError, Options, build_runtime, command, environment

HERE = Installation(Path("/t"), Path("/t/stub"), "/python/lib", Path("/venv/bin"))


def words(**changes: object) -> list[str]:
    options = Options(MODEL_REPO, **changes)  # pyright: ignore[reportArgumentType]
    return command(options, HERE, Path("/runtime"), 42)


def test_only_loopback_and_only_what_is_named() -> None:
    given = words(load=("minilm", "smollm2"))
    for name in ("http", "grpc", "metrics"):
        assert f"--{name}-address=127.0.0.1" in given
    assert [word for word in given if "load-model" in word] == [
        "--load-model=minilm",
        "--load-model=smollm2",
    ]
    assert "--model-control-mode=explicit" in given
    assert "--exit-on-error=true" in given
    assert "--backend-config=python,shm-region-prefix-name=llmp_triton_42_" in given


def test_cache_and_traces_can_be_chosen() -> None:
    assert "--cache-config=local,size=1000" in words(cache_bytes=1000)
    assert not [word for word in words(cache_bytes=0) if "cache-config" in word]
    assert not [word for word in words() if "trace" in word]
    traced = words(trace_url="http://127.0.0.1:4318/v1/traces", trace_rate=5)
    assert "--trace-config=opentelemetry,url=http://127.0.0.1:4318/v1/traces" in traced
    assert "--trace-config=rate=5" in traced


def test_what_follows_goes_to_the_server() -> None:
    options = launch.parse(
        ["--repository", "r", "--load", "a", "b", "--load", "a", "--", "--log-verbose=1", "--x"]
    )
    assert options.load == ("a", "b")
    assert options.extra == ("--log-verbose=1", "--x")


def test_models_run_in_this_python() -> None:
    found = environment(HERE, {"PATH": "/usr/bin", "LD_LIBRARY_PATH": "/other", "A": "b"})
    assert found == {
        "PATH": "/venv/bin:/usr/bin",
        "LD_LIBRARY_PATH": "/python/lib:/other",
        "A": "b",
    }
    bare = Installation(Path("/t"), Path("/t/stub"), "", Path("/venv/bin"))
    assert environment(bare, {})["LD_LIBRARY_PATH"] == ""


def test_every_problem_is_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = launch.find_problems(
            Options(MODEL_REPO, http_port=port, load=("nothing",), cache_bytes=-1, trace_rate=0)
        )
    text = "\n".join(found)
    assert f"{MODEL_REPO} has no model nothing" in text
    assert "--cache-bytes: -1" in text
    assert "--trace-rate: 0" in text
    assert launch.find_problems(Options(MODEL_REPO, http_port=0))
    assert "must differ" in launch.find_problems(Options(MODEL_REPO, http_port=7, grpc_port=7))[0]
    assert "there is no folder" in launch.find_problems(Options(MODEL_REPO / "none"))[0]


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = launch.find_problems(Options(MODEL_REPO, grpc_port=port))
    assert any(each.startswith(f"--grpc-port: port {port} of 127.0.0.1") for each in found)


def test_the_folder_of_links_can_be_used_again(tmp_path: Path) -> None:
    triton = tmp_path / "triton"
    (triton / "backends/python").mkdir(parents=True)
    for name in ("libtriton_python.so", "utils.py"):
        (triton / "backends/python" / name).write_text("")
    for stub in ("one", "two", "two"):
        build_runtime(
            tmp_path / "runtime", Installation(triton, tmp_path / stub / "stub", "", tmp_path)
        )
    folder = tmp_path / "runtime/backends/python"
    assert sorted(each.name for each in folder.iterdir()) == [
        "libtriton_python.so",
        "stub",
        "utils.py",
    ]
    assert (folder / "stub").readlink() == tmp_path / "two/stub"


def test_shared_memory_of_dead_servers_is_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = [f"llmp_triton_{gone.pid}_a", f"llmp_triton_{os.getpid()}_b", "triton_c"]
    for name in names:
        (tmp_path / name).write_bytes(b"0")
    assert regions.remove_stale_regions(tmp_path) == names[:1]
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(names[1:])


def test_a_mistake_is_one_error_without_a_trace(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving.launch", "--repository", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f"error: --repository: there is no folder {tmp_path / 'none'}\n"


def test_without_pytriton_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        assert name == "pytriton"

    monkeypatch.setattr(launch.importlib.util, "find_spec", nothing)
    with pytest.raises(LaunchError, match="nvidia-pytriton, which carries Triton, is not"):
        launch.find_installation()
