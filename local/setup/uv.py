"""uv: the one on PATH if it is new enough, else a pinned one in an environment of its own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.errors import LocalCloudError
from local.paths import cache_folder
from local.setup.steps import exclusive, step

VERSION = "0.13.9"
"""Installed where PATH has no uv, and the oldest one that is taken from PATH."""

SYSTEM_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
)
"""Where Debian's and Fedora's families keep the certificates that this machine trusts."""


def find() -> Path | None:
    """A uv that is there already: on PATH and new enough, or in the cache."""
    on_path = shutil.which("uv")
    if on_path and _version(on_path) >= _numbers(VERSION):
        return Path(on_path)
    cached = _cached()
    return cached if os.access(cached, os.X_OK) else None


def ensure() -> Path:
    """A uv that is new enough; installed with pip into the cache when there is none.

    Raises:
        LocalCloudError: It cannot be installed.
    """
    there = find()
    if there is not None:
        return there
    root = _cached().parents[2]
    with exclusive(root / "lock", "uv"):
        if not os.access(_cached(), os.X_OK):
            _install(root)
    return _cached()


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment for uv.

    `given` with three changes: never a downloaded Python; every project in its own ``.venv``,
    whatever environment is active; and the certificates of the system, unless others are chosen,
    since uv otherwise trusts its own list only.
    """
    foreign = {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_PROJECT", "PYTHONHOME"}
    env = {name: value for name, value in given.items() if name not in foreign}
    env["UV_PYTHON_DOWNLOADS"] = "never"
    chosen = {"SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"} & env.keys()
    if not chosen and any(Path(file).exists() for file in SYSTEM_CERTIFICATES):
        env["UV_SYSTEM_CERTS"] = "true"
    return env


def _cached() -> Path:
    return cache_folder().absolute() / "uv" / VERSION / "bin" / "uv"


def _install(root: Path) -> None:
    for left in root.glob(".work-*"):
        shutil.rmtree(left, ignore_errors=True)
    work = root / f".work-{os.getpid()}"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    try:
        step(f"uv {VERSION}", _recipe(work), env=env, folder=root)
        if _version(str(work / "bin" / "uv")) != _numbers(VERSION):
            raise LocalCloudError(
                f"uv {VERSION} was installed but does not run.",
                "Install it yourself (pip install uv) and put it on PATH.",
            )
        shutil.rmtree(root / VERSION, ignore_errors=True)
        work.rename(root / VERSION)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _recipe(work: Path) -> list[str]:
    """One command that makes an environment with uv in it."""
    script = (
        "import subprocess, sys, venv\n"
        "work, wanted = sys.argv[1:]\n"
        "venv.create(work, with_pip=True, symlinks=True)\n"
        "sys.exit(subprocess.call([work + '/bin/python', '-m', 'pip', 'install', '--quiet', "
        "'--disable-pip-version-check', '--only-binary', ':all:', wanted]))\n"
    )
    return [sys.executable, "-c", script, str(work), f"uv=={VERSION}"]


def _version(program: str) -> tuple[int, ...]:
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"\d+\.\d+\.\d+", said)
    return _numbers(found.group()) if found else ()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
