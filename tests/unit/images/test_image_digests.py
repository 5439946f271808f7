import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.cli.main import main
from llm_platform import image_digests, versions
from llm_platform.versions import Image
from local.errors import LocalCloudError
from local.images import locking
from local.images.locking import NoAnswerError
from local.reporter import QuietReporter

DIGEST = f"sha256:{'0a' * 32}"
ONE, TWO = Image("registry.example/a", "1"), Image("registry.example/b", "2")


def test_a_lock_file_is_written_with_all_digests_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "lock.json"

    def ask(name: str) -> str:
        if name == TWO.name:
            raise NoAnswerError("no such host")
        return DIGEST

    with pytest.raises(LocalCloudError) as caught:
        locking.lock([ONE, TWO], file, ask, QuietReporter())
    assert "none was written" in caught.value.what
    assert caught.value.detail == f"{TWO.name}: no such host"
    assert not list(tmp_path.iterdir())
    locking.lock([ONE], file, ask, QuietReporter())
    assert image_digests.locked(file) == {ONE.name: DIGEST}
    assert [each.name for each in tmp_path.iterdir()] == ["lock.json"]


def test_what_is_no_digest_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="what is no digest"):
        locking.lock([ONE], tmp_path / "x.json", lambda _: "sha256:short", QuietReporter())
    assert not list(tmp_path.iterdir())


def test_every_problem_of_a_lock_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "lock.json"
    assert image_digests.locked(file) == {}
    file.write_text(json.dumps({"no-tag": DIGEST, "a/b:1": "sha256:XY", "a/b:2": 3}))
    with pytest.raises(ValueError, match=r"lock\.json: 'no-tag' is no name") as caught:
        image_digests.locked(file)
    assert "the digest of 'a/b:1'" in str(caught.value)
    assert "the digest of 'a/b:2'" in str(caught.value)
    for text, problem in (("[", "is no JSON"), ("[]", "is no object")):
        file.write_text(text)
        with pytest.raises(ValueError, match=problem):
            image_digests.locked(file)


def test_a_digest_that_was_looked_up_is_part_of_the_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(versions, "DIGESTS", {ONE.name: DIGEST})
    assert ONE.reference == f"registry.example/a:1@{DIGEST}"
    assert TWO.reference == "registry.example/b:2"


def test_pinned_digests_belong_to_pinned_images() -> None:
    assert set(versions.DIGESTS) <= {each.name for each in versions.PUBLIC_IMAGES}
    assert all(each.tag != "latest" for each in versions.PUBLIC_IMAGES)


def test_the_reason_names_no_address_of_this_network() -> None:
    line = (
        'time="x" level=fatal msg="Error parsing image name: pinging: Get \\"https://r/v2/\\": '
        'dial tcp: lookup r on 10.0.0.1:53: no such host"'
    )
    assert locking.reason(line) == "no such host"
    assert locking.reason("odd words") == "odd words"


def test_without_skopeo_the_command_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = CliRunner().invoke(main, ["images", "lock"])
    assert done.exit_code == 1
    assert "apt-get install -y --no-install-recommends skopeo" in done.output
