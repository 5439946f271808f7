"""What `llmp serve` says: progress, addresses, and lines to copy."""

import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from infra.cli.view import ConsoleReporter
from local.paths import REPOSITORY
from local.reporter import Reporter
from local.serving import server
from local.serving.order import Order, parse_models
from local.serving.record import Serving
from local.setup import environments

QUESTION = "Why is the sky blue?"
GATEWAY_CONFIG = REPOSITORY / "services" / "gateway" / "config"
GATEWAY_DEFAULTS = (GATEWAY_CONFIG / "local.yaml", GATEWAY_CONFIG / "models.yaml")


def serve(*, models: str | None, port: int | None, repository: Path | None) -> int:
    """Have a server, and say how it is reached; exit code 0."""
    console = Console(highlight=False, soft_wrap=True)
    order = Order(repository, parse_models(models), port)
    order.check()
    reporter = ConsoleReporter(Console(stderr=True, highlight=False, soft_wrap=True))
    serving, before = server.ensure(order, programs(), reporter)
    if before:
        console.print("It runs already.")
    print_addresses(console, serving)
    return 0


def down() -> int:
    """Stop the server; exit code 0, also when none ran."""
    console = Console(highlight=False, soft_wrap=True)
    reporter: Reporter = ConsoleReporter(Console(stderr=True, highlight=False, soft_wrap=True))
    ran = server.stop(reporter)
    console.print("Stopped." if ran else "No server of this checkout runs.")
    return 0


def programs() -> server.Programs:
    """What a server is made of; makes the environment of `services/` when it is not there."""
    project = environments.PROJECTS["services"]
    if not project.python.exists():
        environments.make(project)
    return server.Programs(project.python, GATEWAY_DEFAULTS)


def addresses(serving: Serving) -> Mapping[str, str]:
    """What answers where, in order of use."""
    triton = serving.ports
    return {
        "OpenAI API": f"{serving.url}/v1",
        "Open Inference Protocol v2, REST": f"{serving.url}/v2",
        "Open Inference Protocol v2, gRPC": serving.grpc,
        "gateway's metrics": f"{serving.url}/metrics",
        "Triton, HTTP": serving.triton_url,
        "Triton, gRPC": f"127.0.0.1:{triton.triton_grpc}",
        "Triton's metrics": f"http://127.0.0.1:{triton.triton_metrics}/metrics",
        "models": ", ".join(serving.models),
        "API key": str(serving.key_file),
        "logs": str(serving.folder / "logs"),
    }


def lines_to_copy(serving: Serving, llmp: str, python: str) -> list[str]:
    """Three ways to ask the model that chats; none when no such model is loaded.

    Args:
        serving: The server.
        llmp: How the shell finds this command.
        python: A Python that has the `openai` client.
    """
    if not serving.chat_model:
        return []
    key_file = shlex.quote(str(serving.key_file))
    model, messages = serving.chat_model, [{"role": "user", "content": QUESTION}]
    body = json.dumps({"model": model, "stream": True, "messages": messages})
    script = (
        "from openai import OpenAI; "
        f"client = OpenAI(base_url={json.dumps(serving.url + '/v1')}, "
        f"api_key=open({json.dumps(str(serving.key_file))}).read().strip()); "
        f"parts = client.chat.completions.create(model={json.dumps(model)}, "
        f"messages={json.dumps(messages)}, stream=True); "
        '[print(c.delta.content or "", end="", flush=True) for part in parts for c in part.choices]'
    )
    curl = [
        f"curl -N {serving.url}/v1/chat/completions",
        f'-H "Authorization: Bearer $(cat {key_file})"',
        f"-H 'Content-Type: application/json' -d {shlex.quote(body)}",
    ]
    return [
        f"{shlex.quote(llmp)} chat {shlex.quote(QUESTION)}",
        " ".join(curl),
        f"{shlex.quote(python)} -c {shlex.quote(script)}",
    ]


def print_addresses(console: Console, serving: Serving) -> None:
    """Print the table of addresses and the lines to copy."""
    shown = addresses(serving)
    width = max(map(len, shown)) + 2
    for what, where in shown.items():
        console.print(Text.assemble((what.ljust(width), "bold"), where))
    lines = lines_to_copy(serving, _llmp(), str(environments.PROJECTS["services"].python))
    if lines:
        console.print("\nAsk it:")
    for line in lines:
        console.print(Text(f"  {line}", style="cyan"))
    console.print(Text("\nStop it: make serve-down", style="dim"))


def _llmp() -> str:
    return "llmp" if shutil.which("llmp") else str(Path(sys.executable).with_name("llmp"))
