"""The gateway as a transformer of KServe: what KServe says wins over the settings file."""

from pydantic import ValidationError

from gateway.settings import GatewaySettings, SettingsError
from gateway.told import Told

HTTP_PORT = "80"
"""Port of a predictor's Service when KServe names none."""


def told_by(settings: GatewaySettings, told: Told) -> GatewaySettings:
    """The settings with what KServe said in place of what the file says.

    Args:
        settings: From the file.
        told: Arguments of the command line.

    Raises:
        SettingsError: What was said cannot be; names the argument.
    """
    try:
        if told.http_port is not None:
            listen = {**settings.listen.model_dump(), "http_port": told.http_port}
            part = type(settings.listen).model_validate(listen)
            settings = settings.model_copy(update={"listen": part})
    except ValidationError as error:
        raise SettingsError(f"--http_port: {error.errors()[0]['msg']}") from None
    if told.predictor_host is None:
        return settings
    host, _, port = told.predictor_host.partition(":")
    grpc_port = settings.upstream.grpc.rpartition(":")[2]
    upstream = {
        **settings.upstream.model_dump(),
        "http": f"{host}:{port or HTTP_PORT}",
        "grpc": f"{host}:{grpc_port}",
    }
    try:
        part = type(settings.upstream).model_validate(upstream)
    except ValidationError as error:
        raise SettingsError(f"--predictor_host: {error.errors()[0]['msg']}") from None
    return settings.model_copy(update={"upstream": part})
