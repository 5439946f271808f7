"""Starts the Triton that nvidia-pytriton carries: ``python -m serving.launch --repository DIR``.

The process becomes tritonserver, so its pid, signals and exit code are the server's: SIGTERM
stops it. A small process beside it, `serving.guardian`, ends it when a model's process died, and
cleans up after it. Nothing is loaded but the models named by ``--load``; others are loaded by the
model control calls of Triton's API. What follows ``--`` goes to tritonserver as it is.
"""

import argparse
import hashlib
import importlib.util
import os
import re
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from serving.regions import REGION_PREFIX, remove_stale_regions

_PLAIN = re.compile(r"[A-Za-z0-9/._+,:@%=-]+")


class LaunchError(Exception):
    """Triton cannot be started; every problem is a line of the message."""


@dataclass(frozen=True)
class Options:
    """How the server is run.

    Attributes:
        repository: Folder of the model repository.
        address: Where all three ports listen.
        http_port: Port of HTTP.
        grpc_port: Port of gRPC.
        metrics_port: Port of Prometheus metrics.
        load: Models loaded before the server is ready.
        runtime: Folder for links to Triton's parts; empty for one below the temporary folder.
        cache_bytes: Size of the response cache; 0 for none.
        trace_url: Where traces are sent, as OTLP over HTTP; empty for no traces.
        trace_rate: One request of so many is traced.
        exit_seconds: How long running requests may take when the server stops.
        extra: Further arguments of tritonserver.
    """

    repository: Path
    address: str = "127.0.0.1"
    http_port: int = 18000
    grpc_port: int = 18001
    metrics_port: int = 18002
    load: tuple[str, ...] = ()
    runtime: Path | None = None
    cache_bytes: int = 64 * 1024 * 1024
    trace_url: str = ""
    trace_rate: int = 1
    exit_seconds: int = 30
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Installation:
    """Where the parts of Triton are.

    Attributes:
        triton: Folder ``tritonserver`` of nvidia-pytriton.
        stub: The program that runs Python models, for this version of Python.
        library: Folder of libpython; empty where the system's loader finds it.
        programs: Folder of the Python that the models run in.
    """

    triton: Path
    stub: Path
    library: str
    programs: Path


def find_installation() -> Installation:
    """The Triton that is installed beside this Python.

    Raises:
        LaunchError: There is none, or none for this version of Python.
    """
    spec = importlib.util.find_spec("pytriton")
    if spec is None or spec.origin is None:
        message = (
            "nvidia-pytriton, which carries Triton, is not installed in this Python "
            f"({sys.prefix}); it belongs to the dependency group 'triton' of services/"
        )
        raise LaunchError(message)
    triton = Path(spec.origin).parent / "tritonserver"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = triton / "python_backend_stubs" / version / "triton_python_backend_stub"
    problems = [
        f"nvidia-pytriton is damaged or of another layout: {path} is missing"
        for path in (triton / "bin/tritonserver", triton / "backends/python", triton / "caches")
        if not path.exists()
    ]
    if not stub.exists():
        known = sorted(each.name for each in triton.glob("python_backend_stubs/*"))
        problems.append(
            f"this Triton runs no models on Python {version}; it does on {', '.join(known)}"
        )
    if problems:
        raise LaunchError("\n".join(problems))
    return Installation(triton, stub, library_folder(), Path(sys.prefix) / "bin")


def library_folder() -> str:
    """Folder of this Python's shared library, which the stub needs; empty if it has none."""
    name = str(sysconfig.get_config_var("INSTSONAME") or "")
    places = [str(sysconfig.get_config_var("LIBDIR") or ""), f"{sys.base_prefix}/lib"]
    return next((place for place in places if place and (Path(place) / name).is_file()), "")


def find_problems(options: Options) -> list[str]:
    """What keeps the server from starting with these options."""
    problems: list[str] = []
    if not options.repository.is_dir():
        problems.append(f"--repository: there is no folder {options.repository}")
    else:
        problems += [
            f"--load: {options.repository} has no model {model} (no {model}/config.pbtxt)"
            for model in options.load
            if not (options.repository / model / "config.pbtxt").is_file()
        ]
    ports = {
        "--http-port": options.http_port,
        "--grpc-port": options.grpc_port,
        "--metrics-port": options.metrics_port,
    }
    problems += [
        f"{name}: {port} is not allowed; allowed: 1 to 65535"
        for name, port in ports.items()
        if not 0 < port < 65536
    ]
    if len(set(ports.values())) < len(ports):
        problems.append(f"{', '.join(ports)}: must differ")
    elif not problems:
        problems += [
            f"{name}: port {port} of {options.address} cannot be used: {why}"
            for name, port in ports.items()
            if (why := _why_not(options.address, port))
        ]
    smallest = {"--cache-bytes": options.cache_bytes, "--exit-seconds": options.exit_seconds}
    problems += [
        f"{name}: {value} is not allowed; allowed: 0 or more"
        for name, value in smallest.items()
        if value < 0
    ]
    if options.trace_rate < 1:
        problems.append(f"--trace-rate: {options.trace_rate} is not allowed; allowed: 1 or more")
    if options.trace_url and not options.trace_url.startswith(("http://", "https://")):
        problems.append("--trace-url: allowed: http://HOST:PORT/v1/traces, or https")
    return problems


