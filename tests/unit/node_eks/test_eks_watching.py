import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from local.node.eks.kube import Kube, KubeError
from local.node.eks.watching import Cache, Loop

Event = dict[str, Any]


def thing(name: str, version: int, **more: Any) -> Event:
    return {
        "metadata": {"namespace": "a", "name": name, "resourceVersion": str(version)},
        **more,
    }


class Server:
    """Answers lists and watches as it was told, then keeps the watcher waiting."""

    def __init__(self, lists: list[list[Event]], watches: list[list[Event]]) -> None:
        self._lists = lists
        self._watches = watches
        self.asked: list[str] = []
        self.is_done = threading.Event()

    def get(self, _path: str) -> Event:
        if not self._lists:
            self.is_done.set()
            threading.Event().wait()
        items = self._lists.pop(0)
        return {"metadata": {"resourceVersion": "10"}, "items": items}

    def watch(self, _path: str, version: str) -> Iterator[Event]:
        self.asked.append(version)
        if not self._watches:
            self.is_done.set()
            threading.Event().wait()
        yield from self._watches.pop(0)


def followed(server: Server) -> Cache:
    cache = Cache(cast("Kube", server), "/things", threading.Event())
    cache.start()
    assert server.is_done.wait(10)
    return cache


def names(cache: Cache) -> list[str]:
    return [each["metadata"]["name"] for each in cache.objects()]


def test_changes_are_followed() -> None:
    events = [
        {"type": "ADDED", "object": thing("b", 11)},
        {"type": "MODIFIED", "object": thing("b", 12, spec=1)},
        {"type": "ADDED", "object": thing("c", 13)},
        {"type": "DELETED", "object": thing("a", 14)},
    ]
    cache = followed(Server([[thing("a", 9)]], [events]))
    assert names(cache) == ["b", "c"]
    assert cache.objects()[0]["spec"] == 1


def test_a_watch_that_ended_goes_on_from_where_it_was() -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "40"}}}
    server = Server([[thing("a", 9)]], [[bookmark], []])
    assert names(followed(server)) == ["a"]
    assert server.asked == ["10", "40", "40"]


def test_when_the_past_is_forgotten_everything_is_listed_again() -> None:
    gone = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
    server = Server([[thing("a", 9)], [thing("b", 20)]], [[gone]])
    assert names(followed(server)) == ["b"]


def reconciled(failures: list[Exception]) -> tuple[Loop, threading.Event]:
    done = threading.Event()

    def reconcile() -> None:
        if failures:
            raise failures.pop(0)
        done.set()

    changed = threading.Event()
    changed.set()
    return Loop(reconcile, changed, []), done


@pytest.mark.parametrize("failure", [KubeError(503, "busy"), OSError("down"), ValueError("odd")])
def test_a_run_that_failed_is_tried_again(failure: Exception) -> None:
    loop, done = reconciled([failure])
    assert loop.trouble()
    loop.start()
    assert done.wait(10)
    _until(lambda: loop.trouble() == "")


def _until(holds: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(200):
        if holds():
            return
        waiting.wait(0.05)
    pytest.fail("it never came to that")
