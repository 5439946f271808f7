"""Services that the tests of `LlmService` make."""

from typing import Any

from llm_platform.problems import Problem
from llm_platform.serving.llm_service import LlmService, LlmServiceArgs
from llm_platform.serving.llm_service_check import check_llm_service
from tests.unit.components_kubernetes.kubernetes_recording import Recording, fields, record

KEYS = {"keys_secret": "chat-keys"}
ROUTE = {"domain": "models.example.com"}
JWT = {"issuer": "https://id", "audiences": ["chat"], "jwks_uri": "https://id/keys"}
LLAMA_70B = {
    "parameters_billions": 70.6,
    "precision": "BF16",
    "layers": 80,
    "kv_heads": 8,
    "head_dim": 128,
    "context_tokens": 8192,
    "gpu_memory_gib": 22.35,
}
CUSTOM = {"image": "x/own:1", "protocol": "openai"}


def args(**more: Any) -> LlmServiceArgs:
    base: dict[str, Any] = {
        "namespace": "assistants",
        "model": "smollm2",
        "repository_uri": "s3://models/model_repo/",
        "runtime": "triton",
        "tags": {"team": "ml"},
    }
    given = {**base, **more}
    return fields(**{key: value for key, value in given.items() if value is not None})


def service(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = LlmService("chat", args(**more))
        return {"address": made.address, "url": made.url}

    return record(program)


def whole(**more: Any) -> Recording:
    return service(
        **{
            "gateway": KEYS,
            "route": ROUTE,
            "candidate": {"model": "smollm3", "cpus": 1.5},
            "scaling": {"tokens_per_second": 900},
            "recommendations": {},
            "monitored": True,
            **more,
        }
    )


def problems(**more: Any) -> list[Problem]:
    return check_llm_service(args(**{"service_name": "chat", **more}))
