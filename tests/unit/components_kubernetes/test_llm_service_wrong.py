"""What is wrong with the inputs of an LlmService: one problem each, with its path."""

from typing import Any

import pytest

from llm_platform.problems import InvalidInputsError
from llm_platform.serving.routes import Variant
from tests.unit.components_kubernetes.llm_service_cases import (
    CUSTOM,
    JWT,
    KEYS,
    LLAMA_70B,
    ROUTE,
    problems,
    service,
)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"candidate": {}}, "candidate"),
        ({"candidate": {"model": "smollm2", "cpus": 2}}, "candidate"),
        ({"candidate": {"min_replicas": 3}}, "candidate"),
        ({"candidate": {"model": "../x"}}, "candidate.model"),
        ({"candidate": {"cpus": 0.001}}, "candidate.cpus"),
        ({"candidate": {"gpus": 1}}, "candidate.pool"),
        ({"candidate": {"cpus": 1.0}, "service_name": "c" * 37}, "service_name"),
        ({"server": "tritn"}, "server"),
        ({"runtime": "Triton"}, "runtime"),
        ({"runtime": None}, "runtime"),
        ({"server": "custom", "custom": CUSTOM}, "runtime"),
        ({"server": "custom", "runtime": None}, "custom"),
        ({"custom": CUSTOM}, "custom"),
        ({"image": "x/triton:latest"}, "image"),
        ({"gateway": {"anonymous": True, "keys_secret": "k"}}, "gateway.anonymous"),
        ({"gateway": {**KEYS, "image": "x/gateway"}}, "gateway.image"),
        ({"gateway": {**KEYS, "settings": {"keys": {}}}}, "gateway.settings.keys"),
        ({"gateway": {**KEYS, "min_replicas": 3, "max_replicas": 2}}, "gateway.max_replicas"),
        ({"gateway": KEYS, "server": "vllm"}, "gateway"),
        ({"route": ROUTE}, "route.jwt"),
        ({"route": {**ROUTE, "direct": True}, "gateway": KEYS}, "route.jwt"),
        ({"route": {"domain": "nothing", "jwt": JWT}}, "route.domain"),
        ({"route": {**ROUTE, "jwt": {**JWT, "jwks_uri": "http://id"}}}, "route.jwt.jwks_uri"),
        ({"route": {**ROUTE, "jwt": {**JWT, "audiences": []}}}, "route.jwt.audiences"),
        ({"route": {**ROUTE, "jwt": JWT, "gateway": "gw"}}, "route.gateway"),
        ({"adapters": [{"name": "a", "uri": "s3://b/a"}]}, "adapters"),
        ({"footprint": LLAMA_70B, "gpus": 1, "pool": "l4"}, "gpus"),
        ({"footprint": {**LLAMA_70B, "latent_dim": 576}}, "footprint.kv_heads"),
        ({"footprint": {**LLAMA_70B, "window": 128}}, "footprint.window"),
        ({"footprint": {**LLAMA_70B, "precision": "FP6"}}, "footprint.precision"),
        ({"form": "STATEFUL_SET", "image": "x/y:1"}, "cache"),
        ({"form": "STATEFUL_SET", "cache": {"storage_gib": 5}}, "image"),
        ({"nodes": 2}, "nodes"),
        ({"form": "POD"}, "form"),
        ({"repository_uri": "pvc://a/b", "server": "custom", "runtime": None, "custom": CUSTOM},
         "repository_uri"),
    ],
)  # fmt: skip
def test_each_wrong_input_is_one_problem_with_its_path(more: Any, path: str) -> None:
    found = problems(**more)
    assert [each.path for each in found] == [path]
    assert found[0].allowed


def test_a_model_that_does_not_fit_shows_the_sum_and_ways_out() -> None:
    with pytest.raises(InvalidInputsError) as caught:
        service(footprint=LLAMA_70B, gpus=1, pool="l4")
    said = str(caught.value)
    assert "gpus: the model does not fit 1 GPU: weights 70.6 G x 2 bytes = 131.5 GiB" in said
    assert "> 20.1 GiB, 90% of 22.4 GiB" in said
    assert "allowed: 16 GPUs or weights of fewer bits or GPUs with more memory" in said


def test_a_model_that_fits_is_no_problem() -> None:
    assert problems(footprint={**LLAMA_70B, "gpu_memory_gib": 80.0}, gpus=4, pool="h100") == []


def test_both_variants_are_judged_and_what_is_wrong_with_both_is_told_once() -> None:
    found = problems(cpus=0.001, candidate={"model": "x/y"})
    assert sorted(each.path for each in found) == ["candidate.model", "cpus"]


def test_names_of_variants_are_those_that_a_rollout_knows() -> None:
    assert [variant.value for variant in Variant] == ["stable", "candidate"]
