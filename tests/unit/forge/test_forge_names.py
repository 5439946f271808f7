import pytest

from local.errors import LocalCloudError
from local.forge import full
from local.forge.naming import parse

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "known_as"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("kserve/agent:v1", "docker.io/kserve/agent:v1"),
        ("docker.io/kserve/agent:v1", "docker.io/kserve/agent:v1"),
        ("localhost/pause:1", "localhost/pause:1"),
        ("registry.example.com:5000/a/b:1", "registry.example.com:5000/a/b:1"),
        ("registry.example.com:5000/a/b", "registry.example.com:5000/a/b:latest"),
        (f"quay.io/a/b@{DIGEST}", f"quay.io/a/b@{DIGEST}"),
        # The kubelet does not look at the tag then.
        (f"quay.io/a/b:v1@{DIGEST}", f"quay.io/a/b@{DIGEST}"),
    ],
)
def test_names_are_written_out_as_the_kubelet_does(image: str, known_as: str) -> None:
    assert full(image) == known_as


@pytest.mark.parametrize(
    "image",
    [
        "",
        "UPPER/case:1",
        "a//b:1",
        "a:tag with space",
        "a@sha256:short",
        "a@",
        "-a:1",
        f"a:1@md5:{'a' * 64}",
    ],
)
def test_what_is_no_name_is_refused(image: str) -> None:
    with pytest.raises(LocalCloudError, match="no name of an image"):
        parse(image)


def test_parts_of_a_name() -> None:
    name = parse("quay.io/jetstack/cert-manager-webhook:v1.21.1")
    assert (name.registry, name.tag) == ("quay.io", "v1.21.1")
    assert name.repository == "quay.io/jetstack/cert-manager-webhook"
