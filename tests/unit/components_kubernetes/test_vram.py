"""Memory of GPUs: published figures, sharing among GPUs, and the sum that an error shows."""

from dataclasses import replace

import pytest

from llm_platform.serving.kinds import Precision
from llm_platform.serving.startup import failures, pod_start_seconds, startup_seconds
from llm_platform.serving.vram import (
    GIB,
    Load,
    ModelMemory,
    fit,
    kv_bytes,
    kv_bytes_per_token,
    least_gpus,
    most_sequences,
    weights_bytes,
)
from llm_platform.serving.vram_published import (
    DEEPSEEK_V3,
    GPT_OSS_120B,
    LLAMA_3_8B,
    LLAMA_31_70B,
    PUBLISHED,
    Published,
)

TOLERANCE = 0.10


@pytest.mark.parametrize("figure", PUBLISHED, ids=lambda figure: figure.name)
def test_a_published_figure_is_met_within_a_tenth(figure: Published) -> None:
    made = (
        weights_bytes(figure.model) / figure.gpus
        if figure.what == "weights"
        else kv_bytes(figure.model, figure.tokens, figure.gpus)
    )
    assert made == pytest.approx(figure.figure, rel=TOLERANCE)


def test_at_least_six_models_are_published_of_every_kind() -> None:
    models = {figure.model for figure in PUBLISHED}
    assert len(models) >= 6
    assert {model.precision for model in models} >= {Precision.BF16, Precision.FP8}
    assert any(model.latent_dim for model in models), "latent attention"
    assert any(model.window_layers for model in models), "sliding windows"


def test_grouped_queries_and_a_latent_need_less_than_all_heads() -> None:
    every_head = replace(LLAMA_3_8B, kv_heads=32)
    assert kv_bytes_per_token(every_head) == 4 * kv_bytes_per_token(LLAMA_3_8B)
    assert kv_bytes_per_token(DEEPSEEK_V3) < kv_bytes_per_token(LLAMA_31_70B) / 4


def test_heads_are_divided_until_one_is_left_and_a_latent_never_is() -> None:
    one_head = kv_bytes_per_token(LLAMA_3_8B, 8)
    assert kv_bytes_per_token(LLAMA_3_8B, 16) == one_head
    assert kv_bytes_per_token(DEEPSEEK_V3, 8) == kv_bytes_per_token(DEEPSEEK_V3)


def test_eight_bits_are_half_of_sixteen() -> None:
    small = replace(LLAMA_3_8B, precision=Precision.FP8, kv_precision=Precision.FP8)
    assert weights_bytes(small) == weights_bytes(LLAMA_3_8B) / 2
    assert kv_bytes(small, 100) == kv_bytes(LLAMA_3_8B, 100) / 2


def test_a_window_bounds_what_its_layers_keep() -> None:
    short = kv_bytes(GPT_OSS_120B, 128)
    assert kv_bytes(GPT_OSS_120B, 256) == short * 1.5, "half of the layers see no further"


def test_the_sum_is_what_its_words_say() -> None:
    found = fit(LLAMA_31_70B, Load(gpus=1, tokens=8192, sequences=8, gpu_gib=44.7))
    assert not found.fits
    assert found.needed_gib == pytest.approx(found.weights_gib + found.kv_gib + found.runtime_gib)
    for part in (found.weights_gib, found.kv_gib, found.needed_gib, found.usable_gib):
        assert f"{part:.1f} GiB" in found.arithmetic
    assert "80 layers x 2 x 8 heads x 128 x 2 bytes x 8192 tokens x 8" in found.arithmetic
    assert " > " in found.arithmetic


def test_what_would_fit_fits_and_a_little_less_does_not() -> None:
    load = Load(gpus=4, tokens=8192, sequences=8, gpu_gib=44.7)
    enough = least_gpus(LLAMA_31_70B, load)
    assert enough == 8
    assert fit(LLAMA_31_70B, replace(load, gpus=enough)).fits
    assert not fit(LLAMA_31_70B, replace(load, gpus=enough // 2)).fits
    room = most_sequences(LLAMA_31_70B, load)
    assert fit(LLAMA_31_70B, replace(load, sequences=room)).fits
    assert not fit(LLAMA_31_70B, replace(load, sequences=room + 1)).fits


def test_no_number_of_small_gpus_is_said_when_none_is_enough() -> None:
    huge = ModelMemory(5000e9, Precision.BF16, layers=100, kv_heads=8, head_dim=128)
    assert least_gpus(huge, Load(1, 1024, 1, 80.0)) is None


def test_a_model_without_gpus_to_spare_has_room_for_nobody() -> None:
    assert most_sequences(LLAMA_31_70B, Load(1, 8192, 8, 44.7)) == 0


def test_heavier_weights_get_more_time() -> None:
    light, heavy = startup_seconds(1), startup_seconds(weights_bytes(LLAMA_31_70B) / GIB)
    assert 120 <= light < heavy
    assert failures(heavy) * 10 >= heavy
    assert pod_start_seconds(1) < pod_start_seconds(100)
