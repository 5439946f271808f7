"""``python -m local.providers --cloud FOLDER``: the stand-in providers of one cloud.

Prints one line of JSON, provider → port, and serves until SIGTERM or the end of standard
input: it dies with the command that started it. Logs go to ``FOLDER/providers.log``.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path

from local.providers.aws.package import AwsPackage
from local.providers.eks.package import EksPackage
from local.providers.kubernetes.package import KubernetesPackage
from local.providers.server import serve
from local.source_positions import forget_source_positions

LOG_FILE = "providers.log"
BIGGEST_LOG = 8 * 1024 * 1024
GRACE_SECONDS = 2.0


def _log_to(folder: Path) -> None:
    handler = RotatingFileHandler(folder / LOG_FILE, maxBytes=BIGGEST_LOG, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("local").setLevel(logging.INFO)


def main(arguments: list[str]) -> int:
    """Serve until told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.providers")
    parser.add_argument("--cloud", type=Path, required=True, help="folder of the cloud")
    folder: Path = parser.parse_args(arguments).cloud
    os.umask(0o077)
    forget_source_positions()
    _log_to(folder)
    # Blocked here and so in every thread to come, and waited for below: a handler could
    # interrupt the main thread inside a lock that it then needs itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    # Ctrl-C reaches the whole process group; the engine still needs us to wind down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serving = {p.name: serve(p) for p in (AwsPackage(), KubernetesPackage(), EksPackage())}
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
