from pathlib import Path

import pytest

from llm_platform import versions
from local.errors import LocalCloudError
from local.images import base, building, freshness, programs
from local.images.building import Bases, Progress, Stamp
from local.images.table import IMAGES
from local.reporter import QuietReporter

HERE = Bases("localhost/run:1", "localhost/build:1", local=True)
THERE = Bases(versions.PYTHON.reference, versions.PYTHON_BUILD.reference, local=False)


def test_a_forged_image_never_asks_a_registry() -> None:
    arguments = building.build_arguments(IMAGES["triton"], HERE, Stamp(7, "abc"), ["--volume=x"])
    assert "--pull-never" in arguments
    assert "--label=io.llm-platform.origin=forged" in arguments
    assert "--label=org.opencontainers.image.revision=abc" in arguments
    assert "--build-arg=BASE=localhost/run:1" in arguments
    assert "--target=cpu" in arguments
    assert "--timestamp=7" in arguments
    assert "--volume=x" in arguments
    assert f"--tag={versions.TRITON_CPU.name}" in arguments


def test_an_image_knows_what_it_was_built_from(tmp_path: Path) -> None:
    image = IMAGES["gateway"]
    (tmp_path / "gateway").mkdir()
    (tmp_path / "other").mkdir()
    dockerfile = tmp_path / image.dockerfile
    dockerfile.write_text("FROM x\nCOPY --from=y /a /b\nCOPY uv.lock gateway ./\n")
    (tmp_path / "uv.lock").write_text("1")
    code = tmp_path / "gateway" / "server.py"
    code.write_text("1")
    first = freshness.digest(image, tmp_path)
    (tmp_path / "other" / "x.py").write_text("not copied")
    (tmp_path / "gateway" / "__pycache__").mkdir()
    (tmp_path / "gateway" / "__pycache__" / "server.pyc").write_text("made by Python")
    assert freshness.digest(image, tmp_path) == first
    code.write_text("2")
    second = freshness.digest(image, tmp_path)
    dockerfile.write_text("FROM z\nCOPY uv.lock gateway ./\n")
    assert len({first, second, freshness.digest(image, tmp_path)}) == 3
    arguments = building.build_arguments(image, HERE, Stamp(7, "abc"), [])
    assert f"--label=io.llm-platform.context={freshness.digest(image)}" in arguments


def test_an_image_on_the_public_base_pulls_it() -> None:
    arguments = building.build_arguments(IMAGES["gateway"], THERE, Stamp(7, "abc"), [])
    assert "--pull" in arguments
    assert "--label=io.llm-platform.origin=built" in arguments
    assert f"--build-arg=BASE={versions.PYTHON.reference}" in arguments


def test_certificates_of_the_machine_are_mounted_not_copied() -> None:
    file = "/etc/own/ca.crt"
    found = building.certificate_arguments({"SSL_CERT_FILE": file}, lambda each: each == file)
    assert found == [
        "--volume=/etc/own:/etc/ssl/certs:ro",
        "--build-arg=SSL_CERT_FILE=/etc/ssl/certs/ca.crt",
        "--build-arg=PIP_CERT=/etc/ssl/certs/ca.crt",
    ]
    system = building.certificate_arguments({}, lambda each: each.startswith("/etc/pki"))
    assert system[0] == "--volume=/etc/pki/tls/certs:/etc/ssl/certs:ro"
    assert building.certificate_arguments({"SSL_CERT_FILE": file}, lambda _: False) == []


def test_the_stamp_is_the_commit_or_what_was_asked_for() -> None:
    assert building.stamp({"SOURCE_DATE_EPOCH": "1700000000"}).seconds == 1700000000
    commit = building.stamp({})
    assert commit.seconds > 1700000000
    assert len(commit.revision) == 40
    with pytest.raises(LocalCloudError, match="SOURCE_DATE_EPOCH is 'now'"):
        building.stamp({"SOURCE_DATE_EPOCH": "now"})


def test_progress_tells_what_is_made_and_counts_what_is_cached() -> None:
    told: list[str] = []
    progress = Progress(told.append)
    for line in (
        f"[2/2] STEP 1/4: FROM {'ab' * 32} AS last",
        "[2/2] STEP 2/4: COPY --from=uv /a /a",
        "[1/2] STEP 1/3: FROM base AS uv",
        "[1/2] STEP 2/3: COPY a b",
        f"--> Using cache {'cd' * 32}",
        f"--> {'cd' * 6}",
        "[1/2] STEP 3/3: RUN make   it",
        "it works",
        "--> 0123456789ab",
        f"--> Using cache {'ef' * 32}",
        f"--> {'ef' * 6}",
        "[2/2] STEP 3/4: USER 1000",
        "--> 0123456789ab",
        "[2/2] STEP 4/4: CMD x",
        "[2/2] COMMIT a:1",
        "--> 0123456789ab",
    ):
        progress.line(line)
    assert told == [
        "stage 1 of 2, step 3 of 3: RUN make it",
        "stage 2 of 2, step 3 of 4: USER 1000",
        "stage 2 of 2, step 4 of 4: CMD x",
    ]
    assert (progress.made, progress.cached) == (3, 2)


def test_a_long_step_is_told_while_it_runs_and_cut() -> None:
    told: list[str] = []
    progress = Progress(told.append)
    progress.line("STEP 1/1: RUN " + "x" * 500)
    progress.tick(12.3)
    progress.tick(17.3)
    assert [each[:20] for each in told] == [
        "step 1 of 1: RUN xxx",
        "goes on (12 s)",
        "goes on (17 s)",
    ]
    assert len(told[0]) == building.LONGEST


def test_the_two_bases_differ_and_their_tags_follow_the_recipe() -> None:
    assert base.RUN.reference != base.BUILD.reference
    other = base.Base("run", (*base.RUN.packages, "more"))
    assert other.reference.rpartition("-")[0] == base.RUN.reference.rpartition("-")[0]
    assert other.reference != base.RUN.reference
    assert set(base.RUN.packages) < set(base.BUILD.packages)
    command = base.recipe(base.RUN, Path("x.tar"))
    assert command[-2:] == [base.RELEASE, "x.tar"]
    assert "--variant=essential" in command


def test_what_is_missing_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_apt(name: str) -> str | None:
        return "/usr/bin/apt-get" if name == "apt-get" else None

    monkeypatch.setattr(programs.shutil, "which", only_apt)
    with pytest.raises(LocalCloudError) as caught:
        programs.ensure(programs.TO_BUILD, QuietReporter(), install=False)
    assert "buildah, mmdebstrap" in caught.value.what
    assert "apt-get install -y --no-install-recommends buildah mmdebstrap" in caught.value.hint
    monkeypatch.setattr(programs.os, "geteuid", lambda: 1000)
    with pytest.raises(LocalCloudError, match="Install them as root"):
        programs.ensure(programs.TO_TRY, QuietReporter(), install=True)
    with pytest.raises(LocalCloudError, match="Building images needs root"):
        programs.require_root("Building images")
