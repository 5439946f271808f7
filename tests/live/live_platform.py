"""The whole live stack for tests: brought up by the command that people type, and asked from
outside of the cluster."""

import http.client
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from live_models import make_models

from infra import arguments
from infra.cli import live_chat
from infra.cli.workspace import OWN_STACKS, STACKS, load_settings
from llm_platform.addons.arguments import addon_args
from local import forge, toolchain
from local.charts.needed import needed_images
from local.errors import LocalCloudError
from local.forge.forging import cached
from local.node.access import LiveCloud, of_folder
from local.node.plan import PATH
from local.paths import MODELS_VARIABLE, REPOSITORY
from local.reporter import LineReporter

STACK = "live"
NAMESPACE = "assistants"
SERVICE = "chat"
UP_SECONDS = 900
BUILD_MINUTES = "LLMP_LIVE_BUILD_MINUTES"
"""How long images may be built for these tests before they are skipped, 0: not at all; unset: as
long as it takes."""
REPORTER = LineReporter()
DNS = """
import socket, struct
asked = b"".join(bytes([len(part)]) + part.encode() for part in NAME.split(".")) + b"\\0"
query = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + asked + struct.pack(">HH", 1, 1)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.sendto(query, ("10.96.0.10", 53))
answer = client.recv(4096)
assert answer[3] & 15 == 0, f"code {answer[3] & 15}"
print(socket.inet_ntoa(answer[-4:]))
"""
"""Asks the cluster's DNS for the address of a name."""


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


def merged(base: Any, changes: Any) -> Any:
    """A document with changes: mappings key by key, lists of named things by name; None removes."""
    if isinstance(base, dict) and isinstance(changes, Mapping):
        given = cast("Mapping[str, Any]", changes)
        made = dict(cast("dict[str, Any]", base))
        for key, value in given.items():
            if value is None:
                made.pop(key, None)
            else:
                made[key] = merged(made.get(key), value)
        return made
    if isinstance(base, list) and _named(base) and _named(changes):
        by_name = {each["name"]: each for each in cast("list[dict[str, Any]]", base)}
        for each in changes:
            by_name[each["name"]] = merged(by_name.get(each["name"], {}), each)
        return list(by_name.values())
    return changes


def _named(value: Any) -> bool:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return bool(items) and all(isinstance(each, dict) and "name" in each for each in items)


@dataclass
class Platform:
    """The live stack in a state folder of its own, with a stack file of its own."""

    state: Path
    said: str = ""
    seconds: float = 0.0
    _authority: str = field(default="", repr=False)
    _kubectl: str = field(default="", repr=False)

    @property
    def folder(self) -> Path:
        """The cloud's folder."""
        return self.state / STACK / "cloud"

    @property
    def stacks(self) -> Path:
        """Folder of its stack file."""
        return self.state / "stacks"

    @property
    def models(self) -> Path:
        """Folder of its models."""
        return self.state / "models"

    @property
    def environment(self) -> dict[str, str]:
        """Environment of commands."""
        return {
            **os.environ,
            "LLMP_STATE": str(self.state),
            OWN_STACKS: str(self.stacks),
            MODELS_VARIABLE: str(self.models),
            "COLUMNS": "200",
        }

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Write the stack file: the tracked one with changes.

        Args:
            changes: By room, as `{"services": [{"name": "chat", "replicas": 2}]}`; see `merged`.
                An empty one gives the tracked file again.
        """
        name = f"Pulumi.{STACK}.yaml"
        document = yaml.safe_load((STACKS / name).read_text(encoding="utf-8"))
        rooms = {f"llm-platform:{room}": value for room, value in changes.items()}
        self.stacks.mkdir(exist_ok=True)
        if not self.models.is_dir():
            make_models(self.models)
        text = yaml.safe_dump(merged(document, {"config": rooms}), sort_keys=False)
        (self.stacks / name).write_text(text, encoding="utf-8")

    def up(self) -> float:
        """Bring what stands to what the stack file says; what was printed is in `said`.

        Returns:
            Seconds that it took.
        """
        began = time.monotonic()
        self.said = self.llmp("live", "up")
        return time.monotonic() - began

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
            env=self.environment,
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

    def kubectl_command(self, *words: str) -> list[str]:
        """The command that runs kubectl."""
        if not self._kubectl:
            self._kubectl = str(toolchain.ensure(["kubectl"], REPORTER)["kubectl"])
        return [self._kubectl, f"--kubeconfig={self.live.kubeconfig}", *words]

    def kubectl(self, *words: str) -> str:
        """What kubectl prints."""
        done = subprocess.run(
            self.kubectl_command(*words), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def objects(self, kind: str, namespace: str = NAMESPACE) -> list[Any]:
        """Objects of a kind."""
        listed = json.loads(self.kubectl("get", kind, "-n", namespace, "-o", "json"))
        return list(listed["items"])

    @property
    def host(self) -> str:
        """Host name of the served model."""
        return self.host_of(SERVICE)

    def host_of(self, service: str) -> str:
        """Host name of a service."""
        return f"{service}-{NAMESPACE}.{load_settings(STACK).serving.domain}"

    @property
    def authority(self) -> str:
        """Certificate of who vouches for Envoy."""
        if not self._authority:
            self._authority = live_chat.authority(self.live)
        return self._authority

    def ask(self, path: str, body: Any = None, *, service: str = SERVICE, **headers: str) -> Answer:
        """Ask through load balancer and Envoy; notes when the pieces of the body came."""
        host = self.host_of(service)
        context = ssl.create_default_context(cadata=self.authority)
        connection = http.client.HTTPSConnection(host, 443, timeout=120)
        plain = http.client.HTTPConnection("127.0.0.1", self.live.https_port, timeout=120)
        plain.connect()
        connection.sock = context.wrap_socket(plain.sock, server_hostname=host)
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

    def resolved(self, name: str) -> str:
        """The address that the cluster's DNS has for a name."""
        return self.inside(f"NAME = {name!r}\n{DNS}").strip()
