"""Triton as the gateway's parts see it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from gateway.contract import Call, Embeddings, Generation, Piece
from gateway.errors import GatewayError, UnavailableError
from gateway.upstream import failures, messages, tensors
from gateway.upstream.channel import Channel
from gateway.upstream.http import HttpConnection
from gateway.upstream.metadata import MetadataCache, ModelMetadata
from gateway.upstream.repairs import Repairs
from gateway.upstream.settings import UpstreamSettings

READY_SECONDS = 2.0
"""Patience with Triton when it is asked whether it is ready."""

RELOAD_SECONDS = 120.0
"""Patience with Triton when it loads a model anew."""

FINGERPRINT_SECONDS = 5.0
"""How long a model's fingerprint is believed."""


class TritonUpstream:
    """Generation, embeddings and readiness over gRPC; metadata over HTTP.

    Attributes:
        channel: The gRPC connection, for requests that are passed on as they are.
        http: The HTTP connection, for the same.
    """

    def __init__(self, settings: UpstreamSettings) -> None:
        self._batch = settings.embedding_batch
        repairs = Repairs(self._reload, enabled=settings.reload_dead_models)
        self.channel = Channel(settings, repairs.failed)
        self.http = HttpConnection(settings, repairs.failed)
        self._metadata = MetadataCache(self.http, settings.metadata_seconds)

    async def close(self) -> None:
        """End all connections."""
        await self.channel.close()
        await self.http.close()

    async def _reload(self, model: str) -> None:
        self.channel.abandon(model)
        # Loading what Triton takes for loaded would change nothing.
        for action in ("unload", "load"):
            path = f"/v2/repository/models/{quote(model, safe='')}/{action}"
            await self.http.request("POST", path, model=model, seconds=RELOAD_SECONDS, body=b"{}")

    async def is_ready(self, model: str = "", version: str = "") -> bool:
        """Whether the server, or one of its models, is ready; False when it does not answer."""
        return await self.channel.is_ready(model, version, READY_SECONDS)

    async def metadata(
        self, model: str, version: str = "", *, newer_than: float = 0.0
    ) -> ModelMetadata:
        """What Triton says about a model; see `MetadataCache.get`."""
        return await self._metadata.get(model, version, newer_than=newer_than)

    async def fingerprint(self, model: str) -> str:
        """What the answers of a model depend on besides the request; see the contract."""
        limit = time.monotonic() - FINGERPRINT_SECONDS
        try:
            return (await self.metadata(model, newer_than=limit)).digest
        except UnavailableError:
            raise
        except GatewayError as error:
            raise UnavailableError(error.message) from None

    async def generate(self, call: Call, generation: Generation) -> AsyncGenerator[Piece]:
        """Answer a prompt piece by piece; see the contract."""
        model = call.model.triton
        request = tensors.generation_request(model, call.id, generation)
        finished = False
        stream = self.channel.stream(
            request.SerializeToString(), model=model, deadline=call.deadline, trace=call.trace
        )
        async with aclosing(stream):
            async for raw in stream:
                response: Any = messages.ModelStreamInferResponse.FromString(raw)
                if response.error_message:
                    raise failures.from_message(response.error_message, model)
                piece = tensors.piece(response.infer_response)
                if piece is not None:
                    finished = finished or bool(piece.finish_reason)
                    yield piece
        if not finished:
            raise UnavailableError(
                "the model's server broke the answer off", retry_after=failures.RETRY_SECONDS
            )

    async def embed(self, call: Call, texts: Sequence[str]) -> Embeddings:
        """Embed texts; see the contract. More than one batch is embedded side by side."""
        batches = [texts[at : at + self._batch] for at in range(0, len(texts), self._batch)]
        parts = (
            [await self._embed(call, batches[0])]
            if len(batches) == 1
            else await _all([self._embed(call, batch) for batch in batches])
        )
        return Embeddings(
            [vector for part in parts for vector in part.vectors],
            sum(part.tokens for part in parts),
        )

    async def _embed(self, call: Call, texts: Sequence[str]) -> Embeddings:
        model = call.model.triton
        raw = await self.channel.infer(
            tensors.embedding_request(model, call.id, texts).SerializeToString(),
            model=model,
            deadline=call.deadline,
            trace=call.trace,
        )
        try:
            return tensors.embeddings(messages.ModelInferResponse.FromString(raw))
        except ValueError as error:
            failures.logger.error("model %s: not an embedding model: %s", model, error)
            raise GatewayError("the model failed on this request", code="model_error") from None


async def _all(work: Sequence[Any]) -> list[Embeddings]:
    """All results, or the first error with the rest cancelled."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
