"""The models of the repository on the real Triton."""

import importlib
import json
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import lab
import pytest
from gateway.contract import Generation, Sampling
from gateway.upstream import messages, tensors
from serving.checking.model import load_repository
from triton_calls import counters, generate, infer, infer_texts, post, stream, until

pytestmark = pytest.mark.live

CHAT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
QUESTION = CHAT.format("Name three colors.")
COUNTS = ("finish_reason", "num_input_tokens", "num_output_tokens")
SLOTS, WAITING = 16, 24


def test_a_whole_answer_with_its_counts(triton: lab.Triton) -> None:
    status, answer = generate(
        triton.http, QUESTION, returned=COUNTS, max_tokens=6, temperature=0, ignore_eos=True
    )
    assert status == 200
    assert answer["text_output"]
    assert answer["finish_reason"] == "length"
    assert (answer["num_input_tokens"], answer["num_output_tokens"]) == (13, 6)


def test_pieces_make_the_whole(triton: lab.Triton) -> None:
    sampling: dict[str, Any] = {"max_tokens": 8, "temperature": 0, "ignore_eos": True}
    with stream(triton.http, QUESTION, returned=COUNTS, **sampling) as (status, events):
        pieces = list(events)
    assert status == 200
    assert len(pieces) > 4
    assert {each["finish_reason"] for each in pieces[:-1]} == {"None"}
    assert pieces[-1]["finish_reason"] == "length"
    assert sum(each["num_output_tokens"] for each in pieces) == 8
    assert {each["num_input_tokens"] for each in pieces} == {13}
    whole = generate(triton.http, QUESTION, **sampling)[1]["text_output"]
    assert "".join(each["text_output"] for each in pieces) == whole


def test_nothing_is_returned_that_was_not_asked_for(triton: lab.Triton) -> None:
    body = {"text_input": QUESTION, "sampling_parameters": '{"max_tokens": 1}'}
    status, answer = post(triton.http, "/v2/models/smollm2/generate", body)
    assert status == 200
    assert set(answer) == {"model_name", "model_version", "text_output"}
    assert answer["text_output"].startswith(QUESTION)


def test_a_seed_repeats_an_answer(triton: lab.Triton) -> None:
    def ask(seed: int) -> str:
        sampling: dict[str, Any] = {"max_tokens": 8, "temperature": 1.5, "seed": seed}
        return str(generate(triton.http, QUESTION, **sampling)[1]["text_output"])

    assert ask(1) == ask(1) != ask(2)


def test_a_known_beginning_is_not_read_again(triton: lab.Triton) -> None:
    prompt = CHAT.format("A beginning that no other test has, " + "and some more words " * 8)
    before = counters(triton.metrics, "smollm2")
    assert generate(triton.http, prompt + "One", max_tokens=1)[0] == 200
    assert generate(triton.http, prompt + "Two", max_tokens=1)[0] == 200
    assert more(triton, before, "llm_known_prompt_tokens_total") >= 40


def test_a_stop_text_ends_the_answer_before_it(triton: lab.Triton) -> None:
    prompt = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10,"
    answer = generate(
        triton.http, prompt, returned=COUNTS, max_tokens=40, temperature=0, stop=["13"]
    )[1]
    assert answer["finish_reason"] == "stop"
    assert answer["text_output"].rstrip(" ,").endswith("12")


def test_log_probabilities_have_the_chosen_token_first(triton: lab.Triton) -> None:
    returned = ("logprobs", "cumulative_logprob")
    answer = generate(
        triton.http, QUESTION, returned=returned, max_tokens=3, temperature=0, logprobs=2
    )[1]
    tokens: list[dict[str, Any]] = json.loads(answer["logprobs"])
    assert len(tokens) == 3
    chosen = [next(iter(token.values())) for token in tokens]
    assert "".join(each["decoded_token"] for each in chosen) == answer["text_output"]
    assert all(each["rank"] == 1 for each in chosen)
    assert all(len(token) == 2 for token in tokens)
    total = sum(each["logprob"] for each in chosen)
    assert math.isclose(answer["cumulative_logprob"], total, abs_tol=1e-3)


@pytest.mark.parametrize("as_vllm", ["structured_outputs", "guided_decoding"])
def test_an_answer_keeps_to_a_schema(triton: lab.Triton, as_vllm: str) -> None:
    schema = {
        "type": "object",
        "properties": {"zip": {"const": 17}, "kind": {"enum": ["a", "b"]}},
        "required": ["zip", "kind"],
        "additionalProperties": False,
    }
    value: Any = {"json": schema}
    if as_vllm == "structured_outputs":
        value = json.dumps(value)
    answer = generate(
        triton.http, QUESTION, returned=COUNTS, max_tokens=60, temperature=1, **{as_vllm: value}
    )[1]
    assert answer["finish_reason"] == "stop"
    found = json.loads(answer["text_output"])
    assert found["zip"] == 17
    assert found["kind"] in {"a", "b"}


