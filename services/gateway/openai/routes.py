"""Hangs the OpenAI-compatible routes onto an application."""

from starlette.applications import Starlette
from starlette.routing import Route

from gateway.asgi import respond
from gateway.contract import ServedModel
from gateway.openai.chat import ChatEndpoint
from gateway.openai.completions import CompletionEndpoint
from gateway.openai.document import document
from gateway.openai.embeddings import EmbeddingEndpoint
from gateway.openai.endpoint import Endpoint, Exchange, Limits
from gateway.openai.pipeline import Parts
from gateway.openai.schemas_common import ModelCard, ModelList


class ModelsEndpoint(Endpoint):
    """Lists the models that a key may ask for."""

    route = "models"
    method = "GET"

    async def answer(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request."""
        cards = [_card(model) for model in self.parts.catalogue.listed(exchange.tenant)]
        body = ModelList(data=cards).model_dump_json().encode()
        await respond(exchange.send, 200, body)


class ModelEndpoint(Endpoint):
    """Describes one model."""

    route = "models"
    method = "GET"

    async def answer(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request."""
        name: str = exchange.scope["path_params"]["model"]
        card = _card(self.parts.catalogue.find(name, exchange.tenant))
        await respond(exchange.send, 200, card.model_dump_json().encode())


class DocumentEndpoint(Endpoint):
    """The OpenAPI document of these routes."""

    route = "openapi"
    method = "GET"
    needs_key = False

    async def answer(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request."""
        await respond(exchange.send, 200, document())


def _card(model: ServedModel) -> ModelCard:
    return ModelCard(id=model.name, created=model.created, owned_by=model.owned_by)


def register(app: Starlette, parts: Parts, limits: Limits | None = None) -> None:
    """Put the routes in front of all that the application has.

    They come first because KServe's first protocol has a ``/v1/models`` of its own. Other paths
    below ``/v1`` are left to whatever the application does with them.

    Args:
        app: The application; a FastAPI one will do.
        parts: The parts of the gateway.
        limits: What one request may take.
    """
    limits = limits or Limits()
    answered: dict[str, type[Endpoint]] = {
        "/v1/chat/completions": ChatEndpoint,
        "/v1/completions": CompletionEndpoint,
        "/v1/embeddings": EmbeddingEndpoint,
        "/v1/models": ModelsEndpoint,
        "/openapi.json": DocumentEndpoint,
    }
    routes: list[Route] = [
        Route(path, kind(parts, limits), include_in_schema=False) for path, kind in answered.items()
    ]
    described = ModelEndpoint(parts, limits)
    routes.append(Route("/v1/models/{model}", described, methods=["GET"], include_in_schema=False))
    app.router.routes[:0] = routes
