"""Two processes, killed processes and full disks: always with real processes and files."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.paths import REPOSITORY
from local.toolchain import Source, Tool, ensure
from tests.unit.toolchain.hello import Recorder, make_tool, script

# Started in the background of a shell, a test run ignores Ctrl-C and so would its children.
WORKER = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from local.reporter import LineReporter
from local.toolchain import Source, ensure
from tests.unit.toolchain.hello import make_tool
try:
    print(ensure(["hello"], LineReporter(), sources=(Source.CACHE, Source.BUILD),
                 tools={"hello": make_tool(Path(sys.argv[1]))})["hello"])
except KeyboardInterrupt:
    sys.exit(130)
"""


def worker(module: Path, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(module)],
        cwd=REPOSITORY,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def slow_compiler(tmp_path: Path, seconds: int) -> tuple[dict[str, str], Path]:
    """Settings that make every run of compiler and linker slow, and the log of these runs."""
    log = tmp_path / "runs.log"
    wrapper = script(
        tmp_path / "slow",
        f'case "$*" in *-V=full*) exec "$@";; esac\n'
        f'echo "$$ $PPID" >> {log}\nsleep {seconds}\nexec "$@"',
    )
    return {"GOFLAGS": f"-toolexec={wrapper}", "GOCACHE": str(tmp_path / "gocache")}, log


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 3
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(is_running, pids))


def compilers_and_go(log: Path) -> tuple[list[int], list[int]]:
    lines = [line.split() for line in log.read_text().splitlines()]
    return [int(own) for own, _ in lines], [int(parent) for _, parent in lines]


def get(hello: Tool, reporter: Recorder) -> Path:
    return ensure(
        ["hello"], reporter, sources=(Source.CACHE, Source.BUILD), tools={"hello": hello}
    )["hello"]


def test_two_processes_build_once_and_the_second_waits(module: Path, tmp_path: Path) -> None:
    log = tmp_path / "links.log"
    wrapper = script(
        tmp_path / "slow",
        f'case "$*" in *-V=full*) ;; */link\\ *) echo link >> {log}; sleep 1;; esac\nexec "$@"',
    )
    workers = [worker(module, GOFLAGS=f"-toolexec={wrapper}") for _ in range(2)]
    answers = [each.communicate(timeout=120) for each in workers]
    assert [each.returncode for each in workers] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert log.read_text() == "link\n"
    pids = {str(each.pid) for each in workers}
    told = [errors for _, errors in answers if "is making it, waiting" in errors]
    assert len(told) == 1
    assert any(f"process {pid} is making it" in told[0] for pid in pids)


def test_ctrl_c_ends_the_compilers_and_leaves_no_rubbish(
    module: Path, tmp_path: Path, cache_root: Path, hello: Tool, reporter: Recorder
) -> None:
    env, log = slow_compiler(tmp_path, 60)
    build = worker(module, **env)
    wait_for(log)
    build.send_signal(signal.SIGINT)
    _, errors = build.communicate(timeout=20)
    assert build.returncode == 130, errors
    compilers, go = compilers_and_go(log)
    assert gone([*compilers, *go])
    assert not list(cache_root.rglob(".work-*"))
    assert get(hello, reporter).exists()


def test_killed_process_takes_go_along_and_the_next_run_cleans_up(
    module: Path, tmp_path: Path, cache_root: Path, hello: Tool, reporter: Recorder
) -> None:
    env, log = slow_compiler(tmp_path, 6)
    build = worker(module, **env)
    wait_for(log)
    time.sleep(0.5)  # until go has all its compilers and is quiet: its next word would end it too
    build.kill()
    build.communicate()
    assert list(cache_root.rglob(".work-*"))
    _, go = compilers_and_go(log)
    assert gone(go)
    began = time.monotonic()
    assert get(hello, reporter).exists()
    assert "waiting" not in reporter.text
    assert time.monotonic() - began < 60
    assert not list(cache_root.rglob(".work-*"))


def test_too_little_space_is_told_before_the_build(
    module: Path, reporter: Recorder, cache_root: Path
) -> None:
    huge = make_tool(module, size_mib=10**9)
    with pytest.raises(LocalCloudError) as error:
        get(huge, reporter)
    assert str(cache_root) in error.value.what
    assert "MiB are free, about 3000000000 MiB are needed" in error.value.what
    assert "LLMP_CACHE" in error.value.hint


def test_disk_that_fills_up_at_the_end_is_told(
    hello: Tool, reporter: Recorder, monkeypatch: pytest.MonkeyPatch, cache_root: Path
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(LocalCloudError) as error:
            get(hello, reporter)
    assert str(cache_root) in error.value.what
    assert "LLMP_CACHE" in error.value.hint
    assert not list(cache_root.rglob(".work-*"))
    assert get(hello, Recorder()).exists()


def test_full_disk_of_the_cache_is_told(
    tiny_disk: Path, module: Path, reporter: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMP_CACHE", str(tiny_disk / "cache"))
    tool = make_tool(module, size_mib=0)
    with pytest.raises(LocalCloudError) as error:
        get(tool, reporter)
    assert str(tiny_disk) in error.value.what
    assert "full" in error.value.what
    assert "LLMP_CACHE" in error.value.hint
    monkeypatch.setenv("LLMP_CACHE", str(module.parent / "elsewhere"))
    assert get(tool, Recorder()).exists()
