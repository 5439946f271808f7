"""``python -m local.aws``: run the emulated AWS of one cloud until it is told to stop."""

import argparse
import base64
import os
import signal
import sys
from pathlib import Path
from typing import Any

from local.aws.facts import Facts
from local.aws.server import make


def main() -> int:
    """Serve until SIGTERM or SIGINT; prints one line when ready."""
    parser = argparse.ArgumentParser(prog="python -m local.aws", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where calls.jsonl is written")
    parser.add_argument("--port", type=int, required=True, help="0: any")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--cloud-id", required=True, help="answered by /_llmp/identity")
    parser.add_argument("--cluster-endpoint", required=True, help="URL of the API server")
    parser.add_argument("--cluster-ca", type=Path, required=True, help="its CA, a PEM file")
    parser.add_argument("--faults", type=Path, help="folder that may hold a fault plan")
    options = parser.parse_args()
    try:
        authority = base64.b64encode(options.cluster_ca.read_bytes()).decode()
        options.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        facts = Facts(
            options.cloud_id, options.cluster_endpoint, authority, options.folder, options.faults
        )
        server = make(facts, options.port, options.host)
    except OSError as error:
        sys.stderr.write(f"local.aws cannot start: {error}\n")
        return 1
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    sys.stdout.write(f"listening on http://{options.host}:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
    return 0


def _stop(_signal: int, _frame: Any) -> None:
    """End at once: the cloud is memory only, and the record of calls is flushed per call."""
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
