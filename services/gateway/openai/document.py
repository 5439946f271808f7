"""The OpenAPI document of the routes, made of the models that check them.

``python -m gateway.openai.document`` writes it to ``gateway/openapi.json``.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gateway.openai.schemas_answers import ChatChunk, ChatCompletion, Completion
from gateway.openai.schemas_chat import ChatRequest
from gateway.openai.schemas_common import ErrorEnvelope, ModelCard, ModelList
from gateway.openai.schemas_completion import CompletionRequest
from gateway.openai.schemas_embedding import EmbeddingList, EmbeddingRequest

FILE = Path(__file__).parents[1] / "openapi.json"

_REFUSALS = {
    400: "The request is not understood, not supported, too long for the model, or blocked.",
    401: "No key, or not a good one.",
    403: "The key is not for this model.",
    404: "There is no such model.",
    405: "The path takes another method.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    429: "A budget is used up, or all slots and the queue are taken; see Retry-After.",
    500: "The gateway or the model failed.",
    503: "The model's server is away, or the gateway shuts down; see Retry-After.",
    504: "The answer took too long.",
}
_ABOUT = """\
An OpenAI-compatible surface in front of Triton. docs/openai.md says what each parameter does and \
what is refused. An error in the middle of a stream is an event whose data is an ErrorEnvelope; \
no [DONE] follows it."""


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}


def _event(model: type[BaseModel]) -> dict[str, Any]:
    """One event of a stream."""
    json_data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {
            "anyOf": [_reference(model)["schema"], _reference(ErrorEnvelope)["schema"]]
        },
    }
    data = {"anyOf": [{"const": "[DONE]"}, json_data]}
    return {
        "type": "object",
        "description": f"An event; its data is a {model.__name__}, that of the last one [DONE].",
        "properties": {"data": data},
        "required": ["data"],
    }


def _responses(model: type[BaseModel], events: type[BaseModel] | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": _reference(model)}
    if events is not None:
        content["text/event-stream"] = {"schema": _event(events)}
    error = {"application/json": _reference(ErrorEnvelope)}
    refusals = {
        str(status): {"description": text, "content": error} for status, text in _REFUSALS.items()
    }
    return {"200": {"description": "The answer.", "content": content}, **refusals}


def _post(
    name: str,
    summary: str,
    request: type[BaseModel],
    reply: type[BaseModel],
    events: type[BaseModel] | None = None,
) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "requestBody": {"required": True, "content": {"application/json": _reference(request)}},
            "responses": _responses(reply, events),
        }
    }


def _get(name: str, summary: str, reply: type[BaseModel]) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": _responses(reply)}


def _paths() -> Mapping[str, Any]:
    model = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/v1/chat/completions": _post(
            "chat", "Answer a conversation", ChatRequest, ChatCompletion, ChatChunk
        ),
        "/v1/completions": _post(
            "complete", "Go on with a text", CompletionRequest, Completion, Completion
        ),
        "/v1/embeddings": _post("embed", "Embed texts", EmbeddingRequest, EmbeddingList),
        "/v1/models": {"get": _get("models", "Models that the key may ask for", ModelList)},
        "/v1/models/{model}": {
            "get": _get("model", "One model", ModelCard),
            "parameters": [model],
        },
    }


def build() -> dict[str, Any]:
    """The document."""
    asked: list[type[BaseModel]] = [ChatRequest, CompletionRequest, EmbeddingRequest]
    answered: list[type[BaseModel]] = [
        *(ChatCompletion, ChatChunk, Completion, EmbeddingList),
        *(ModelList, ModelCard, ErrorEnvelope),
    ]
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((model, "validation") for model in asked),
        *((model, "serialization") for model in answered),
    ]
    _, schemas = models_json_schema(modes, ref_template="#/components/schemas/{model}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "LLM gateway", "version": "1", "description": _ABOUT},
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def text() -> str:
    """The document as it is checked in."""
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"


@cache
def document() -> bytes:
    """The document as it is served."""
    return json.dumps(build(), separators=(",", ":"), ensure_ascii=False).encode()


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
