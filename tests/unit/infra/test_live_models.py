"""When a live stack's models count as ready."""

from typing import Any

from infra.cli.live_models import lacks, unready


def service(*conditions: tuple[str, str], observed: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "team", "name": "chat", "generation": 2},
        "status": {
            "observedGeneration": observed,
            "conditions": [
                {"type": kind, "status": status, "message": f"{kind} says"}
                for kind, status in conditions
            ],
        },
    }


def test_a_ready_one_lacks_nothing() -> None:
    assert lacks([service(("Ready", "True"), ("Stopped", "False"))]) == {}


def test_what_is_missing_is_named() -> None:
    asked = service(("Ready", "False"), ("PredictorReady", "False"), ("IngressReady", "True"))
    assert lacks([asked]) == {"team/chat": "PredictorReady: PredictorReady says"}


def test_ready_of_an_earlier_generation_does_not_count() -> None:
    assert list(lacks([service(("Ready", "True"), observed=1)])) == ["team/chat"]


def test_one_that_nobody_looked_at_is_not_ready() -> None:
    new = {"metadata": {"namespace": "team", "name": "chat", "generation": 1}}
    assert lacks([new]) == {"team/chat": "KServe has not looked at it"}


def deployment(ready: int | None, observed: int = 1) -> dict[str, Any]:
    status: dict[str, Any] = {"observedGeneration": observed}
    if ready is not None:
        status["readyReplicas"] = ready
    return {
        "metadata": {"namespace": "team", "name": "chat-transformer", "generation": 1},
        "spec": {"replicas": 2},
        "status": status,
    }


def test_all_pods_have_to_be_ready() -> None:
    assert unready([deployment(2)]) == {}
    assert unready([deployment(1)]) == {"team/chat-transformer": "1 of 2 pods ready"}
    assert unready([deployment(None)]) == {"team/chat-transformer": "0 of 2 pods ready"}
    assert list(unready([deployment(2, observed=0)])) == ["team/chat-transformer"]
