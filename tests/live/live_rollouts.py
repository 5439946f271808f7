"""Rollouts on the live platform, led by the real Argo: started, watched and disturbed."""

import collections
import contextlib
import http.client
import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from live_load import VARIANT
from live_platform import NAMESPACE, SERVICE, STACK, Platform

from llm_platform.serving.routes import Split, split_of
from local.paths import REPOSITORY

ARGO = "argo-workflows"
STATE = "llm-platform.dev/rollout"
WORKFLOW = "workflows.argoproj.io/workflow"
PAUSE_SECONDS = 0.07
"""Of each of a few clients between two requests: Envoy lets through a hundred a second."""
KILL = """
import os
for each in filter(str.isdigit, os.listdir("/proc")):
    try:
        words = open(f"/proc/{each}/cmdline", "rb").read().split(b"\\0")
    except OSError:
        continue
    if words[1:3] == [b"-m", b"rollout"]:
        os.kill(int(each), 9)
"""


class Rollouts:
    """What is known of the service's rollouts, from the objects in the cluster."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @property
    def route(self) -> dict[str, Any]:
        """The HTTPRoute."""
        told = self._platform.kubectl("get", "httproute", SERVICE, "-n", NAMESPACE, "-o", "json")
        return dict(json.loads(told))

    @property
    def split(self) -> Split:
        """Who gets how much."""
        return split_of(self.route["spec"]["rules"])

    @property
    def state(self) -> dict[str, Any]:
        """The state of the last rollout; empty when there was none."""
        return dict(json.loads(self.route["metadata"].get("annotations", {}).get(STATE, "{}")))

    def pods(self, workflow: str, template: str, *phases: str) -> list[str]:
        """Names of the pods of a workflow's steps of a template that are in one of these phases."""
        pods = self._platform.objects("pods", ARGO)
        return [
            str(each["metadata"]["name"])
            for each in pods
            if each["metadata"].get("labels", {}).get(WORKFLOW) == workflow
            and f"-{template}-" in each["metadata"]["name"]
            and each["status"]["phase"] in phases
        ]

    def kill(self, pod: str) -> None:
        """SIGKILL to the program of a step's pod."""
        # the container that is killed takes this command with it
        with contextlib.suppress(AssertionError):
            self._platform.kubectl(
                "exec", "-n", ARGO, pod, "-c", "main", "--", "python3", "-c", KILL
            )

    def delete(self, kind: str, *names: str) -> None:
        """Delete objects of Argo's namespace at once."""
        now = ("--grace-period=0", "--force") if kind == "pod" else ()
        self._platform.kubectl("delete", kind, "-n", ARGO, *names, *now)

    def phase(self, workflow: str) -> str:
        """The phase of a workflow."""
        found = self._platform.objects("workflows.argoproj.io", ARGO)
        named = [each for each in found if each["metadata"]["name"] == workflow]
        return str(named[0].get("status", {}).get("phase", "")) if named else "gone"


@contextlib.contextmanager
def started(platform: Platform, *words: str) -> Generator["Follower"]:
    """`llmp rollout start` in the background, until the block ends."""
    log = platform.state / "rollout.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli.main", "rollout", "start", SERVICE, STACK, *words],
            cwd=REPOSITORY, env=platform.environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield Follower(process, log)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()


class Follower:
    """A `llmp rollout start` that runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log = process, log

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._log.read_text(encoding="utf-8")

    @property
    def workflow(self) -> str:
        """Name of its workflow; empty as long as there is none."""
        _, found, after = self.said.partition(f"workflow {ARGO}/")
        return after.split()[0] if found else ""

    @property
    def running(self) -> bool:
        """Whether it still follows."""
        return self._process.poll() is None

    def ended(self, seconds: float) -> int:
        """Its exit code, once the rollout is over."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not over within {seconds:.0f} s: {self.said}") from None


def shares(platform: Platform, requests: int, clients: int = 4) -> "collections.Counter[str]":
    """Who answers so many cheap requests, by variant; ``STATUS`` where it is not 200."""
    counts: collections.Counter[str] = collections.Counter()
    lock = threading.Lock()

    def ask(number: int) -> None:
        own: collections.Counter[str] = collections.Counter()
        context = ssl.create_default_context(cadata=platform.authority)
        connection = http.client.HTTPSConnection(platform.host, 443, timeout=60)
        plain = http.client.HTTPConnection("127.0.0.1", platform.live.https_port, timeout=60)
        plain.connect()
        connection.sock = context.wrap_socket(plain.sock, server_hostname=platform.host)
        with contextlib.closing(connection):
            for _ in range(number):
                connection.request("GET", "/v1/models")
                response = connection.getresponse()
                response.read()
                good = response.status == 200
                own[response.headers[VARIANT] if good else str(response.status)] += 1
                time.sleep(PAUSE_SECONDS)
        with lock:
            counts.update(own)

    assert platform.authority
    threads = [threading.Thread(target=ask, args=(requests // clients,)) for _ in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return counts
