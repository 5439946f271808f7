"""The rollout's own program, `services/rollout`, run from here for what a person asks for.

It needs nothing but Python, and it is the only one that knows how a rollout's state is kept.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_platform.serving.rollout_spec import SETTINGS_VARIABLE
from local.errors import LocalCloudError
from local.paths import REPOSITORY
from local.providers.kubernetes.access import Access

SERVICES = REPOSITORY / "services"
ACCESS_VARIABLE = "ROLLOUT_ACCESS"
COMMAND = (sys.executable, "-m", "rollout")
SECONDS = 60
REFUSED = 2


@dataclass(frozen=True)
class Program:
    """The program for one service.

    Attributes:
        access: An API server and a user of it.
        settings: What the program is told.
    """

    access: Access
    settings: Mapping[str, Any]

    def status(self) -> dict[str, Any]:
        """Everything that is known of the service's rollout."""
        return json.loads(self._said("status"))

    def promote(self) -> None:
        """Give the candidate everything at once."""
        self._said("promote")

    def abort(self) -> None:
        """Give stable everything at once."""
        self._said("abort")

    def check(self) -> None:
        """See that a rollout could begin.

        Raises:
            LocalCloudError: It makes no sense now; the message says why.
        """
        self._said("check")

    def run(self, name: str, strategy: str) -> int:
        """Run a whole rollout in the foreground; what it says goes to the terminal.

        Returns:
            The program's exit code.
        """
        with self._scratch() as folder:
            command = [*COMMAND, "run", "--id", name, "--strategy", strategy]
            env = self.environment(Path(folder))
            return subprocess.run(command, cwd=folder, env=env, check=False).returncode

    def _said(self, command: str) -> str:
        with self._scratch() as folder:
            done = subprocess.run(
                [*COMMAND, command],
                cwd=folder,
                env=self.environment(Path(folder)),
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        if done.returncode == 0:
            return done.stdout
        words = done.stderr.strip() or f"exit code {done.returncode}"
        hint = "see: llmp rollout status SERVICE" if done.returncode == REFUSED else "try again"
        raise LocalCloudError(words, hint)

    @staticmethod
    def _scratch() -> "tempfile.TemporaryDirectory[str]":
        return tempfile.TemporaryDirectory(prefix="llmp-rollout-")

    def environment(self, folder: Path) -> dict[str, str]:
        """Environment of the program; files that it needs are written to `folder`."""
        document = access_document(self.access)
        if self.access.client_certificate is not None:
            file = folder / "client.pem"
            _private(file, "\n".join(self.access.client_certificate))
            document["certificate"] = str(file)
        _private(folder / "access.json", json.dumps(document))
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(SERVICES), str(REPOSITORY / "components")]),
            ACCESS_VARIABLE: str(folder / "access.json"),
            SETTINGS_VARIABLE: json.dumps(dict(self.settings)),
        }


def access_document(access: Access) -> dict[str, str]:
    """An access as the program reads it, without its client certificate."""
    return {
        "server": access.server,
        "authority": access.authority or "",
        "certificate": "",
        "token": access.token() if access.token is not None else "",
    }


def _private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(text)
