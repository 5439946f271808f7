"""Helm's record of a release: there and back, and what is no record."""

import base64
import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from local.providers.kubernetes import releases
from local.providers.kubernetes.helm_storage import Release, from_secret, secret_name, to_secret
from local.providers.model import CheckRequest, DiffRequest

RELEASE = Release(
    name="kserve",
    namespace="serving",
    revision=3,
    chart="kserve",
    version="v0.20.0",
    values={"a": {"b": [1, 2.5, None, False, "1000m"]}},
    inputs={"chart": "oci://x/kserve", "skipAwait": True},
    crds=("a.x.io", "b.x.io"),
    first="2026-11-24T12:00:00+00:00",
    last="2026-11-24T13:00:00+00:00",
)


@pytest.mark.parametrize("release", [RELEASE, replace(RELEASE, values={}, inputs={}, crds=())])
def test_there_and_back(release: Release) -> None:
    assert from_secret(json.loads(json.dumps(to_secret(release)))) == release


def test_it_is_what_helm_looks_for() -> None:
    secret = to_secret(RELEASE)
    assert secret["type"] == "helm.sh/release.v1"
    assert secret["metadata"]["name"] == secret_name("kserve", 3) == "sh.helm.release.v1.kserve.v3"
    assert secret["metadata"]["labels"] == {
        "name": "kserve", "owner": "helm", "status": "deployed", "version": "3",
    }  # fmt: skip
    document = json.loads(
        gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"])))
    )
    assert document["config"] == RELEASE.values
    assert document["info"]["status"] == "deployed"
    assert document["chart"]["metadata"]["version"] == "v0.20.0"


def packed(document: object) -> dict[str, Any]:
    once = base64.b64encode(gzip.compress(json.dumps(document).encode()))
    return {"metadata": {"name": "s"}, "data": {"release": base64.b64encode(once).decode()}}


@pytest.mark.parametrize(
    "secret",
    [
        {"metadata": {"name": "s"}},
        {"metadata": {"name": "s"}, "data": None},
        {"metadata": {"name": "s"}, "data": {"release": "!"}},
        {"metadata": {"name": "s"}, "data": {"release": base64.b64encode(b"bm8=").decode()}},
        packed([]),
        packed({}),
        packed({"name": "x", "chart": {"metadata": {}}, "info": {}}),
    ],
)
def test_what_is_no_record(secret: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Secret s is no record of a Helm release"):
        from_secret(secret)


def checked(**inputs: Any) -> list[str]:
    request = CheckRequest("urn", releases.TYPE, "r", {}, {"chart": "c", **inputs}, b"seed")
    return [each.property for each in releases.check(request, "default").failures]


def test_check() -> None:
    assert checked(version="1") == []
    assert checked() == ["version"]
    assert checked(version="1", name="n" * 54) == ["name"]
    assert checked(version="1", postrender="x", keyring="y") == ["keyring", "postrender"]


def changed(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    diff = releases.diff(DiffRequest("urn", releases.TYPE, "r", "ns/r", old, {}, new))
    return set(diff.detailed)


def test_every_value_counts() -> None:
    # to a chart "1000m", "1" and 1 are three values, and false is not the same as nothing
    assert changed({"values": {"a": "1000m"}}, {"values": {"a": "1"}}) == {"values.a"}
    assert changed({"values": {"a": "1"}}, {"values": {"a": 1}}) == {"values.a"}
    assert changed({"values": {}}, {"values": {"a": False}}) == {"values.a"}
    assert changed({"values": {"a": 0}}, {"values": {}}) == {"values.a"}
    assert changed({"values": {"a": [1]}}, {"values": {"a": [1]}}) == set()
