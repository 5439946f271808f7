"""The few calls to the kernel that Python 3.11 has no name for."""

import ctypes
import os
import signal
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
MS_SHARED = 1 << 20

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones; `CLONE_NEWPID` counts for the children only.

    Raises:
        OSError: The kernel refuses, such as to anybody but root.
    """
    _checked(_libc.unshare(flags), "unshare")


def set_namespace(handle: int, kind: int) -> None:
    """Have the calling thread enter the namespace of an open ``/proc/PID/ns`` file."""
    _checked(_libc.setns(handle, kind), "setns")


def mount(source: str, target: str | Path, kind: str, flags: int, options: str = "") -> None:
    """``mount(2)``."""
    code = _libc.mount(
        source.encode(),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _checked(code, f"mount {target}")


def end_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends."""
    _checked(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def _checked(code: int, what: str) -> None:
    if code != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
