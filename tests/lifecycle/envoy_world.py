"""The real Envoy, led by the rules that a rollout writes; two backends of a few lines.

Envoy reads its routes from a file and takes a new one without a restart, as it does from its
control plane. What Envoy Gateway makes of an HTTPRoute is made of it here in the same terms.
"""

import http.client
import json
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from llm_platform.serving import routes
from llm_platform.serving.routes import Split, Variant

SERVICE = "chat"
PIECES = 30
PIECE_SECONDS = 0.1


class Backend(ThreadingHTTPServer):
    """One variant: says its name, and streams it slowly under ``/v1/stream``."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.seen = 0
        super().__init__(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        backend = cast("Backend", self.server)
        backend.seen += 1
        name = backend.variant.value.encode()
        self.send_response(200)
        if not self.path.endswith("/stream"):
            self.send_header("Content-Length", str(len(name)))
            self.end_headers()
            self.wfile.write(name)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(PIECES):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(name), name))
            self.wfile.flush()
            time.sleep(PIECE_SECONDS)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class Envoy:
    """A running Envoy."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._folder = folder
        self._routes = folder / "routes.json"
        self.backends = {each: Backend(each) for each in Variant}
        self.port, self.admin = _free(), _free()
        self.route(Split())
        config = folder / "envoy.json"
        config.write_text(json.dumps(self._bootstrap()), encoding="utf-8")
        with (folder / "envoy.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    str(program),
                    "-c",
                    str(config),
                    "--disable-hot-restart",
                    "--concurrency",
                    "1",
                    "--log-level",
                    "warn",
                ],
                stdout=log,
                stderr=log,
            )
        self._until_answered()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        for each in self.backends.values():
            each.shutdown()
            each.server_close()

    def route(self, split: Split) -> None:
        """Have the rules of a split in force, in one stroke."""
        rules = routes.http_rules(SERVICE, split)
        config = {
            "version_info": str(time.monotonic_ns()),
            "resources": [
                {
                    "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
                    "name": "served",
                    "virtual_hosts": [
                        {"name": SERVICE, "domains": ["*"], "routes": _translated(rules)}
                    ],
                }
            ],
        }
        fresh = self._folder / "routes.new"
        fresh.write_text(json.dumps(config), encoding="utf-8")
        fresh.rename(self._routes)

    def switched(self, split: Split) -> None:
        """The same, and wait until it is so."""
        before = self._updates()
        self.route(split)
        deadline = time.monotonic() + 10
        while self._updates() == before:
            assert time.monotonic() < deadline, "Envoy took no new routes"
            time.sleep(0.02)

    def ask(self, count: int, headers: dict[str, str] | None = None) -> Counter[str]:
        """Send requests one after the other; who answered how many."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        found: Counter[str] = Counter()
        for _ in range(count):
            connection.request("GET", "/v1/x", headers=headers or {})
            response = connection.getresponse()
            assert response.status == 200
            body = response.read().decode()
            assert response.headers[routes.VARIANT_HEADER] == body
            found[body] += 1
        connection.close()
        return found

    def stream(self) -> str:
        """Everything of one slow answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/v1/stream")
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def _updates(self) -> str:
        text = self._admin("/stats?filter=rds.served.update_success&format=json")
        return str(json.loads(text)["stats"][0]["value"])

    def _admin(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().read().decode()

    def _until_answered(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                self.ask(1)
            except (OSError, AssertionError, http.client.HTTPException):
                log = (self._folder / "envoy.log").read_text(errors="replace")
                assert self._process.poll() is None, log
                assert time.monotonic() < deadline, log
                time.sleep(0.1)
            else:
                return

    def _bootstrap(self) -> dict[str, Any]:
        manager = {
            "@type": "type.googleapis.com/envoy.extensions.filters.network."
            "http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "served",
            "rds": {
                "route_config_name": "served",
                "config_source": {
                    "path_config_source": {"path": str(self._routes)},
                    "resource_api_version": "V3",
                },
            },
            "http_filters": [
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3."
                        "Router"
                    },
                }
            ],
        }
        chain = {
            "filters": [
                {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
            ]
        }
        listener = {"name": "l", "address": _address(self.port), "filter_chains": [chain]}
        clusters = [_cluster(name, each) for name, each in self.backends.items()]
        return {
            "admin": {"address": _address(self.admin)},
            "static_resources": {"listeners": [listener], "clusters": clusters},
            "node": {"id": "test", "cluster": "test"},
        }


def _cluster(variant: Variant, backend: Backend) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(backend.server_address[1])}}
    return {
        "name": _name(variant),
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": _name(variant),
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }


def _name(variant: Variant) -> str:
    return routes.part_of(SERVICE, variant, routes.Part.GATEWAY)


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _translated(rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Envoy's routes for the rules of an HTTPRoute."""
    return [
        {"match": _match(match), "route": _route(rule)}
        for rule in rules
        for match in rule["matches"]
    ]


def _match(match: dict[str, Any]) -> dict[str, Any]:
    headers = [
        {
            "name": each["name"],
            "string_match": {"exact": each["value"]}
            if each["type"] == "Exact"
            else {"safe_regex": {"regex": each["value"]}},
        }
        for each in match.get("headers", [])
    ]
    return {"prefix": match["path"]["value"], "headers": headers}


def _route(rule: dict[str, Any]) -> dict[str, Any]:
    clusters: list[dict[str, Any]] = []
    for each in rule["backendRefs"]:
        told = each["filters"][0]["responseHeaderModifier"]
        added = [
            *({"header": _header(h), "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
              for h in told.get("set", [])),
            *({"header": _header(h)} for h in told.get("add", [])),
        ]  # fmt: skip
        clusters.append(
            {"name": each["name"], "weight": each["weight"], "response_headers_to_add": added}
        )
    found: dict[str, Any] = {"weighted_clusters": {"clusters": clusters}, "timeout": "60s"}
    mirrors = [each["requestMirror"] for each in rule.get("filters", [])]
    if mirrors:
        found["request_mirror_policies"] = [
            {
                "cluster": each["backendRef"]["name"],
                "runtime_fraction": {
                    "default_value": {"numerator": each["percent"], "denominator": "HUNDRED"}
                },
            }
            for each in mirrors
        ]
    return found


def _header(given: dict[str, str]) -> dict[str, str]:
    return {"key": given["name"], "value": given["value"]}
