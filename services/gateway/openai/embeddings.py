"""``/v1/embeddings``."""

import asyncio
import base64
import struct
import time
from collections.abc import Sequence
from typing import Any

import orjson

from gateway.asgi import CLIENT_GONE
from gateway.contract import Call, Embeddings, Kind, Piece, Reservation, ServedModel
from gateway.errors import GatewayError, InvalidRequestError
from gateway.openai.endpoint import Endpoint, Exchange
from gateway.openai.estimate import likely_tokens
from gateway.openai.reading import parse
from gateway.openai.schemas_embedding import EmbeddingRequest

_GONE = "client_closed_request"


class EmbeddingEndpoint(Endpoint):
    """Embeds texts."""

    route = "embedding"

    async def answer(self, exchange: Exchange, body: bytes) -> None:
        """Answer one request."""
        request = parse(body, EmbeddingRequest)
        model = self.parts.catalogue.find(request.model, exchange.tenant, Kind.EMBEDDING)
        texts = [request.input] if isinstance(request.input, str) else request.input
        call = self.begin(exchange, model)
        exchange.watched = True

        async def work() -> bytes:
            made = await self._embed(call, texts)
            return _reply(made, model, packed=request.encoding_format == "base64")

        await self.whole(exchange, work)

    async def _embed(self, call: Call, texts: Sequence[str]) -> Embeddings:
        watch = self.parts.telemetry.begin(call)
        reservation: Reservation | None = None
        status, code, spent = CLIENT_GONE, _GONE, 0
        try:
            reservation = await self.parts.budgets.reserve(call, likely_tokens(texts))
            since = time.monotonic()
            async with self.parts.admission.slot(call):
                watch.queued(time.monotonic() - since)
                made = await self.parts.upstream.embed(call, texts)
            spent = made.tokens
            watch.piece(Piece("", "stop", prompt_tokens=spent))
            status, code = 200, ""
        except GatewayError as error:
            status, code = error.status, error.code
            if isinstance(error, InvalidRequestError):
                error.param = error.param or "input"
            raise
        except asyncio.CancelledError:
            if time.monotonic() >= call.deadline:
                status, code = 504, "deadline_exceeded"
            raise
        except Exception:
            status, code = 500, "internal_error"
            raise
        finally:
            try:
                if reservation is not None:
                    await reservation.settle(spent)
            finally:
                watch.end(status=status, code=code)
        return made


def _reply(made: Embeddings, model: ServedModel, *, packed: bool) -> bytes:
    body: dict[str, Any] = {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": _packed(vector) if packed else vector,
            }
            for index, vector in enumerate(made.vectors)
        ],
        "model": model.name,
        "usage": {"prompt_tokens": made.tokens, "total_tokens": made.tokens},
    }
    return orjson.dumps(body)


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
