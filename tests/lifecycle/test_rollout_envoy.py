"""The weights that a rollout writes, in the real Envoy: what clients get."""

import threading
import time
from collections.abc import Iterator

import pytest
from envoy_world import PIECES, Envoy
from forged_programs import forged_program

from llm_platform.serving.routes import VARIANT_COOKIE, VARIANT_HEADER, Split, Variant
from tests.chances import interval

REQUESTS = 2000
STABLE, CANDIDATE = Variant.STABLE.value, Variant.CANDIDATE.value


@pytest.fixture(scope="module")
def envoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Envoy]:
    program = forged_program("docker.io/envoyproxy/envoy")
    running = Envoy(program, tmp_path_factory.mktemp("envoy"))
    try:
        yield running
    finally:
        running.close()


@pytest.mark.parametrize("weight", [1, 10, 25, 50])
def test_the_candidate_gets_its_share(envoy: Envoy, weight: int) -> None:
    envoy.switched(Split(candidate=weight))
    allowed = interval(REQUESTS, weight / 100)
    # one sample of a hundred lies outside by chance
    got: list[int] = []
    while len(got) < 2 and not (got and got[-1] in allowed):
        got.append(envoy.ask(REQUESTS)[CANDIDATE])
    print(  # noqa: T201 - what was measured
        f"weight {weight}: {got} of {REQUESTS}; 99 %: {allowed.start} to {allowed.stop - 1}"
    )
    assert got[-1] in allowed


@pytest.mark.parametrize(("weight", "who"), [(0, STABLE), (100, CANDIDATE)])
def test_nothing_and_everything_are_exact(envoy: Envoy, weight: int, who: str) -> None:
    envoy.switched(Split(candidate=weight))
    assert envoy.ask(500) == {who: 500}


def test_a_conversation_stays_where_it_began_until_a_rollback(envoy: Envoy) -> None:
    named = [
        {VARIANT_HEADER: CANDIDATE},
        {"Cookie": f"a=b; {VARIANT_COOKIE}={CANDIDATE}; c=d"},
    ]
    envoy.switched(Split(candidate=1))
    for headers in named:
        assert envoy.ask(100, headers) == {CANDIDATE: 100}
    envoy.switched(Split(candidate=100))
    assert envoy.ask(100, {VARIANT_HEADER: STABLE}) == {STABLE: 100}
    envoy.switched(Split(pinned=False))
    for headers in named:
        assert envoy.ask(100, headers) == {STABLE: 100}


def test_a_shadow_gets_copies_and_answers_nobody(envoy: Envoy) -> None:
    envoy.switched(Split(mirrored=100))
    before = envoy.backends[Variant.CANDIDATE].seen
    assert envoy.ask(200) == {STABLE: 200}
    deadline = time.monotonic() + 10
    while envoy.backends[Variant.CANDIDATE].seen - before < 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert envoy.backends[Variant.CANDIDATE].seen - before == 200


def test_a_switch_breaks_no_stream(envoy: Envoy) -> None:
    envoy.switched(Split())
    answers: list[str] = []
    seen = envoy.backends[Variant.STABLE].seen
    streams = [threading.Thread(target=lambda: answers.append(envoy.stream())) for _ in range(8)]
    for each in streams:
        each.start()
    deadline = time.monotonic() + 10
    while envoy.backends[Variant.STABLE].seen - seen < len(streams):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    envoy.switched(Split(candidate=100))
    assert envoy.ask(200) == {CANDIDATE: 200}
    for each in streams:
        each.join()
    assert answers == [STABLE * PIECES] * 8
