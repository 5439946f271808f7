"""Two stacks with two local clouds on one machine at the same time, by the command people type.

`alpha` and `beta` are a person's own stack files, beside the project's. Both are brought up at
once; afterwards each is found whole and nothing of the one is seen from the other.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from small_stack import WITH_POLICIES, WITHOUT, Small, ended, is_complete

from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api

STACKS = ("alpha", "beta")
SECONDS = 60


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    made = Small(tmp_path_factory.mktemp("both"), {WITHOUT: "network"})
    for stack in STACKS:
        made.write_stack(stack, environment={"owner": stack})
    # the policies look at one of them: they cost as much as the rest
    runs = [made.start("up", "alpha", **{WITH_POLICIES: "1"}), made.start("up", "beta")]
    try:
        said = [ended(run) for run in runs]
        assert "policies: nothing found by llm-platform" in said[0]
        yield made
    finally:
        for run in runs:
            run.kill()
        for stack in STACKS:
            made.run("stop", stack)


def test_both_stand_whole(both: Small) -> None:
    for stack in STACKS:
        counted = both.counted(stack)
        assert is_complete(counted, network=False), (stack, counted)


def test_nothing_is_shared(both: Small) -> None:
    alpha, beta = (both.cloud(stack) for stack in STACKS)

    assert alpha["id"] != beta["id"]
    assert not set(alpha["ports"].values()) & set(beta["ports"].values())
    for private in ("engine/passphrase", "admin.kubeconfig", "pki/ca.crt"):
        first, second = (both.room(stack) / "cloud" / private for stack in STACKS)
        assert first.read_bytes() != second.read_bytes(), private
    states = [
        path.relative_to(both.state).parts[0]
        for path in both.state.glob("*/cloud/engine/backend/.pulumi/stacks/*/*.json")
    ]
    assert sorted(states) == ["alpha", "beta"]
    names = {
        stack: {each["Name"] for each in both.aws(stack, "s3").list_buckets()["Buckets"]}
        for stack in STACKS
    }
    assert not names["alpha"] & names["beta"], names


def test_the_key_of_one_opens_nothing_of_the_other(both: Small) -> None:
    text = (both.room("alpha") / "cloud" / "admin.kubeconfig").read_text()
    own, other = (both.cloud(stack)["cluster"]["endpoint"] for stack in STACKS)
    assert Api(read_kubeconfig(text)).get("/version")["major"] == "1"

    with pytest.raises(Exception, match=r"(?i)certificate|SSL") as refused:
        Api(read_kubeconfig(text.replace(own, other))).get("/version")

    assert not isinstance(refused.value, urllib3.exceptions.NewConnectionError)


def test_a_second_up_of_a_stack_is_told_who_is_first_and_another_stack_is_not(
    both: Small,
) -> None:
    first = both.start("up", "beta")
    lock = both.room("beta") / "run.lock"
    deadline = time.monotonic() + SECONDS
    while str(first.pid) not in lock.read_text():
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)

    second = both.run("up", "beta", expect=1)
    backup = both.run("state", "backup", "beta", expect=1)
    other = both.run("state", "backup", "alpha")

    for said in (second, backup):
        assert f"Stack beta is in use by process {first.pid} (up beta)." in said
    assert "✓ backup of" in other
    assert "Nothing to change." in ended(first)


def test_another_checkout_is_kept_out(both: Small, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: llm-platform\n")
    note = both.room("alpha") / "checkout"
    ours = note.read_text()
    note.write_text(f"{tmp_path}\n")
    try:
        for command in ("up", "stop"):
            said = both.run(command, "alpha", expect=1)
            assert f"belongs to another checkout: {tmp_path}" in said
    finally:
        note.write_text(ours)
    assert is_complete(both.counted("alpha"), network=False)


def test_one_goes_and_the_other_stays(both: Small) -> None:
    before: dict[str, Any] = json.loads(json.dumps(both.cloud("beta")))

    said = both.run("destroy", "alpha", "--stop")

    assert "AWS and Kubernetes are as they were before the first up." in said
    assert not (both.room("alpha") / "cloud").exists()
    assert both.cloud("beta") == before
    assert is_complete(both.counted("beta"), network=False)
