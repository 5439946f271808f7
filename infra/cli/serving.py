"""`llmp serve`, `chat` and `models`: a real model that answers on this machine."""

from pathlib import Path
from typing import Any

import click

from infra.cli.guarded import guarded

url_option = click.option(
    "--url", metavar="URL", help="Address of a server; default: the one of `llmp serve`."
)


@click.command()
@click.option("--down", is_flag=True, help="Stop it, and leave nothing of it running.")
@click.option(
    "--models", metavar="A,B", help="Models to load; default: all that this machine can run."
)
@click.option("--port", type=int, metavar="N", help="HTTP port of the gateway (18080); 0: any.")
@click.option(
    "--repository",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Model repository; default: LLMP_MODELS, else model_repo/ of this checkout.",
)
@guarded
def serve(*, down: bool, models: str | None, port: int | None, repository: Path | None) -> int:
    """Start Triton and the gateway on loopback, and say how they are reached; see docs/serving.md.

    They go on in the background. A second call says that they run.
    """
    if down and (models is not None or port is not None or repository is not None):
        raise click.UsageError("--down goes alone")
    from infra.cli import serve as view  # noqa: PLC0415

    if down:
        return view.down()
    return view.serve(models=models, port=port, repository=repository)


@click.command()
@click.argument("prompt", required=False)
@click.option("--model", metavar="NAME", help="Model to ask; default: the one that chats.")
@click.option("--system", default="", metavar="TEXT", help="What the model is told first.")
@click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="Longest answer.")
@click.option(
    "--temperature", type=click.FloatRange(0, 2), metavar="T", help="0: always the likeliest token."
)
@click.option("--stats", is_flag=True, help="Time to first token and tokens a second.")
@url_option
@click.option(
    "--key",
    envvar="LLMP_API_KEY",
    metavar="KEY",
    help="API key; default: LLMP_API_KEY, else that of `llmp serve`.",
)
@click.option("--stack", metavar="STACK", help="Ask a served model of this live stack, by TLS.")
@click.option("--service", metavar="NAME", help="Which of them; default: the only one.")
@guarded
def chat(
    prompt: str | None,
    model: str | None,
    url: str | None,
    key: str | None,
    stack: str | None,
    service: str | None,
    **how: Any,
) -> int:
    """Ask PROMPT and print the answer as it comes; without PROMPT, talk with the model.

    It asks `llmp serve`, what answers at --url, or with --stack a model of a live stack.

    PROMPT `-`, or none where standard input is no terminal: the prompt is read from there.
    Exit codes: 0 answered; 1 no server, or it failed; 2 it refuses what was asked; 130 Ctrl-C.
    """
    from infra.cli import chat as view  # noqa: PLC0415
    from infra.cli import servers  # noqa: PLC0415

    if url is not None and stack is not None:
        raise click.UsageError("--url or --stack, not both")
    if service is not None and stack is None:
        raise click.UsageError("--service goes with --stack")
    server = servers.gateway(url, key) if stack is None else _served(stack, service, key)
    settings = view.Settings(model=model or servers.chat_model(server), **how)
    return view.chat(server, settings, prompt)


def _served(stack: str, service: str | None, key: str | None) -> Any:
    from infra.cli import live_chat  # noqa: PLC0415 - reads the stack file

    return live_chat.server(stack, service, key)


@click.group()
def models() -> None:
    """The models of a Triton: which there are, load and unload them, check their files."""


@models.command("ls")
@url_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@guarded
def models_ls(url: str | None, *, as_json: bool) -> int:
    """List the models of the repository: state, version, and why one is not ready."""
    from infra.cli import models as view  # noqa: PLC0415
    from infra.cli import servers  # noqa: PLC0415

    server = servers.triton(url)
    return view.show(server, as_json=as_json, known=servers.models_of(server))


@models.command("load")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@url_option
@guarded
def models_load(names: tuple[str, ...], url: str | None) -> int:
    """Load models, or load them again after their files changed; an ensemble loads its steps."""
    from infra.cli import models as view  # noqa: PLC0415
    from infra.cli import servers  # noqa: PLC0415

    return view.load(servers.triton(url), names)


@models.command("unload")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--steps", is_flag=True, help="The steps of an ensemble too.")
@url_option
@guarded
def models_unload(names: tuple[str, ...], url: str | None, *, steps: bool) -> int:
    """Unload models; requests that run end first."""
    from infra.cli import models as view  # noqa: PLC0415
    from infra.cli import servers  # noqa: PLC0415

    return view.unload(servers.triton(url), names, steps=steps)


@models.command("check", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENT]...")
@guarded
def models_check(arguments: tuple[str, ...]) -> int:
    """Check every config.pbtxt of a repository by form and by meaning; see docs/models.md."""
    from infra.cli import models as view  # noqa: PLC0415

    view.in_services("serving", "check", *arguments)


@models.command(
    "profile", context_settings={"ignore_unknown_options": True, "help_option_names": []}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENT]...")
@guarded
def models_profile(arguments: tuple[str, ...]) -> int:
    """Find instance count, batch sizes and queue delay by measuring; see docs/serving.md."""
    from infra.cli import models as view  # noqa: PLC0415

    view.in_services("serving.profile", *arguments)