def _why_not(address: str, port: int) -> str:
    """Why nobody can listen there; empty if one can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def build_runtime(folder: Path, installation: Installation) -> None:
    """Make `folder` the backend directory: links to the Python backend and to its stub."""
    python = folder / "backends/python"
    python.mkdir(parents=True, exist_ok=True)
    parts = [*(installation.triton / "backends/python").iterdir(), installation.stub]
    for part in parts:
        link = python / part.name
        if not link.is_symlink() or link.readlink() != part:
            # Replaced in one step: another server may be starting from the same folder.
            made = python / f".{part.name}.{os.getpid()}"
            made.symlink_to(part)
            made.replace(link)


def shell_path(folder: Path, runtime: Path) -> Path:
    """`folder`, or a link to it in `runtime` if its path has blanks or signs that a shell reads.

    Triton starts the processes of Python models by ``bash -c`` with unquoted paths.
    """
    if _PLAIN.fullmatch(str(folder)):
        return folder
    link = runtime / "repositories" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink() or link.readlink() != folder:
        made = link.with_name(f".{link.name}.{os.getpid()}")
        made.symlink_to(folder)
        made.replace(link)
    return link


def default_runtime(installation: Installation) -> Path:
    """A folder for the links, the same for every start with the same Triton.

    Raises:
        LaunchError: Its name is taken by somebody else.
    """
    digest = hashlib.sha256(str(installation.stub).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"llm-platform-triton-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        message = f"{folder} belongs to another user; give a folder of your own by --runtime"
        raise LaunchError(message)
    return folder


def command(options: Options, installation: Installation, runtime: Path, pid: int) -> list[str]:
    """The command line of tritonserver."""
    triton = installation.triton
    address = options.address
    arguments = [
        str(triton / "bin/tritonserver"),
        f"--model-repository={options.repository}",
        f"--backend-directory={runtime / 'backends'}",
        f"--cache-directory={triton / 'caches'}",
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in options.load),
        "--exit-on-error=true",
        "--strict-readiness=true",
        "--disable-auto-complete-config",
        f"--exit-timeout-secs={options.exit_seconds}",
        *(f"--{name}-address={address}" for name in ("http", "grpc", "metrics")),
        f"--http-port={options.http_port}",
        f"--grpc-port={options.grpc_port}",
        f"--metrics-port={options.metrics_port}",
        "--metrics-config=summary_latencies=true",
        f"--backend-config=python,shm-region-prefix-name={REGION_PREFIX}{pid}_",
    ]
    if options.cache_bytes:
        arguments.append(f"--cache-config=local,size={options.cache_bytes}")
    if options.trace_url:
        arguments += [
            "--trace-config=mode=opentelemetry",
            f"--trace-config=opentelemetry,url={options.trace_url}",
            "--trace-config=opentelemetry,resource=service.name=triton",
            "--trace-config=level=TIMESTAMPS",
            f"--trace-config=rate={options.trace_rate}",
        ]
    return [*arguments, *options.extra]


def environment(installation: Installation, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of tritonserver: models run in this Python, whatever else is on PATH."""
    libraries = [installation.library, given.get("LD_LIBRARY_PATH", "")]
    programs = [str(installation.programs), given.get("PATH", os.defpath)]
    return {
        **given,
        "PATH": os.pathsep.join(programs),
        "LD_LIBRARY_PATH": os.pathsep.join(each for each in libraries if each),
    }


def parse(arguments: Sequence[str]) -> Options:
    """Options from a command line."""
    given = list(arguments)
    at = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(
        prog="python -m serving.launch",
        description="Start Triton on a model repository. Arguments after -- go to tritonserver.",
    )
    default = Options(Path())
    parser.add_argument("--repository", type=Path, required=True, metavar="DIR")
    parser.add_argument("--address", default=default.address, help="default: loopback only")
    parser.add_argument("--http-port", type=int, default=default.http_port, metavar="N")
    parser.add_argument("--grpc-port", type=int, default=default.grpc_port, metavar="N")
    parser.add_argument("--metrics-port", type=int, default=default.metrics_port, metavar="N")
    parser.add_argument("--load", nargs="*", action="extend", default=[], metavar="MODEL")
    parser.add_argument("--runtime", type=Path, metavar="DIR", help="folder for links to Triton")
    parser.add_argument(
        "--cache-bytes", type=int, default=default.cache_bytes, metavar="N", help="0 for no cache"
    )
    parser.add_argument("--trace-url", default="", metavar="URL", help="OTLP over HTTP")
    parser.add_argument("--trace-rate", type=int, default=default.trace_rate, metavar="N")
    parser.add_argument("--exit-seconds", type=int, default=default.exit_seconds, metavar="N")
    chosen = vars(parser.parse_args(given[:at]))
    chosen["load"] = tuple(dict.fromkeys(chosen["load"]))
    return Options(**chosen, extra=tuple(given[at + 1 :]))


def prepare(options: Options) -> tuple[list[str], dict[str, str]]:
    """Command and environment of the server, ready to be run by this process.

    Raises:
        LaunchError: It could not start.
    """
    problems = find_problems(options)
    if problems:
        raise LaunchError("\n".join(problems))
    installation = find_installation()
    try:
        runtime = (options.runtime or default_runtime(installation)).resolve()
        build_runtime(runtime, installation)
        repository = shell_path(options.repository.resolve(), runtime)
    except OSError as error:
        message = f"--runtime: cannot write {error.filename}: {error.strerror}"
        raise LaunchError(message) from error
    remove_stale_regions()
    return (
        command(replace(options, repository=repository), installation, runtime, os.getpid()),
        environment(installation, os.environ),
    )


def main(arguments: Sequence[str]) -> None:
    """Become tritonserver; exits with 2 if that cannot be."""
    try:
        words, variables = prepare(parse(arguments))
    except LaunchError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"error: {line}\n")
        raise SystemExit(2) from None
    # It becomes a child of the server, and ends with it.
    subprocess.Popen([sys.executable, "-P", "-m", "serving.guardian", str(os.getpid())])
    os.execve(words[0], words, variables)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
