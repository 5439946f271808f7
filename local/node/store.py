"""Where containerd keeps images from run to run: one folder for each cloud that runs at a time."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from local.errors import LocalCloudError
from local.locks import is_held
from local.node.configs import ConfigFiles
from local.node.plan import CONTAINERD, PATH, SOCKET
from local.paths import cache_folder

SLOTS = 8
LOCK_FILE = "in-use.lock"
TAKEN = "is in use by another cloud"
CRI = "io.containerd.grpc.v1.cri"
SECONDS = 20.0
POLL_SECONDS = 0.02


def choose() -> Path:
    """The first store that no cloud uses; made when it is not there.

    Raises:
        LocalCloudError: All are in use.
    """
    folder = cache_folder().absolute() / "node"
    for number in range(SLOTS):
        store = folder / f"store-{number}"
        if not is_held(store / LOCK_FILE):
            store.mkdir(mode=0o700, parents=True, exist_ok=True)
            return store
    raise LocalCloudError(
        f"{SLOTS} live clouds run on this machine already",
        "end one of them: llmp live down (make live-down)",
    )


def take(store: Path) -> int:
    """Hold the lock of a store; returns its descriptor, for as long as the store is in use.

    Raises:
        OSError: Another cloud has it.
    """
    handle = os.open(store / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + 2
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            # Whoever asks whether the lock is held, holds it for a moment.
            if time.monotonic() >= deadline:
                os.close(handle)
                raise OSError(error.errno, f"{store} {TAKEN}") from error
            time.sleep(POLL_SECONDS)
        else:
            return handle


def forget_containers(store: Path, cloud: Path) -> None:
    """Remove what an earlier cloud left in the store but images; runs inside, as root.

    containerd would take its containers up again and the kubelet would end them one by one.

    Raises:
        OSError: containerd does not start.
    """
    root = store / CONTAINERD
    kept = [root / CRI / part for part in ("containers", "sandboxes")]
    if not any(folder.is_dir() and any(folder.iterdir()) for folder in kept):
        return
    config = ConfigFiles(cloud).containerd
    quiet = config.with_name("containerd-without-cri.toml")
    quiet.write_text(f'disabled_plugins = ["{CRI}"]\n{config.read_text()}')
    with (cloud / "logs" / "containerd-cleaning.log").open("ab") as log:
        server = subprocess.Popen(
            [_program(CONTAINERD), "--config", str(quiet)],
            env={"PATH": PATH, "TMPDIR": str(cloud / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(SOCKET, server)
        names = _ctr("containers", "ls", "-q").split()
        if names:
            _ctr("containers", "rm", *names)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    for folder in kept:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(socket: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while not socket.exists():
        if server.poll() is not None or time.monotonic() >= deadline:
            raise OSError("containerd does not start to clean its store")
        time.sleep(POLL_SECONDS)


def _ctr(*words: str) -> str:
    return subprocess.run(
        [_program("ctr"), "--address", str(SOCKET), "--namespace", "k8s.io", *words],
        env={"PATH": PATH},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def _program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    if found is None:
        raise FileNotFoundError(f"{name} (containerd) is not in {PATH}")
    return found
