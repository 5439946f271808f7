"""Servers of other projects, each in an environment of its own, made when it is asked for."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLES = REPOSITORY / "examples" / "custom-servers"
INSTALL_SECONDS = 300


def environment(name: str) -> Path:
    """Folder of the programs of an example's environment, made from its lock file.

    The test is skipped, by name, where the packages are neither cached nor to be had.
    """
    folder = EXAMPLES / name
    digest = hashlib.sha256(sys.version.encode())
    for file in ("pyproject.toml", "uv.lock"):
        digest.update((folder / file).read_bytes())
    place = _cache() / "custom-servers" / f"{name}-{digest.hexdigest()[:16]}"
    made = place / "made"
    if not made.exists():
        _make(name, folder, place)
        made.touch()
    return place / "bin"


def variables(place: Path, programs: Path) -> Mapping[str, str]:
    """The environment variables of a server: its programs, our modules, the weights' manifest.

    Args:
        place: A short path; where the server may write.
        programs: Folder of its programs.
    """
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TZ") if name in os.environ}
    return {
        **kept,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYTHONPATH": f"{REPOSITORY / 'services'}:{EXAMPLES}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MODEL_VERSION": str(REPOSITORY / "model_repo" / "smollm2" / "1"),
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str(place),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": str(place),
        "TMPDIR": str(place),
    }


def _make(name: str, folder: Path, place: Path) -> None:
    uv = _uv()
    if uv is None:
        pytest.skip(f"NOT RUN: {name}: there is no uv here to make its environment with")
    command = [uv, "sync", "--locked", "--no-progress", "--python", sys.executable]
    env = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(place), "UV_PYTHON_DOWNLOADS": "never"}
    env.pop("VIRTUAL_ENV", None)
    env.setdefault("UV_SYSTEM_CERTS", "true")
    told = ""
    for more in (["--offline"], []):
        done = subprocess.run(
            [*command, *more],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if done.returncode == 0:
            return
        told = done.stderr.strip()
        if "lockfile" in told and "needs to be updated" in told:
            pytest.fail(f"{folder / 'uv.lock'} is not in step with pyproject.toml")
    shutil.rmtree(place, ignore_errors=True)
    why = " ".join(told.split())[:200]
    pytest.skip(f"NOT RUN: {name}: its packages are neither cached nor to be had: {why}")


def _uv() -> str | None:
    found = sorted(_cache().glob("uv/*/bin/uv"))
    return str(found[-1]) if found else shutil.which("uv")


def _cache() -> Path:
    """As `local.paths.cache_folder`, which this project's environment does not have."""
    own = os.environ.get("LLMP_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "llm-platform"
