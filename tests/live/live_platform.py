"""The whole live stack for tests: brought up by the command that people type, and asked from
outside of the cluster."""

import http.client
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra import arguments
from infra.cli import live_chat
from infra.cli.workspace import load_settings
from llm_platform.addons.arguments import addon_args
from local import forge, toolchain
from local.charts.needed import needed_images
from local.errors import LocalCloudError
from local.forge.forging import cached
from local.node.access import LiveCloud, of_folder
from local.node.plan import PATH
from local.paths import REPOSITORY
from local.reporter import LineReporter

STACK = "live"
NAMESPACE = "assistants"
SERVICE = "chat"
UP_SECONDS = 900
BUILD_MINUTES = "LLMP_LIVE_BUILD_MINUTES"
"""How long images may be built for these tests before they are skipped, 0: not at all; unset: as
long as it takes."""
REPORTER = LineReporter()


def not_to_be_had() -> str:
    """Why the platform's images are not there in the time that is allowed; empty when they are."""
    settings = load_settings(STACK)
    context = arguments.addon_context(settings)
    releases = [addon_args(name, context) for name in arguments.selected_addons(settings)]
    wanted = sorted(needed_images(releases, REPORTER))
    limit = os.environ.get(BUILD_MINUTES, "")
    ends = time.monotonic() + 60 * float(limit) if limit else None
    for place, image in enumerate(wanted):
        if ends is not None and time.monotonic() >= ends:
            left = [each for each in wanted[place:] if _has_to_be_made(each)]
            if left:
                return f"not built within {limit} minutes ({BUILD_MINUTES}): {', '.join(left)}"
            break
        forge.ensure([image], REPORTER)
    return ""


def _has_to_be_made(image: str) -> bool:
    plan = forge.plan(image)
    return plan.entry is not None and cached(plan) is None


@dataclass(frozen=True)
class Answer:
    """What Envoy let through."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    arrivals: Sequence[float] = ()

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class Platform:
    """The live stack in a state folder of its own."""

    state: Path
    said: str = ""
    seconds: float = 0.0
    _authority: str = field(default="", repr=False)

    @property
    def folder(self) -> Path:
        """The cloud's folder."""
        return self.state / STACK / "cloud"

    @property
    def live(self) -> LiveCloud:
        """Access to the node."""
        found = of_folder(self.folder)
        assert found is not None
        return found

    def llmp(self, *words: str, expect: int = 0, seconds: float = UP_SECONDS) -> str:
        """What `llmp` prints, both outputs."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.cli.main", *words],
            cwd=REPOSITORY,
            env={**os.environ, "LLMP_STATE": str(self.state), "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == expect, done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def kubectl(self, *words: str) -> str:
        """What kubectl prints."""
        program = toolchain.ensure(["kubectl"], REPORTER)["kubectl"]
        done = subprocess.run(
            [str(program), f"--kubeconfig={self.live.kubeconfig}", *words],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def objects(self, kind: str, namespace: str = NAMESPACE) -> list[Any]:
        """Objects of a kind."""
        listed = json.loads(self.kubectl("get", kind, "-n", namespace, "-o", "json"))
        return list(listed["items"])

    @property
    def host(self) -> str:
        """Host name of the served model."""
        return f"{SERVICE}-{NAMESPACE}.{load_settings(STACK).serving.domain}"

    @property
    def authority(self) -> str:
        """Certificate of who vouches for Envoy."""
        if not self._authority:
            self._authority = live_chat.authority(self.live)
        return self._authority

    def ask(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask through load balancer and Envoy; notes when the pieces of the body came."""
        context = ssl.create_default_context(cadata=self.authority)
        connection = http.client.HTTPSConnection(self.host, 443, timeout=120)
        plain = http.client.HTTPConnection("127.0.0.1", self.live.https_port, timeout=120)
        plain.connect()
        connection.sock = context.wrap_socket(plain.sock, server_hostname=self.host)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            data = None if body is None else json.dumps(body)
            connection.request("GET" if body is None else "POST", path, data, named)
            response = connection.getresponse()
            pieces: list[bytes] = []
            arrivals: list[float] = []
            while piece := response.read1(65536):
                pieces.append(piece)
                arrivals.append(time.monotonic())
            return Answer(response.status, response.headers, b"".join(pieces), arrivals)
        finally:
            connection.close()

    def inside(self, program: str) -> str:
        """What a Python program prints that runs in the node's network."""
        done = subprocess.run(
            self.live.enter([sys.executable, "-I", "-c", program]),
            env={"PATH": PATH}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise LocalCloudError("a program in the node's network failed", "", done.stderr)
        return done.stdout
