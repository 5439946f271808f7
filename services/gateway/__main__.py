"""``python -m gateway``: serves by default; ``keys`` makes and revokes API keys."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gateway.access.commands import add_commands
from gateway.told import Told

CONFIG = "GATEWAY_CONFIG"
"""Environment variable with the path of the settings."""


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code: 2 for wrong settings or arguments."""
    options = _parse(arguments)
    if options.command != "serve":
        return int(options.run(options))
    path = options.config or os.environ.get(CONFIG)
    if not path:
        return _wrong(
            [f"say where the settings are: --config FILE, or {CONFIG} in the environment"]
        )
    told = Told(options.http_port, options.predictor_host)
    return _serve(Path(path), told, check_only=options.check)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve the models (default)")
    serve.add_argument("--config", metavar="FILE", help=f"settings, YAML or JSON; or ${CONFIG}")
    serve.add_argument("--check", action="store_true", help="check the settings and end")
    _add_kserve_arguments(serve)
    add_commands(commands)
    known = {*commands.choices, "-h", "--help"}
    given = list(arguments)
    return parser.parse_args(given if given and given[0] in known else ["serve", *given])


def _add_kserve_arguments(serve: argparse.ArgumentParser) -> None:
    """What KServe adds to the command of a transformer's container."""
    serve.add_argument("--http_port", type=int, metavar="N", help="in place of listen.http_port")
    serve.add_argument(
        "--predictor_host", metavar="HOST", help="where Triton is, in place of upstream's hosts"
    )
    for name, text in (
        ("--model_name", "accepted and ignored: the settings name the models"),
        ("--workers", "accepted and ignored: one process serves"),
    ):
        serve.add_argument(name, help=text)


def _serve(path: Path, told: Told, *, check_only: bool) -> int:
    # Imported here: other commands do without, and KServe takes three seconds.
    import logging.config  # noqa: PLC0415

    from gateway.assembly import AssemblyError, build  # noqa: PLC0415
    from gateway.settings import SettingsError, load  # noqa: PLC0415
    from gateway.telemetry import log_config  # noqa: PLC0415
    from gateway.transformer import told_by  # noqa: PLC0415

    try:
        settings = told_by(load(path), told)
        from gateway.server import GatewayServer, ListenError  # noqa: PLC0415

        logging.config.dictConfig(log_config(settings.telemetry.logs))
        parts = build(settings)
    except (SettingsError, AssemblyError) as error:
        return _wrong(str(error).splitlines())
    if check_only:
        sys.stdout.write(f"{path}: good\n")
        return 0
    try:
        GatewayServer(parts).run()
    except ListenError as error:
        return _wrong([str(error)])
    return 0


def _wrong(lines: Sequence[str]) -> int:
    for line in lines:
        sys.stderr.write(f"error: {line}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
