"""Which server a command means: one that is named, else the one of `llmp serve`."""

from typing import Any

from infra.cli.http_api import Refusal, Server
from llm_platform.problems import InvalidInputsError, Problem
from local.errors import LocalCloudError
from local.serving import server
from local.serving.order import models_in
from local.serving.record import Serving


def gateway(url: str | None, key: str | None) -> Server:
    """The gateway to ask.

    Args:
        url: Its address; None for the server of this checkout.
        key: API key; None for that server's own, which is never sent to another address.

    Raises:
        LocalCloudError: None is named and none runs.
    """
    if url is not None:
        running = server.find()
        own = running.key() if running is not None and running.url == url.rstrip("/") else ""
        return Server(url.rstrip("/").removesuffix("/v1"), key or own)
    running = _running()
    return Server(running.url, key or running.key())


def triton(url: str | None) -> Server:
    """The Triton to ask; errors as for `gateway`."""
    return Server(url.rstrip("/") if url is not None else _running().triton_url)


def models_of(asked: Server) -> list[str] | None:
    """Models in the repository of a Triton, if it is the one of this checkout, else None."""
    running = server.find()
    if running is None or running.triton_url != asked.url:
        return None
    return models_in(running.repository)


def chat_model(asked: Server) -> str:
    """The model that chats: the one that the server of this checkout offers, else the first.

    Raises:
        InvalidInputsError: There is none.
        LocalCloudError: The server refuses to say.
    """
    running = server.find()
    if running is not None and running.url == asked.url and running.chat_model:
        return running.chat_model
    try:
        listed: Any = asked.call("GET", "/v1/models")
        names = [str(each["id"]) for each in listed["data"]]
    except Refusal as refusal:
        raise LocalCloudError(
            f"{asked.url} does not say which models it has: {refusal}",
            "give a key by --key or LLMP_API_KEY, or a model by --model",
        ) from None
    except (KeyError, TypeError):
        raise LocalCloudError(
            f"what answers at {asked.url} has no OpenAI API", "give the address of one by --url"
        ) from None
    if not names:
        problem = Problem("--model", "the server offers none", "a server that does")
        raise InvalidInputsError("llmp chat", [problem])
    return names[0]


def _running() -> Serving:
    running = server.find()
    if running is None:
        raise LocalCloudError(
            "no server of this checkout runs", "start it: make serve; or name another one by --url"
        )
    return running
