import json
from pathlib import Path

import pytest

from llm_platform.serving import triton
from local.errors import LocalCloudError
from local.images import containers, repository, spec, trying
from local.images.spec import Container

STATUS = """\
Name:\tpython
Uid:\t1000\t1000\t1000\t1000
CapEff:\t0000000000000000
CapBnd:\t0000000000000000
NoNewPrivs:\t1
"""
MOUNTS = "1 0 0:1 / / ro,relatime - overlay overlay rw\n2 1 0:2 / /tmp rw - tmpfs tmpfs rw\n"


def test_a_container_is_as_restricted_as_in_the_cluster() -> None:
    made = spec.spec(
        Container(Path("/r"), ["a"], {"A": "b"}, mounts={"/mnt/models": Path("/m")}, network="/n")
    )
    wanted = triton.container_security()
    assert made["root"] == {"path": "/r", "readonly": wanted["readOnlyRootFilesystem"]}
    assert made["process"]["user"]["uid"] == wanted["runAsUser"]
    assert made["process"]["noNewPrivileges"] is not wanted["allowPrivilegeEscalation"]
    assert all(each == [] for each in made["process"]["capabilities"].values())
    assert {"type": "network", "path": "/n"} in made["linux"]["namespaces"]
    mounts = {each["destination"]: each for each in made["mounts"]}
    writable = [
        place
        for place, each in mounts.items()
        if each["type"] != "proc" and "ro" not in each["options"] and place != "/dev"
    ]
    assert sorted(writable) == ["/dev/shm", "/tmp"]  # noqa: S108 - places in a container
    assert mounts["/mnt/models"]["source"] == "/m"


def test_arguments_replace_the_default_as_in_a_pod() -> None:
    image = {"Entrypoint": ["e"], "Cmd": ["c"], "Env": ["PATH=/x", "A=b=c"]}
    assert spec.command(image, []) == ["e", "c"]
    assert spec.command(image, ["d"]) == ["e", "d"]
    assert spec.command({"Cmd": ["c"]}, ["d"]) == ["d"]
    assert spec.environment(image) == {"PATH": "/x", "A": "b=c"}
    assert spec.environment({})["PATH"]


@pytest.mark.parametrize(
    ("status", "mounts", "problem"),
    [
        (STATUS.replace("1000", "0"), MOUNTS, "it runs as user 0"),
        (STATUS.replace("CapBnd:\t000", "CapBnd:\t0a0"), MOUNTS, "it has capabilities"),
        (STATUS.replace("Privs:\t1", "Privs:\t0"), MOUNTS, "it may gain privileges"),
        (STATUS, MOUNTS.replace("/ ro,", "/ rw,"), "its root can be written to"),
        (STATUS, "", "its root can be written to"),
    ],
)
def test_a_container_with_more_rights_is_found_out(status: str, mounts: str, problem: str) -> None:
    assert containers.guarded(STATUS, MOUNTS).problems == []
    assert problem in "; ".join(containers.guarded(status, mounts).problems)


def test_triton_gets_the_arguments_of_the_runtime() -> None:
    words = trying.triton_arguments(["a", "b"])
    assert words[0] == "tritonserver"
    assert words[-2:] == ["--load-model=a", "--load-model=b"]
    assert "$(" not in " ".join(words)
    assert any(each.startswith("--http-restricted-api=") for each in words)


def test_weights_are_put_where_the_manifest_says(tmp_path: Path) -> None:
    source, packages, target = tmp_path / "repo", tmp_path / "packages", tmp_path / "out"
    (source / "m/1/__pycache__").mkdir(parents=True)
    (source / "m/config.pbtxt").write_text("x")
    (source / "m/1/__pycache__/model.pyc").write_text("x")
    files = {
        "model": {"file": "w.gguf", "package": {"name": "p", "version": "1", "path": "p/in.gguf"}},
        "head": {"file": "head.json", "package": None},
    }
    (source / "m/1/weights.json").write_text(json.dumps({"files": files}))
    with pytest.raises(LocalCloudError) as caught:
        repository.assemble(source, packages, target, ["m", "none"])
    assert "p/in.gguf, for m" in caught.value.detail
    assert "repo/none/config.pbtxt" in caught.value.detail
    (packages / "p").mkdir(parents=True)
    (packages / "p/in.gguf").write_text("weights")
    repository.assemble(source, packages, target, ["m"])
    assert (target / "m/1/w.gguf").read_text() == "weights"
    assert not (target / "m/1/__pycache__").exists()
    assert not (source / "m/1/w.gguf").exists()
