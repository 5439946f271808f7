"""Running Model Analyzer: its programs, its progress, its end, and what it may leave behind."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import yaml

from serving import launch, perf_analyzer, regions
from serving.profile_config import Tuned, change, read, rename
from serving.profile_results import Point, ResultsError, read_points
from serving.profile_search import Places, Search, analyzer_settings, today_name

TELL_SECONDS = 10.0
END_SECONDS = 5.0
"""How long Model Analyzer may take to end: its reports are written before its last word."""
RESULTS = Path("results") / "metrics-model-inference.csv"
LOG = "model-analyzer.log"
PIDS = "pids"
_PROFILING = re.compile(r"Profiling (\S+): concurrency=(\d+)")

Tell = Callable[[str], None]


class RunError(Exception):
    """The run failed; the message is for people."""


def run(
    search: Search, repository: Path, output: Path, *, limit: float, tell: Tell
) -> tuple[list[Point], dict[str, Tuned]]:
    """Measure.

    Args:
        search: What is tried.
        repository: Model repository.
        output: Folder for reports, plots, tables and logs; emptied first.
        limit: Seconds after which it is given up.
        tell: Takes words on the progress.

    Returns:
        The measurements, and what each configuration is, by its name.

    Raises:
        RunError: It could not be run, or failed.
        ResultsError: It ended without results.
    """
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    today = copy_model(search, repository, output / "repository")
    settings = analyzer_settings(search, _places(search, output / "repository", output), today)
    file = output / "model-analyzer.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    program = Path(sys.prefix) / "bin" / "model-analyzer"
    if not program.exists():
        raise RunError(f"{program} is missing; it belongs to the development group of services/")
    try:
        with (output / LOG).open("w", encoding="utf-8") as log:
            child = subprocess.Popen(
                [str(program), "profile", "--config-file", str(file)],
                cwd=output,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            code = _watched(child, log, search, limit, tell)
    finally:
        _end_servers(output / PIDS)
    table = output / RESULTS
    if code is None:
        raise RunError(
            f"stopped after {limit:.0f} s: the machine is too busy, or the search too big; "
            f"--limit allows more. Its log is {output / LOG}"
        )
    if not table.exists():
        tail = (output / LOG).read_text(encoding="utf-8").splitlines()[-12:]
        raise ResultsError(
            f"Model Analyzer ended with code {code} and without results; its log is "
            f"{output / LOG}:\n" + "\n".join(tail)
        )
    return read_points(table.read_text(encoding="utf-8")), _variants(output / "models", search)


def copy_model(search: Search, repository: Path, target: Path) -> Tuned:
    """Make the repository that is measured: the model without preferred batch sizes, and as it is.

    Returns:
        The model's present values.
    """
    source = repository / search.model
    text = (source / "config.pbtxt").read_text(encoding="utf-8")
    today = read(text)
    plain = change(text, replace(today, preferred_batch_size=()))
    name = today_name(search)
    copies = {search.model: plain}
    if today.preferred_batch_size:
        copies[name] = rename(text, name)
    for model, config in copies.items():
        ignored = shutil.ignore_patterns("__pycache__", "config.pbtxt")
        shutil.copytree(source, target / model, ignore=ignored)
        (target / model / "config.pbtxt").write_text(config, encoding="utf-8")
    return today


def default_output(model: str) -> Path:
    """Where reports go if nothing else is said: with all else that can be made again."""
    return perf_analyzer.cache_folder() / "profiles" / model


def versions() -> dict[str, str]:
    """What measured and what was measured."""
    from importlib.metadata import version  # noqa: PLC0415

    return {
        # The server's own version; that of the wheel which carries it is another.
        "triton": perf_analyzer.VERSION,
        "nvidia-pytriton": version("nvidia-pytriton"),
        "model-analyzer": version("triton-model-analyzer"),
        "perf_analyzer": perf_analyzer.VERSION,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
    }


def _places(search: Search, repository: Path, output: Path) -> Places:
    programs = output / "programs"
    programs.mkdir()
    try:
        installation = launch.find_installation()
        runtime = launch.default_runtime(installation)
        launch.build_runtime(runtime, installation)
        load = perf_analyzer.ensure()
        server_variables = launch.environment(installation, {"PATH": os.defpath})
        load_variables = perf_analyzer.environment({})
    except (launch.LaunchError, perf_analyzer.PerfAnalyzerError) as error:
        raise RunError(str(error)) from error
    arguments = [
        f"--backend-directory={runtime / 'backends'}",
        f"--cache-directory={installation.triton / 'caches'}",
        "--cache-config=local,size=67108864",
    ]
    # The shell's number, ``$$``, is the server's, because the shell becomes the server.
    named = f"--backend-config=python,shm-region-prefix-name={regions.REGION_PREFIX}$$_"
    command = shlex.join([str(installation.triton / "bin/tritonserver"), *arguments])
    server = _script(
        programs / "tritonserver",
        server_variables,
        [f"echo $$ >> {shlex.quote(str(output / PIDS))}", f'exec {command} {named} "$@"'],
    )
    inputs = output / "inputs.json" if search.inputs else None
    if inputs is not None:
        inputs.write_text(json.dumps({"data": list(search.inputs)}), encoding="utf-8")
    return Places(
        # Triton, and so Model Analyzer's copies of models, must not have blanks in their path.
        repository=launch.shell_path(repository, runtime),
        output=launch.shell_path(output, runtime),
        triton=server,
        perf_analyzer=_script(
            programs / "perf_analyzer", load_variables, [f'exec {shlex.quote(str(load))} "$@"']
        ),
        inputs=inputs,
        ports=_free_ports(),
    )


def _script(path: Path, variables: Mapping[str, str], lines: list[str]) -> Path:
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    path.write_text("\n".join(["#!/bin/sh", *exports, *lines, ""]), encoding="utf-8")
    path.chmod(0o700)
    return path


def _free_ports() -> tuple[int, int, int]:
    with ExitStack() as opened:
        probes = [opened.enter_context(socket.socket()) for _ in range(3)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        first, second, third = (int(probe.getsockname()[1]) for probe in probes)
    return first, second, third


def _watched(
    child: subprocess.Popen[str], log: IO[str], search: Search, limit: float, tell: Tell
) -> int | None:
    """Follow Model Analyzer to its end; returns its exit code, None when it took too long."""
    began, told, points = time.monotonic(), 0.0, 0
    try:
        for line in child.stdout or ():
            log.write(line)
            log.flush()
            seconds = time.monotonic() - began
            found = _PROFILING.search(line)
            if found:
                points += 1
            if found or seconds - told >= TELL_SECONDS:
                told = seconds
                words = f"{found[1]}, {found[2]} at a time" if found else line.strip()[:100]
                tell(f"measurement {points} of {search.points()}: {words} ({seconds:.0f} s)")
            if seconds > limit:
                return None
        return child.wait(END_SECONDS)
    finally:
        _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    """End Model Analyzer and the load generator, which are in a session of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(END_SECONDS)


def _end_servers(pids: Path) -> None:
    """End servers that are still there, each of which is in a session of its own."""
    with suppress(FileNotFoundError):
        for word in pids.read_text(encoding="utf-8").split():
            program = Path(f"/proc/{word}/exe")
            with suppress(OSError, ProcessLookupError):
                if program.readlink().name == "tritonserver":
                    os.kill(int(word), signal.SIGKILL)
                    while program.exists():
                        time.sleep(0.05)
    regions.remove_stale_regions()


def _variants(folder: Path, search: Search) -> dict[str, Tuned]:
    """What each configuration is: Model Analyzer keeps a model for each."""
    return {
        config.parent.name: read(config.read_text(encoding="utf-8"))
        for name in (search.model, today_name(search))
        for config in sorted(folder.glob(f"{name}_config_*/config.pbtxt"))
    }
