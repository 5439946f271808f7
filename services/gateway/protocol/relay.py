"""Carries requests of the protocol to Triton and the answers back, whichever way they came."""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

from gateway.contract import Call, Kind
from gateway.errors import InvalidRequestError
from gateway.protocol import messages_check
from gateway.protocol.calls import Calls, size_tokens
from gateway.protocol.chat import ChatAnswer, ChatRequest
from gateway.upstream import failures, messages
from gateway.upstream.metadata import ModelMetadata

VERSION = re.compile(r"[1-9][0-9]{0,17}")
"""One way to write each version: what is known of a model is kept by it."""


class Relay:
    """Requests that were checked go to Triton; nothing is parsed that is only passed on."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def metadata(self, call: Call, version: str) -> ModelMetadata:
        """The metadata of the call's model.

        Raises:
            NotFoundError: Triton has no such model or version.
            InvalidRequestError: The version is not a number.
            UnavailableError: Triton does not answer.
        """
        if version and not VERSION.fullmatch(version):
            raise InvalidRequestError(
                "the version must be a whole number from 1 on", param="model_version"
            )
        return await self.calls.parts.upstream.metadata(call.model.triton, version)

    async def check(
        self, call: Call, version: str, check: Callable[[ModelMetadata], None]
    ) -> ModelMetadata:
        """Hold a request against the model's metadata; asks for it anew before it refuses.

        Args:
            call: The call.
            version: Of the model; empty for the one that Triton chooses.
            check: Called with the metadata; raises what the client is told.

        Raises:
            GatewayError: As `metadata`, and what `check` raises.
        """
        model = await self.metadata(call, version)
        try:
            check(model)
        except InvalidRequestError:
            upstream = self.calls.parts.upstream
            newer = await upstream.metadata(call.model.triton, version, newer_than=call.started - 1)
            if newer.digest == model.digest:
                raise
            check(newer)
            return newer
        return model

    async def infer(self, call: Call, request: Any, raw: bytes) -> bytes:
        """One request, one answer; serialised.

        Args:
            call: The call.
            request: A ``ModelInferRequest``.
            raw: The same, as it came.

        Raises:
            GatewayError: It is refused, or Triton fails.
        """

        def check(model: ModelMetadata) -> None:
            if model.decoupled:
                raise InvalidRequestError(
                    "the model answers piece by piece: use ModelStreamInfer, or generate over REST"
                )
            messages_check.check(model, request)

        await self.check(call, request.model_version, check)
        name, triton = call.model.name, call.model.triton
        if name != triton:
            request.model_name = triton
            raw = request.SerializeToString()
        tokens = size_tokens(call, len(raw))
        async with self.calls.served(call, tokens) as served:
            answer = await self.calls.parts.upstream.channel.infer(
                raw, model=triton, deadline=call.deadline, trace=call.trace
            )
            served.tokens = tokens
        if name != triton:
            response = messages.ModelInferResponse.FromString(answer)
            response.model_name = name
            return response.SerializeToString()
        return answer

    async def stream(self, call: Call, request: Any) -> AsyncGenerator[Any]:
        """One request, any number of answers as ``ModelInferResponse``.

        Closing the generator frees the slot and ends the work in Triton. Errors as `infer`.
        """

        def check(model: ModelMetadata) -> None:
            messages_check.check(model, request)

        model = await self.check(call, request.model_version, check)
        request.model_name = model.name
        if call.model.kind is not Kind.CHAT:
            async with self.calls.served(call), aclosing(self._ask(call, request)) as answers:
                async for response in answers:
                    yield response
            return
        asked = ChatRequest(call, request)
        asked.complete()
        guard = partial(asked.guard, self.calls)
        async with self.calls.served(call, asked.reserved_tokens, guard) as served:
            answer = ChatAnswer(self.calls, served, asked)
            async with aclosing(self._ask(call, request, piecewise=asked.stream)) as answers:
                async for response in answers:
                    yield answer.pass_on(response)

    async def _ask(
        self, call: Call, request: Any, *, piecewise: bool = False
    ) -> AsyncGenerator[Any]:
        stream = self.calls.parts.upstream.channel.stream(
            request.SerializeToString(),
            model=call.model.triton,
            deadline=call.deadline,
            trace=call.trace,
            piecewise=piecewise,
        )
        async with aclosing(stream):
            async for raw in stream:
                answer: Any = messages.ModelStreamInferResponse.FromString(raw)
                if answer.error_message:
                    raise failures.from_message(answer.error_message, call.model.triton)
                response = answer.infer_response
                response.model_name = call.model.name
                yield response
