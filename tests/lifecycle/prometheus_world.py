"""The real Prometheus, reading the metrics of two gateways of a few lines, under traffic.

Requests are divided by the weights that really stand in the HTTPRoute, so a rollout sees what its
own weights do.
"""

import json
import random
import socket
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import yaml

from llm_platform.serving.routes import Split, Variant

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
SCRAPE, RARE = "1s", "6s"


@dataclass
class Gateway:
    """One variant's gateway: what it counted, and how it behaves.

    Attributes:
        errors: Share of its requests that fail.
        refusals: Share of its requests that it refuses with status 400, of those that do not fail.
        seconds: How long a request takes, up to.
    """

    errors: float = 0.0
    refusals: float = 0.0
    seconds: float = 0.2
    statuses: Counter[str] = field(default_factory=Counter[str])
    durations: Counter[float] = field(default_factory=Counter[float])
    count: int = 0

    def request(self, draws: random.Random) -> None:
        status = "400" if draws.random() < self.refusals else "200"
        status = "500" if draws.random() < self.errors else status
        self.statuses[status] += 1
        took = draws.random() * self.seconds
        self.count += 1
        for bound in BOUNDS:
            self.durations[bound] += took <= bound

    def restart(self) -> None:
        """Count from zero again, as a new process does."""
        self.statuses.clear()
        self.durations.clear()
        self.count = 0

    def text(self) -> str:
        """In Prometheus' format."""
        name = "llm_gateway_request_duration_seconds_bucket"
        lines = [
            f'llm_gateway_requests_total{{status="{status}"}} {number}'
            for status, number in self.statuses.items()
        ]
        lines += [f'{name}{{le="{bound}"}} {self.durations[bound]}' for bound in BOUNDS]
        return "\n".join([*lines, f'{name}{{le="+Inf"}} {self.count}', ""])


class Traffic:
    """Requests to a service's two gateways, a hundred a second, by the split of its route.

    Args:
        split: How requests are divided now.
    """

    def __init__(self, split: Callable[[], Split]) -> None:
        self.gateways = {each: Gateway() for each in Variant}
        self._split = split
        self._draws = random.Random(3)  # noqa: S311 - no secret
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _go(self) -> None:
        while not self._over.wait(0.1):
            split = self._split()
            for _ in range(10):
                share = split.candidate if split.has_candidate else 0
                chosen = self._draws.random() * 100 < share
                self.gateways[Variant.CANDIDATE if chosen else Variant.STABLE].request(self._draws)
                if self._draws.random() * 100 < (split.mirrored if split.has_candidate else 0):
                    self.gateways[Variant.CANDIDATE].request(self._draws)


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """One gateway's metrics."""
        pages = cast("_Server", self.server)
        _, service, variant = self.path.split("/")
        traffic = pages.traffic.get(service)
        body = traffic.gateways[Variant(variant)].text().encode() if traffic else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    traffic: dict[str, Traffic]


class Monitoring:
    """A running Prometheus, and what it reads.

    Args:
        program: The program.
        folder: Where it may write.
        services: Names of the services, read every second.
        room: Their namespace.
        rarely: Services that are read every six seconds instead.
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        services: list[str],
        room: str,
        rarely: tuple[str, ...] = (),
    ) -> None:
        self.traffic: dict[str, Traffic] = {}
        self._pages = _Server(("127.0.0.1", 0), _Pages)
        self._pages.traffic = self.traffic
        threading.Thread(target=self._pages.serve_forever, daemon=True).start()
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{found.getsockname()[1]}"
        address = f"127.0.0.1:{self._pages.server_address[1]}"
        jobs = [
            {
                "job_name": f"{service}-{variant.value}",
                "scrape_interval": RARE if service in rarely else SCRAPE,
                "metrics_path": f"/{service}/{variant.value}",
                "static_configs": [
                    {
                        "targets": [address],
                        "labels": {
                            "namespace": room, "service": service, "variant": variant.value,
                        },
                    }
                ],
            }
            for service in services
            for variant in Variant
        ]  # fmt: skip
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump({"scrape_configs": jobs}), encoding="utf-8")
        listens = self.url.removeprefix("http://")
        with (folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    str(program), f"--config.file={config}",
                    f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={listens}",
                ],
                stdout=log,
                stderr=log,
            )  # fmt: skip
        self._until_ready(folder / "prometheus.log")

    def close(self) -> None:
        for each in self.traffic.values():
            each.stop()
        self._process.terminate()
        self._process.wait()
        self._pages.shutdown()
        self._pages.server_close()

    def value(self, query: str) -> float:
        """Value of an expression; 0 when it has none."""
        page = f"{self.url}/api/v1/query?query={quote(query)}"
        with urllib.request.urlopen(page) as answer:  # noqa: S310 - our own
            found = json.load(answer)["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def _until_ready(self, log: Path) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2):  # noqa: S310
                    return
            except OSError:
                assert self._process.poll() is None, log.read_text(errors="replace")
                assert time.monotonic() < deadline, log.read_text(errors="replace")
                time.sleep(0.2)
