"""Runs of the real helm against one API server, as the user of the provider."""

import base64
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local import patience
from local.charts import helm
from local.charts.model import Values
from local.charts.registry import environment
from local.cluster.processes import write_private
from local.providers.kubernetes.access import Access
from local.toolchain import children
from local.toolchain.children import Ended

MARGIN_SECONDS = 60.0
"""How much longer than its own limit helm is waited for: it takes back what failed meanwhile."""

PREFIX = ".helm-"
KUBECONFIG = "kubeconfig"
TOKEN = "token"  # noqa: S105 - the name of a file
VALUES = "values.yaml"


@dataclass(frozen=True)
class HelmRuns:
    """Helm with a kubeconfig; see `helm_runs`."""

    access: Access
    folder: Path

    def values_file(self, values: Values) -> str:
        """The values, in a file that only this user may read."""
        file = self.folder / VALUES
        write_private(file, yaml.safe_dump(dict(values)))
        return str(file)

    def run(self, arguments: Sequence[str], seconds: float, watch: Callable[[], None]) -> Ended:
        """Run helm to its end.

        When the request is told to end, helm is asked to end too, and then made to.

        Args:
            arguments: Command and options.
            seconds: How long helm itself may wait.
            watch: Called every few seconds.

        Raises:
            StoppedError: The request was told to end.
        """
        began = time.monotonic()

        def tick(_: float) -> None:
            self._renew()
            patience.pause(0.0)
            watch()
            if time.monotonic() - began > seconds + MARGIN_SECONDS:
                raise TimeoutError

        self._renew()
        command = [str(helm.ensure().helm), *arguments, "--kubeconfig", str(self._file(KUBECONFIG))]
        try:
            return children.run(
                command,
                folder=self.folder,
                env={**environment(), "KUBECONFIG": str(self._file(KUBECONFIG))},
                on_line=lambda _: None,
                on_tick=tick,
            )
        except TimeoutError:
            return Ended(-1, "", f"helm did not end within {seconds + MARGIN_SECONDS:.0f} s")

    def _file(self, name: str) -> Path:
        return self.folder / name

    def _renew(self) -> None:
        """Helm reads the token from a file, again and again: it may take longer than one holds."""
        if self.access.token is not None:
            write_private(self._file(TOKEN), self.access.token())


@contextmanager
def helm_runs(access: Access, folder: Path) -> Generator[HelmRuns]:
    """Helm for one request; what it needs lies in a folder of its own inside `folder`."""
    _sweep(folder)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=folder) as place:
        runs = HelmRuns(access, Path(place))
        write_private(runs.folder / KUBECONFIG, json.dumps(_kubeconfig(access, runs.folder)))
        yield runs


def _sweep(folder: Path) -> None:
    """Remove what runs of killed processes left: there are credentials in it."""
    for left in folder.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)


def _kubeconfig(access: Access, folder: Path) -> dict[str, Any]:
    user: dict[str, str] = {}
    if access.client_certificate is not None:
        certificate, key = access.client_certificate
        user = {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
    elif access.token is not None:
        user = {"tokenFile": str(folder / TOKEN)}
    cluster = {"server": access.server}
    if access.authority:
        cluster["certificate-authority-data"] = _base64(access.authority)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "me", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
        "current-context": "it",
    }


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
