"""``python -m local.providers --cloud FOLDER``: the stand-in providers of one cloud.

With ``--offline FOLDER`` instead there is no cloud, and they only plan; see
`local.providers.offline`. Prints one line of JSON, provider → port, and serves until SIGTERM or
the end of standard input: it dies with the command that started it. Logs go to
``FOLDER/providers.log``.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from logging.handlers import RotatingFileHandler
from pathlib import Path

from local import locks
from local.faults import kubernetes as faults
from local.faults.crash import Crash, CrashInterceptor
from local.providers.aws.package import AwsPackage
from local.providers.eks.package import EksPackage
from local.providers.kubernetes.package import KubernetesPackage
from local.providers.model import IN_USE, Package
from local.providers.offline.packages import offline_packages
from local.providers.server import serve
from local.reporter import QuietReporter
from local.source_positions import forget_source_positions

LOG_FILE = "providers.log"
BIGGEST_LOG = 8 * 1024 * 1024
GRACE_SECONDS = 2.0
_HELD = ExitStack()
"""Never closed: calls under way go on after `main`, until the process is gone."""


def _log_to(folder: Path) -> None:
    handler = RotatingFileHandler(folder / LOG_FILE, maxBytes=BIGGEST_LOG, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("local").setLevel(logging.INFO)


def _packages(folder: Path) -> Sequence[Package]:
    return AwsPackage(), KubernetesPackage(folder), EksPackage()


def main(arguments: list[str]) -> int:
    """Serve until told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.providers")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--cloud", type=Path, help="folder of the cloud")
    place.add_argument("--offline", type=Path, help="folder of a plan that has no cloud")
    chosen = parser.parse_args(arguments)
    folder: Path = chosen.cloud or chosen.offline
    os.umask(0o077)
    lock = locks.waiting(folder / IN_USE, QuietReporter(), "providers", "serves this cloud", 60)
    _HELD.enter_context(lock)
    return _serve(folder, offline=chosen.offline is not None)


def _serve(folder: Path, *, offline: bool) -> int:
    forget_source_positions()
    _log_to(folder)
    # Blocked here and so in every thread to come, and waited for below: a handler could
    # interrupt the main thread inside a lock that it then needs itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    # Ctrl-C reaches the whole process group; the engine still needs us to wind down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    packages = offline_packages(folder) if offline else _packages(folder)
    watch = () if offline else (CrashInterceptor(Crash(folder)),)
    if not offline:
        faults.use(folder)
    serving = {package.name: serve(package, watch) for package in packages}
    sys.stdout.write(json.dumps({name: port for name, (_, port) in serving.items()}) + "\n")
    sys.stdout.flush()

    def watch_parent() -> None:
        # Not through sys.stdin: its lock would be held when the interpreter ends.
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch_parent, daemon=True).start()
    signal.sigwait({signal.SIGTERM})
    stopping = [server.stop(GRACE_SECONDS) for server, _ in serving.values()]
    for stopped in stopping:
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
