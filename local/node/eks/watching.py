"""Objects of the API server kept current, and a loop that acts on them."""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from local.node.eks.kube import Document, Kube, KubeError
from local.providers.kubernetes.trees import mapping, mappings

PAUSE = 1.0
"""Seconds before a list or a reconciliation that failed is tried again."""
SETTLE = 0.05
"""Seconds in which further changes are gathered before they are acted on."""


class Cache:
    """All objects of one collection, kept current by a watch in a thread of its own.

    Args:
        kube: The API server.
        path: Path of the collection over all namespaces, such as ``/api/v1/pods``.
        changed: Set after every change.
    """

    def __init__(self, kube: Kube, path: str, changed: threading.Event) -> None:
        self._kube = kube
        self._path = path
        self._changed = changed
        self._lock = threading.Lock()
        self._objects: dict[str, Document] = {}
        self._listed = False

    @property
    def is_listed(self) -> bool:
        """Whether it was filled once."""
        return self._listed

    def objects(self) -> list[Document]:
        """The objects as they are now, by namespace and name; not to be changed."""
        with self._lock:
            return [self._objects[key] for key in sorted(self._objects)]

    def start(self) -> None:
        """Begin to follow the collection."""
        threading.Thread(target=_for_good(self._follow), name=self._path, daemon=True).start()

    def _follow(self) -> None:
        while True:
            try:
                self._watch(self._list())
            except KubeError as error:
                say(f"{self._path}: {error}")
                time.sleep(PAUSE)

    def _list(self) -> str:
        found = self._kube.get(self._path)
        with self._lock:
            self._objects = {_key(each): each for each in mappings(found.get("items"))}
        self._listed = True
        self._changed.set()
        return str(found["metadata"]["resourceVersion"])

    def _watch(self, version: str) -> None:
        """Follow until the server forgets the past; a watch that merely ended goes on."""
        while True:
            for event in self._kube.watch(self._path, version):
                kind, changed = event.get("type"), mapping(event.get("object"))
                if kind == "ERROR":
                    say(f"{self._path}: {changed.get('message')}; listed again")
                    return
                if kind is None:
                    raise KubeError(0, "a watch was cut off")
                version = str(changed["metadata"]["resourceVersion"])
                if kind != "BOOKMARK":
                    self._take(kind, changed)

    def _take(self, kind: str, changed: Document) -> None:
        with self._lock:
            if kind == "DELETED":
                self._objects.pop(_key(changed), None)
            else:
                self._objects[_key(changed)] = changed
        self._changed.set()


def _key(each: Document) -> str:
    metadata = each["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"


class Loop:
    """Runs one reconciliation after every change, and now and then without one.

    Args:
        reconcile: Brings the world in line; may raise KubeError or OSError to be tried again.
        changed: Set when there is something to do.
        caches: What must be filled before the first run.
        every: Seconds after which it runs without a change.
    """

    def __init__(
        self,
        reconcile: Callable[[], None],
        changed: threading.Event,
        caches: Sequence[Cache],
        every: float = 30.0,
    ) -> None:
        self._reconcile = reconcile
        self._changed = changed
        self._caches = caches
        self._every = every
        self._trouble = "has not run yet"

    def trouble(self) -> str:
        """Why the last run failed, in words; empty when it did not."""
        return self._trouble

    def start(self) -> None:
        """Run in a thread for good."""
        for cache in self._caches:
            cache.start()
        threading.Thread(target=_for_good(self.run), name="reconcile", daemon=True).start()

    def run(self) -> None:
        """Run for good."""
        while True:
            pause = self._every if not self._trouble else PAUSE
            self._changed.wait(pause)
            time.sleep(SETTLE)
            self._changed.clear()
            if all(cache.is_listed for cache in self._caches):
                self._once()

    def _once(self) -> None:
        try:
            self._reconcile()
        except (KubeError, OSError, ValueError) as error:
            if str(error) != self._trouble:
                say(str(error))
            self._trouble = str(error) or type(error).__name__
        else:
            self._trouble = ""


def _for_good(work: Callable[[], None]) -> Callable[[], None]:
    """`work`, whose unforeseen end ends the process: the keeper starts it again."""

    def run() -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 whatever it is, half a process must not go on
            traceback.print_exc()
            os._exit(1)

    return run


def say(text: str) -> None:
    """Write one line to the process's log."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sys.stderr.write(f"{stamp} {text}\n")
    sys.stderr.flush()
