"""What Triton says about its models, kept for a while."""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson

from gateway.upstream.http import HttpConnection

ASK_SECONDS = 5.0
"""Patience with Triton when it is asked about a model."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output: KServe's name of its type, and its shape, -1 where any size will do."""

    datatype: str
    shape: tuple[int, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """A model, as Triton has it loaded.

    Attributes:
        name: Triton's name.
        versions: Those that are ready.
        platform: Backend.
        inputs: By name; with the batch dimension, if there is one.
        outputs: By name.
        max_batch: Biggest batch; 0 for models without a batch dimension.
        decoupled: Whether a request may have any number of answers.
        digest: Of versions and configuration.
    """

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    max_batch: int
    decoupled: bool
    digest: str


@dataclass(slots=True)
class _Kept:
    value: ModelMetadata
    until: float
    since: float


class MetadataCache:
    """Metadata by model and version; asked for once, however many requests wait for it."""

    def __init__(self, http: HttpConnection, seconds: float) -> None:
        self._http = http
        self._seconds = seconds
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[ModelMetadata]] = {}

    async def get(self, model: str, version: str = "", *, newer_than: float = 0.0) -> ModelMetadata:
        """The metadata of a model.

        Args:
            model: Triton's name.
            version: Of it; empty for the one that Triton chooses.
            newer_than: `time.monotonic`; what is older is asked for anew.

        Raises:
            NotFoundError: There is no such model or version.
            UnavailableError: Triton does not answer.
        """
        key = (model, version)
        kept = self._kept.get(key)
        if kept is None or kept.until < time.monotonic() or kept.since < newer_than:
            task = self._asking.get(key)
            if task is None:
                task = self._asking[key] = asyncio.create_task(self._ask(key))
                task.add_done_callback(partial(self._answered, key))
            # One caller that goes away must not take the answer from the others.
            return await asyncio.shield(task)
        return kept.value

    def _answered(self, key: tuple[str, str], task: "asyncio.Task[ModelMetadata]") -> None:
        self._asking.pop(key)
        if not task.cancelled():
            task.exception()  # looked at, in case that nobody waits for it any more

    async def _ask(self, key: tuple[str, str]) -> ModelMetadata:
        model, version = key
        path = f"/v2/models/{quote(model, safe='')}"
        if version:
            path += f"/versions/{quote(version, safe='')}"
        now = time.monotonic()
        metadata, config = await asyncio.gather(
            self._http.request("GET", path, model=model, seconds=ASK_SECONDS),
            self._http.request("GET", f"{path}/config", model=model, seconds=ASK_SECONDS),
        )
        found = parse(metadata.body, config.body)
        self._kept[key] = _Kept(found, now + self._seconds, now)
        return found


def parse(metadata: bytes, config: bytes) -> ModelMetadata:
    """Metadata from the answers of Triton's two routes."""
    said: dict[str, Any] = orjson.loads(metadata)
    configured: dict[str, Any] = orjson.loads(config)
    optional = {each["name"] for each in configured.get("input", ()) if each.get("optional")}
    versions = tuple(said.get("versions", ()))
    policy: dict[str, Any] = configured.get("model_transaction_policy") or {}
    return ModelMetadata(
        name=said["name"],
        versions=versions,
        platform=said.get("platform", ""),
        inputs={
            each["name"]: _tensor(each, each["name"] in optional) for each in said.get("inputs", ())
        },
        outputs={each["name"]: _tensor(each, False) for each in said.get("outputs", ())},
        max_batch=int(configured.get("max_batch_size", 0)),
        decoupled=bool(policy.get("decoupled")),
        digest=hashlib.sha256("\0".join(versions).encode() + b"\0\0" + config).hexdigest()[:16],
    )


def _tensor(said: dict[str, Any], optional: bool) -> Tensor:
    return Tensor(said["datatype"], tuple(int(each) for each in said["shape"]), optional)
