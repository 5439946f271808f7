"""Removes the cgroups of a machine that has ended, however it has ended.

``python -m local.node.reaper FOLDER CGROUP`` waits until its standard input closes, which the
machine holds open, and until nothing of the cloud in FOLDER runs any more. Standard library only.
"""

import fcntl
import os
import sys
from pathlib import Path

from local.cluster.processes import LOCK_FILE
from local.node import cgroups

EXIT_LEFT = 1


def main(arguments: list[str]) -> int:
    """Wait, then remove; returns 1 when something could not be removed."""
    folder, cgroup = Path(arguments[0]), arguments[1]
    while os.read(0, 1):
        continue
    try:
        lock = os.open(folder / LOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:  # it never came to a keeper, or the folder is gone already
        lock = -1
    if lock >= 0:
        # Shared: whoever asks meanwhile whether the cloud is alive must not take this for it.
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.close(lock)
    return EXIT_LEFT if cgroups.remove(cgroup) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
