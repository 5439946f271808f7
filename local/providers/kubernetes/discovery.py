"""Which kinds the API server knows, and where their objects live."""

import threading
import time
from dataclasses import dataclass
from http import HTTPStatus

from local import patience
from local.providers.kubernetes.api import Api, ApiError
from local.providers.kubernetes.trees import mappings
from local.providers.model import ProviderError

NEW_KIND_SECONDS = 30.0
"""How long a kind may take to appear after its CRD was made."""

POLL_SECONDS = 0.2


class UnknownKindError(ProviderError):
    """The API server does not know the kind."""


@dataclass(frozen=True)
class ResourceKind:
    """A kind of object.

    Attributes:
        api_version: ``v1`` or ``GROUP/VERSION``.
        kind: Such as ``Deployment``.
        plural: As it stands in paths.
        namespaced: Whether its objects live in namespaces.
    """

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str) -> str:
        """Path of one object."""
        room = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{_root(self.api_version)}{room}/{self.plural}/{name}"


class Discovery:
    """The kinds of one API server; asked once, and again when one is missing."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[tuple[str, str], ResourceKind] = {}
        self._lock = threading.Lock()

    def find(self, api_version: str, kind: str, *, wait: float = 0.0) -> ResourceKind:
        """The kind, waiting `wait` seconds for one that is just being added.

        Raises:
            UnknownKindError: The API server does not know it.
        """
        deadline = time.monotonic() + wait
        while True:
            with self._lock:
                known = self._known.get((api_version, kind))
            if known is None:
                self._ask(api_version)
                with self._lock:
                    known = self._known.get((api_version, kind))
            if known is not None:
                return known
            if time.monotonic() >= deadline:
                raise UnknownKindError(
                    f"the API server knows no kind {kind} in {api_version}; is its "
                    "CustomResourceDefinition installed before this object?"
                )
            patience.pause(POLL_SECONDS)

    def _ask(self, api_version: str) -> None:
        try:
            answer = self._api.get(_root(api_version))
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return
            raise
        with self._lock:
            for each in mappings(answer.get("resources")):
                if "/" not in each["name"]:
                    self._known[api_version, each["kind"]] = ResourceKind(
                        api_version, each["kind"], each["name"], bool(each["namespaced"])
                    )


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