@pytest.mark.parametrize(
    ("prompt", "sampling", "found"),
    [
        ("a\x00b", {}, "text_input holds a NUL character"),
        ("", {}, "text_input is empty"),
        ("x" * 10_000_000, {}, "text_input has 10000000 bytes; allowed: 65536"),
        ("hello " * 3000, {}, "the prompt has 3001 tokens; allowed: 2048"),
        ("a", {"max_tokens": -1}, "max_tokens must be a whole number from 1 to 512"),
        ("a", {"nothing": 1}, "unknown sampling parameter 'nothing'"),
        ("a", {"guided_decoding": {"json": {"type": "x"}}}, "guided_decoding.json.type"),
    ],
    ids=["nul", "empty", "ten-megabytes", "long", "tokens", "unknown", "schema"],
)
def test_what_cannot_be_answered_is_the_client_s_error(
    triton: lab.Triton, prompt: str, sampling: dict[str, Any], found: str
) -> None:
    status, answer = generate(triton.http, prompt, **sampling)
    assert status == 400
    assert found in answer["error"]


def test_clients_that_hang_up_free_their_slots(triton: lab.Triton) -> None:
    before = counters(triton.metrics, "smollm2")["llm_cancelled_total"]
    with ExitStack() as calls:
        for _ in range(SLOTS):
            status, events = calls.enter_context(
                stream(triton.http, QUESTION, max_tokens=500, ignore_eos=True)
            )
            assert status == 200
            next(events)
    until(lambda: counters(triton.metrics, "smollm2")["llm_cancelled_total"] == before + SLOTS)
    assert generate(triton.http, QUESTION, max_tokens=1)[0] == 200


def test_a_long_prompt_is_given_up_while_it_is_read(triton: lab.Triton) -> None:
    """Over gRPC; over HTTP Triton notices a client that hung up when it has something to send."""
    before = counters(triton.metrics, "smollm2")
    generation = Generation("hello " * 1900, Sampling(max_tokens=100))
    asked = tensors.generation_request("smollm2", "", generation).SerializeToString()
    grpc: Any = importlib.import_module("grpc")
    with grpc.insecure_channel(triton.grpc) as channel:
        call = channel.stream_stream(f"/{messages.SERVICE}/ModelStreamInfer")(iter([asked]))
        until(lambda: more(triton, before, "llm_admitted_total") == 1)
        call.cancel()
        until(lambda: more(triton, before, "llm_cancelled_total") == 1)
    assert more(triton, before, "llm_generated_tokens_total") == 0


def more(triton: lab.Triton, before: Mapping[str, float], name: str) -> float:
    """How much has been counted since."""
    return counters(triton.metrics, "smollm2")[name] - before[name]


def test_those_that_wait_for_a_slot_are_counted_until_one_is_free(triton: lab.Triton) -> None:
    """Triton's own queue does not show them; scaling goes by this."""

    def waiting() -> float:
        return counters(triton.metrics, "smollm2")["llm_waiting_requests"]

    def ask(_: int) -> int:
        return generate(triton.http, QUESTION, max_tokens=60, ignore_eos=True)[0]

    with ThreadPoolExecutor(SLOTS + 5) as clients:
        statuses = clients.map(ask, range(SLOTS + 5))
        until(lambda: waiting() == 5)
        assert counters(triton.metrics, "smollm2")["nv_inference_pending_request_count"] == 0
        assert set(statuses) == {200}
    assert waiting() == 0


def test_more_than_its_room_is_refused_at_once(triton: lab.Triton) -> None:
    def ask(_: int) -> int:
        with stream(triton.http, QUESTION, max_tokens=2, ignore_eos=True) as (status, events):
            refused = [each for each in events if "error" in each]
            assert all("try again later" in each["error"] for each in refused)
            return 503 if refused else status

    with ThreadPoolExecutor(SLOTS + WAITING + 16) as clients:
        statuses = list(clients.map(ask, range(SLOTS + WAITING + 16)))
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= SLOTS + WAITING
    assert generate(triton.http, QUESTION, max_tokens=1)[0] == 200


def test_answers_at_once_are_all_counted(triton: lab.Triton) -> None:
    """Metrics from several threads at once kill a server that does not keep them apart."""
    before = counters(triton.metrics, "smollm2")

    def ask(_: int) -> int:
        return generate(triton.http, QUESTION, max_tokens=2, ignore_eos=True)[0]

    with ThreadPoolExecutor(SLOTS) as clients:
        assert set(clients.map(ask, range(24))) == {200}
    after = counters(triton.metrics, "smollm2")
    assert after["llm_answers_total"] - before["llm_answers_total"] == 24
    assert after["llm_generated_tokens_total"] - before["llm_generated_tokens_total"] == 48
    assert after["llm_prompt_tokens_total"] - before["llm_prompt_tokens_total"] == 24 * 13


