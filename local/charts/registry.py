"""Charts from the registry that a release names, where it can be reached."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from local.charts import helm, shelf
from local.charts.documents import mapping_of
from local.charts.model import Chart, Origin, Values, Wanted
from local.paths import cache_folder

CONNECT_SECONDS = 3.0
PULL_SECONDS = 60.0
_LOCK = threading.Lock()
_ANSWERS: dict[str, bool] = {}


class NotToBeHadError(Exception):
    """The registry does not answer or has no such chart; the text says which."""


def pulled_chart(
    wanted: Wanted, values: Values, answers: Callable[[str], bool] | None = None
) -> Chart:
    """The chart, from its registry.

    Args:
        wanted: Which one.
        values: What it will be installed with.
        answers: Whether a host answers; by default it is asked, once for each process.

    Raises:
        NotToBeHadError: It is not to be had there.
    """
    address = wanted.chart if wanted.chart.startswith("oci://") else wanted.repository
    host = urlsplit(address).netloc
    if not host:
        raise NotToBeHadError("the release names no repository")

    def fill(target: Path) -> None:
        if not (answers or _answers)(host):
            raise NotToBeHadError(f"{host} cannot be reached")
        _pull(wanted, target)

    kept = shelf.kept(wanted.name, wanted.version, ["registry", wanted], fill)
    described = mapping_of((kept.folder / "Chart.yaml").read_text())
    return Chart(
        name=wanted.name,
        asked=wanted.version,
        version=str(described["version"]),
        folder=kept.folder,
        origin=Origin.REGISTRY,
        source=address,
        values=values,
        crds=kept.crds,
    )


def environment() -> Mapping[str, str]:
    """What helm is run with: its own folders are ours, so that nobody's settings have a say."""
    home = cache_folder().absolute() / "helm" / "home"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HELM_")}
    return {
        **kept,
        "HELM_CACHE_HOME": str(home / "cache"),
        "HELM_CONFIG_HOME": str(home / "config"),
        "HELM_DATA_HOME": str(home / "data"),
    }


def _pull(wanted: Wanted, target: Path) -> None:
    where = [] if wanted.chart.startswith("oci://") else ["--repo", wanted.repository]
    room = target.parent / "pulled"
    command = [str(helm.ensure().helm), "pull", wanted.chart, *where, "--version", wanted.version]
    try:
        ended = subprocess.run(
            [*command, "--untar", "--untardir", str(room)],
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PULL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotToBeHadError(f"{wanted.chart} took more than {PULL_SECONDS:.0f} s") from None
    if ended.returncode != 0:
        raise NotToBeHadError(ended.stderr.strip().splitlines()[-1][-300:])
    (folder,) = room.iterdir()
    folder.replace(target)


def _answers(host: str) -> bool:
    with _LOCK:
        if host not in _ANSWERS:
            _ANSWERS[host] = _has_proxy() or _connects(host)
        return _ANSWERS[host]


def _has_proxy() -> bool:
    """Whether helm would not ask the host itself."""
    return any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy"))


def _connects(host: str) -> bool:
    """Whether a TCP connection comes about; name resolution may hang, so it is bounded too."""
    name, _, port = host.partition(":")
    came: list[bool] = []

    def attempt() -> None:
        try:
            socket.create_connection((name, int(port or 443)), CONNECT_SECONDS).close()
        except OSError:
            return
        came.append(True)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS * 2)
    return bool(came)
