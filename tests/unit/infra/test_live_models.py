"""When a live stack's models count as ready."""

from typing import Any

from infra.cli.live_models import lacks, unready


def service(*conditions: tuple[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "team", "name": "chat", "generation": 2},
        "status": {
            # of a Deployment: KServe's own is not told
            "observedGeneration": 1,
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


def test_one_that_nobody_looked_at_is_not_ready() -> None:
    new = {"metadata": {"namespace": "team", "name": "chat", "generation": 1}}
    assert lacks([new]) == {"team/chat": "KServe has not looked at it"}


def deployment(ready: int | None, observed: int = 1, **more: int) -> dict[str, Any]:
    status: dict[str, Any] = {"observedGeneration": observed}
    if ready is not None:
        status |= {"readyReplicas": ready, "updatedReplicas": ready, "replicas": ready}
    return {
        "metadata": {"namespace": "team", "name": "chat-transformer", "generation": 1},
        "spec": {"replicas": 2},
        "status": {**status, **more},
    }


def test_all_pods_have_to_be_ready() -> None:
    assert unready([deployment(2)]) == {}
    assert unready([deployment(1)]) == {"team/chat-transformer": "1 of 2 pods ready"}
    assert unready([deployment(None)]) == {"team/chat-transformer": "0 of 2 pods ready"}
    assert list(unready([deployment(2, observed=0)])) == ["team/chat-transformer"]


def test_pods_of_before_a_change_do_not_count() -> None:
    old = unready([deployment(2, updatedReplicas=1)])
    assert old == {"team/chat-transformer": "1 of 2 pods ready"}
    leaving = unready([deployment(2, replicas=3)])
    assert leaving == {"team/chat-transformer": "1 pods are still to go"}