def test_texts_become_vectors_of_length_one(triton: lab.Triton) -> None:
    outputs = infer_texts(
        triton.http,
        "minilm",
        "How do I reset my password?",
        "I forgot my password, how can I change it?",
        "It rains in the mountains.",
    )
    assert outputs["embedding"]["shape"] == [3, 384]
    assert outputs["tokens"]["shape"] == [3, 1]
    assert outputs["tokens"]["data"] == [9, 13, 8]
    data = outputs["embedding"]["data"]
    one, same, other = (data[at : at + 384] for at in (0, 384, 768))
    assert all(abs(math.hypot(*vector) - 1) < 1e-5 for vector in (one, same, other))
    assert dot(one, same) > 0.8
    assert dot(one, other) < 0.3


def dot(one: list[float], other: list[float]) -> float:
    """How alike two vectors of length 1 are."""
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_a_text_that_is_known_comes_from_the_cache(triton: lab.Triton) -> None:
    text = "A sentence that no other test has."
    first = infer_texts(triton.http, "minilm", text)
    before = counters(triton.metrics, "minilm")["nv_cache_num_hits_per_model"]
    assert infer_texts(triton.http, "minilm", text) == first
    assert counters(triton.metrics, "minilm")["nv_cache_num_hits_per_model"] == before + 1


def test_a_text_that_is_too_long_is_refused(triton: lab.Triton) -> None:
    status, answer = infer(triton.http, "minilm", {"text": ("BYTES", [1, 1], ["x" * 70_000])})
    assert status == 400
    assert "text 0 has 70000 bytes; allowed: 65536" in answer["error"]


def test_texts_have_a_sentiment(triton: lab.Triton) -> None:
    outputs = infer_texts(
        triton.http, "sentiment", "I love it.", "It is terrible.", "The bus stops at nine."
    )
    assert outputs["label"]["data"] == ["positive", "negative", "neutral"]
    assert outputs["score"]["shape"] == [3, 1]
    assert all(-1 <= score <= 1 for score in outputs["score"]["data"])


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (
            "minilm_encoder",
            {
                "input_ids": ("INT64", [2, 3], [101, 2023, 102, 101, 2003, 102]),
                "attention_mask": ("INT64", [2, 3], [1] * 6),
                "token_type_ids": ("INT64", [2, 3], [0] * 6),
            },
        ),
        ("sentiment_head", {"embedding": ("FP32", [2, 384], [0.05] * 768)}),
    ],
)
@pytest.mark.parametrize("file", ["config.pbtxt", "configs/production.pbtxt"])
def test_tensors_are_those_of_both_configurations(
    triton: lab.Triton, model: str, inputs: Any, file: str
) -> None:
    """What answers here has the tensors that the ONNX Runtime backend is configured for."""
    repository = load_repository(lab.REPOSITORY, None)[0]
    config = next(
        each for each in repository.all_models() if each.shown == f"{model}/{file}"
    ).config
    status, outputs = infer(triton.http, model, inputs)
    assert status == 200, outputs
    assert set(outputs) == {each.name for each in config.output}
    for each in config.output:
        found = outputs[each.name]
        assert found["datatype"] == "FP32"
        assert each.data_type == 11
        batch, *shape = found["shape"]
        assert batch == 2 <= config.max_batch_size
        assert len(shape) == len(each.dims)
        assert all(size in (-1, there) for size, there in zip(each.dims, shape, strict=True))


def test_requests_at_once_are_run_together(triton: lab.Triton) -> None:
    def ask(value: int) -> float:
        outputs = infer(triton.http, "synthetic", {"value": ("FP32", [1, 1], [value])})[1]
        return float(outputs["result"]["data"][0])

    before = counters(triton.metrics, "synthetic")
    with ThreadPoolExecutor(16) as clients:
        assert list(clients.map(ask, range(64))) == list(range(64))
    after = counters(triton.metrics, "synthetic")
    assert after["nv_inference_count"] - before["nv_inference_count"] == 64
    assert after["nv_inference_exec_count"] - before["nv_inference_exec_count"] < 64


def test_no_model_process_complained(triton: lab.Triton) -> None:
    """Last of all: whatever was asked above, nothing in the log is an error of our code."""
    log = Path(triton.log).read_text(errors="replace")
    assert "Traceback" not in log
    assert "Signal (11)" not in log
