"""What a stack file says of a service's form reaches the component."""

from typing import Any

import pytest

from infra import service_arguments
from infra.settings import Settings
from infra.settings_source import read_stack_file, settings_from
from llm_platform.serving.kinds import ModelServer, ServingForm
from llm_platform.serving.llm_service_check import check_llm_service
from llm_platform.versions import TRITON_CPU, TRITON_MODELS, VLLM
from local.paths import REPOSITORY

CACHE = {"storageGib": 40, "storageClass": "gp3-fast"}


def settings(**more: Any) -> Settings:
    values = read_stack_file(REPOSITORY / "stacks" / "Pulumi.prod.yaml", "prod")
    values["llm-platform:services"][0] |= more
    return settings_from(values, "prod", for_change=False)


@pytest.mark.parametrize(
    ("more", "image"),
    [
        ({"gpus": 0, "pool": None}, TRITON_CPU.reference),
        ({}, TRITON_MODELS.reference),
        ({"runtime": ModelServer.VLLM}, VLLM.reference),
    ],
)
def test_a_stateful_set_takes_its_image_from_no_runtime(more: dict[str, Any], image: str) -> None:
    values = settings(form="STATEFUL_SET", cache=CACHE)
    service = values.services[0].model_copy(update=more)

    args = service_arguments.service_args(values, service)

    assert args.get("form") == ServingForm.STATEFUL_SET
    assert args.get("cache") == {"storage_gib": 40, "storage_class": "gp3-fast"}
    assert args.get("image", "").endswith(image)
    paths = {each.path for each in check_llm_service(args)}
    assert not paths & {"form", "cache", "image"}, paths


def test_without_a_word_kserve_runs_it() -> None:
    values = settings()
    args = service_arguments.service_args(values, values.services[0])
    assert args.get("form") == ServingForm.DEPLOYMENT
    assert "cache" not in args
