"""Stands in for a process of the cloud: answers its health check, and fails when told to.

``fake_process.py NAME FLAGS…``; understands the flags of all four. A file ``NAME.fail`` in the
folder of this cloud's room makes it print the file's text and end with exit code 1.
"""

import http.server
import json
import ssl
import sys
from pathlib import Path
from typing import Any


def flags_of(arguments: list[str]) -> dict[str, str]:
    flags: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        key, given, value = word.removeprefix("--").partition("=")
        flags[key] = value if given else next(words)
    return flags


def main() -> None:
    name, flags = sys.argv[1], flags_of(sys.argv[2:])
    fail = Path.cwd().parent / f"{name}.fail"
    if fail.exists():
        sys.exit(fail.read_text())
    if "data-dir" in flags:
        (Path(flags["data-dir"]) / "member").mkdir(parents=True, exist_ok=True)
    answer = json.dumps({"cloud_id": flags.get("cloud-id")}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its own name
            del format, args

    client_url = flags.get("listen-client-urls", "").rpartition(":")[2]
    port = int(flags.get("port") or flags.get("secure-port") or client_url)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    cert = flags.get("tls-cert-file") or flags.get("cert-file")
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, flags.get("tls-private-key-file") or flags["key-file"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
