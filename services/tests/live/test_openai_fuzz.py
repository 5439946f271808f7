"""Requests made from the OpenAPI document, good ones and bad ones, on real models."""

from typing import Any, cast

import lab
import pytest
import schemathesis
from gateway.openai.document import build
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

pytestmark = pytest.mark.live

SCHEMA: Any = schemathesis.openapi.from_dict(build())
MODELS = {
    "/v1/chat/completions": "smollm2",
    "/v1/completions": "smollm2",
    "/v1/embeddings": "minilm",
}
CHECKS: Any = [
    getattr(checks, f"{name}_conformance")
    for name in ("status_code", "content_type", "response_schema")
]
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
GOOD, BAD = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
CASES = [
    ("/v1/chat/completions", "POST", 5, GOOD),
    ("/v1/chat/completions", "POST", 20, BAD),
    ("/v1/completions", "POST", 8, GOOD),
    ("/v1/completions", "POST", 12, BAD),
    ("/v1/embeddings", "POST", 6, GOOD),
    ("/v1/embeddings", "POST", 8, BAD),
    ("/v1/models/{model}", "GET", 3, GOOD),
    ("/v1/models/{model}", "GET", 3, BAD),
    ("/v1/models", "GET", 1, GOOD),
]


@pytest.mark.parametrize(("path", "method", "examples", "mode"), CASES)
def test_no_request_breaks_the_gateway(
    gateway: lab.Gateway, path: str, method: str, examples: int, mode: GenerationMode
) -> None:
    statuses: set[int] = set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=SLOW,
    )
    @given(case=SCHEMA[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        body: Any = case.body
        if mode is GOOD and path in MODELS:
            body["model"] = MODELS[path]
            if "messages" in body:
                body["messages"] = body["messages"][:2]  # reading long ones takes the model seconds
            if path != "/v1/embeddings":
                cast("dict[str, Any]", body).pop("max_completion_tokens", None)
                body["max_tokens"] = 2
        response = case.call(base_url=gateway.url, timeout=30)
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    assert max(statuses) < 500
    if mode is GOOD and path != "/v1/models/{model}":
        assert 200 in statuses
    if mode is BAD:
        assert statuses & {400, 404, 413}
