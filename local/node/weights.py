"""Weights of models for a live cloud: put into its model store as a pipeline would.

A model repository in Git holds text; weights come from whoever trains or fetches them. Of the
small models here they are in Python packages of `services/`, and every version's ``weights.json``
says which. What such a manifest in the store asks for and the store lacks is uploaded, as soon as
the manifest is there: before any pod, for the store stands long before the first service.
"""

import hashlib
import json
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from local.paths import REPOSITORY
from local.reporter import Reporter

MANIFEST = "/weights.json"
POLL_SECONDS = 1.0
PACKAGES = REPOSITORY / "services" / ".venv" / "lib"
STEP = "weights"


@contextmanager
def publishing(endpoint: str, region: str, reporter: Reporter) -> Generator[None]:
    """Have weights uploaded for as long as the body runs.

    Args:
        endpoint: Where the emulated AWS answers.
        region: Its region.
        reporter: Told of every upload, and of weights that are not at hand.
    """
    ended = threading.Event()
    worker = threading.Thread(
        target=_watch, args=(endpoint, region, reporter, ended), name=STEP, daemon=True
    )
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join(timeout=30)


def _watch(endpoint: str, region: str, reporter: Reporter, ended: threading.Event) -> None:
    # Imported here: a third of a second that other commands do not need.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    boto3: Any = import_module("boto3")
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the emulator takes any
    )
    done: set[str] = set()
    while not ended.wait(POLL_SECONDS):
        try:
            publish(client, done, reporter)
        except (BotoCoreError, ClientError) as error:
            # the emulator comes and goes with the cloud; the next look may find it
            reporter.note(STEP, f"the model store does not answer: {error}")


def publish(client: Any, done: set[str], reporter: Reporter) -> None:
    """Upload what manifests in any bucket ask for and the bucket lacks.

    Args:
        client: boto3's client of S3.
        done: Objects that were dealt with before; added to.
        reporter: Told of every upload, and of weights that are not at hand.
    """
    for bucket in client.list_buckets()["Buckets"]:
        name = str(bucket["Name"])
        keys = {str(each["Key"]) for each in _objects(client, name)}
        for key in sorted(each for each in keys if each.endswith(MANIFEST)):
            if f"{name}/{key}" in done:
                continue
            body = client.get_object(Bucket=name, Key=key)["Body"].read()
            folder = key.removesuffix(MANIFEST)
            for weights in json.loads(body)["files"].values():
                target = f"{folder}/{weights['file']}"
                if target not in keys:
                    _upload(client, (name, target), weights, reporter)
            done.add(f"{name}/{key}")


def _objects(client: Any, bucket: str) -> Iterator[Mapping[str, Any]]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", [])


def _upload(
    client: Any, place: tuple[str, str], weights: Mapping[str, Any], reporter: Reporter
) -> None:
    bucket, key = place
    package = weights.get("package")
    source = find(str(package["path"])) if package else None
    if source is None:
        reporter.note(STEP, f"{key} is not at hand; a model that needs it will not load")
        return
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != weights["sha256"]:
        reporter.note(STEP, f"{source} is not what {key} must be")
        return
    reporter.note(STEP, f"uploading {key}")
    client.upload_file(str(source), bucket, key)


def find(path: str) -> Path | None:
    """A file of a package in the environment of the services; none when it is not there."""
    return next((each for each in PACKAGES.glob(f"python3*/site-packages/{path}")), None)
