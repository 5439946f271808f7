"""The policy pack on the real engine: every policy denies once, every field is decided once.

The cloud is a provider that accepts everything, so that only the pack can say no. One preview
holds a broken resource per policy and one per declared field with that field unknown.
"""

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest
import yaml
from pulumi import automation
from pulumi.automation import EngineEvent

from local.paths import REPOSITORY
from local.reporter import LineReporter
from local.toolchain import ensure
from tests.lifecycle.accepting_provider import AcceptingProvider, accepting

PACK = REPOSITORY / "policies" / "run"
RESOURCES = REPOSITORY / "tests" / "policies" / "engine_resources.py"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The SDK's sentinel of an unknown text, as `engine_resources` writes it."""
TAGS = {"owner": "a", "environment": "b", "cost-center": "c"}
CONFIG: dict[str, Any] = {
    "aws:region": "us-east-1",
    "llm-platform:environment": {"name": "prod", "owner": "platform"},
    "llm-platform:cost": {
        "monthlyBudgetUsd": 20000,
        "allowedInstanceFamilies": ["m7i", "g6", "t3"],
        "maxGpus": 8,
    },
}

Program = Callable[[], None]


@dataclass
class Verdict:
    """What a run came to.

    Attributes:
        failed: Whether the engine ended with an error.
        text: Everything it printed.
        said: Policy to the logical name of a resource to its messages with levels.
    """

    failed: bool = False
    text: str = ""
    said: dict[str, dict[str, list[tuple[str, str]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def hear(self, event: EngineEvent) -> None:
        """Take in one event of the engine."""
        found = event.policy_event
        if found is not None:
            name = (found.resource_urn or "").rpartition("::")[2]
            self.said[found.policy_name][name].append((found.enforcement_level, found.message))


class Runner:
    """A stack on the real engine with the pack attached."""

    def __init__(self, pulumi_program: Path, folder: Path, attached: str) -> None:
        self.folder = folder
        self.report = folder / "report.json"
        (folder / "backend").mkdir()
        self._command = automation.PulumiCommand(str(pulumi_program.parent.parent))
        self._env = {
            "PATH": f"{pulumi_program.parent}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": (folder / "backend").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_PROVIDERS": attached,
            "LLMP_POLICY_REPORT": str(self.report),
            "LLMP_POLICY_TODAY": "2026-11-24",
        }

    def run(
        self,
        program: Program,
        *,
        update: bool = False,
        config: dict[str, Any] | None = None,
        **variables: str,
    ) -> Verdict:
        """Preview, or update without a preview before it."""
        values = CONFIG if config is None else config
        (self.folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": values}))
        stack = automation.create_or_select_stack(
            "prod",
            "llm-platform",
            program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(self.folder),
                env_vars={**self._env, **variables},
                project_settings=automation.ProjectSettings("llm-platform", "python"),
                pulumi_command=self._command,
            ),
        )
        verdict = Verdict()
        go = stack.up if update else stack.preview
        try:
            done = go(on_event=verdict.hear, policy_packs=[str(PACK)], color="never")
            verdict.text = done.stdout + done.stderr
        except automation.CommandError as error:
            verdict.failed = True
            verdict.text = str(error)
        return verdict


@pytest.fixture(scope="module")
def cloud() -> Iterator[tuple[AcceptingProvider, str]]:
    with accepting("aws", "kubernetes", "test") as served:
        yield served


@pytest.fixture
def runner(tmp_path: Path, cloud: tuple[AcceptingProvider, str]) -> Runner:
    program = ensure(["pulumi"], LineReporter())["pulumi"]
    root = tmp_path / "engine"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "pulumi").symlink_to(program)
    return Runner(root / "bin" / "pulumi", root, cloud[1])


@pytest.fixture(scope="module")
def resources() -> list[dict[str, Any]]:
    python = REPOSITORY / "policies" / ".venv" / "bin" / "python"
    made = subprocess.run([str(python), str(RESOURCES)], capture_output=True, text=True, check=True)
    return cast("list[dict[str, Any]]", json.loads(made.stdout))


def with_unknowns(value: Any, unknown: pulumi.Output[str]) -> Any:
    """The value, with an output that is not known yet in place of each sentinel."""
    if value == UNKNOWN:
        return unknown
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        return {key: with_unknowns(inner, unknown) for key, inner in mapping.items()}
    if isinstance(value, list):
        return [with_unknowns(inner, unknown) for inner in cast("list[Any]", value)]
    return value


def make(kind: str, name: str, properties: dict[str, Any]) -> pulumi.CustomResource:
    """A resource of any type without its SDK."""
    return pulumi.CustomResource(kind, name, properties)


def test_every_policy_denies_and_every_unknown_field_is_decided(
    runner: Runner, resources: list[dict[str, Any]], tmp_path: Path
) -> None:
    exceptions = tmp_path / "exceptions.yaml"
    exceptions.write_text(
        yaml.safe_dump(
            [
                {
                    "policy": "images-pinned",
                    "urn": "urn:pulumi:prod::llm-platform::*::no-such-resource",
                    "reason": "It is here to be found unused.",
                    "owner": "tests",
                    "expires": "2027-06-30",
                },
                {
                    "policy": "images-pinned",
                    "urn": "urn:pulumi:prod::llm-platform::*::broken-images-pinned",
                    "reason": "It is here to be found expired.",
                    "owner": "tests",
                    "expires": "2026-01-01",
                },
            ]
        )
    )

    def program() -> None:
        source = make("test:index:Source", "source", {})
        for each in resources:
            properties = with_unknowns(each["properties"], source.id)
            make(each["type"], each["name"], properties)
        make("aws:s3/bucket:Bucket", "lonely", {"tags": TAGS})
        pool = {
            "instanceTypes": ["g6.48xlarge"],
            "scalingConfig": {"minSize": 1, "maxSize": 9},
            "tags": TAGS,
        }
        make("aws:eks/nodeGroup:NodeGroup", "huge", pool)

    verdict = runner.run(program, LLMP_POLICY_EXCEPTIONS=str(exceptions))

    assert verdict.failed
    assert "can't run policy" not in verdict.text
    assert "was not decided" not in verdict.text
    wrong = [problem for each in resources for problem in disagreements(each, verdict)]
    assert wrong == []
    # what concerns the stack as a whole
    said = verdict.said
    assert "above the budget of prod, 20,000.00" in everything(said["cost-worst-case-budget"])
    assert "huge 72" in everything(said["cost-gpu-count-max"])
    assert len(said["storage-bucket-guarded"]["lonely"]) == 2
    assert "expired on 2026-01-01" in everything(said["exceptions-expired"])
    assert "no-such-resource" in everything(said["exceptions-unused"])
    levels = {level for by_name in said.values() for told in by_name.values() for level, _ in told}
    assert levels == {"advisory", "mandatory"}


def disagreements(each: dict[str, Any], verdict: Verdict) -> list[str]:
    """Where the engine told something else about a resource than the catalogue promises."""
    policy, name, expect = each["policy"], each["name"], each["expect"]
    told = verdict.said[policy].get(name, [])
    if expect == "unverifiable":
        mine = [text for _, text in verdict.said["unverifiable-at-preview"].get(name, [])]
        if not any(policy in text and each["says"] in text for text in mine):
            return [f"{name}: not told as unverifiable: {mine}"]
    if expect in {"allow", "unverifiable"}:
        return [f"{name}: {text}" for _, text in told]
    if len(told) != 1 or each["says"] not in told[0][1]:
        return [f"{name}: told {told}, not once {each['says']!r}"]
    if told[0][0] != each["level"]:
        return [f"{name}: level {told[0][0]}, not {each['level']}"]
    return []


def everything(by_name: dict[str, list[tuple[str, str]]]) -> str:
    return "\n".join(text for told in by_name.values() for _, text in told)


def good_program(largest: int = 1) -> Program:
    def program() -> None:
        make("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16", "tags": TAGS})
        template = make(
            "aws:ec2/launchTemplate:LaunchTemplate",
            "template",
            {
                "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
                "blockDeviceMappings": [{"ebs": {"encrypted": True, "volumeSize": 100}}],
                "tags": TAGS,
            },
        )
        make(
            "aws:eks/nodeGroup:NodeGroup",
            "pool",
            {
                "instanceTypes": ["g6.2xlarge"],
                "scalingConfig": {"minSize": 1, "maxSize": largest},
                "launchTemplate": {"id": template.id},
                "tags": TAGS,
            },
        )

    return program


def test_a_good_program_passes_and_its_cost_is_reported(runner: Runner) -> None:
    verdict = runner.run(good_program())

    assert not verdict.failed, verdict.text
    assert verdict.said == {}
    report = json.loads(runner.report.read_text(encoding="utf-8"))
    # g6.2xlarge at 0.9776 an hour and the template's 100 GiB at 0.08
    assert report["cost"]["total"]["worst"] == pytest.approx(0.9776 * 730 + 8)
    assert report["cost"]["undecided"] == []


def test_an_update_without_preview_stops_before_it_creates_beyond_the_budget(
    runner: Runner, cloud: tuple[AcceptingProvider, str]
) -> None:
    cost = {**CONFIG["llm-platform:cost"], "monthlyBudgetUsd": 5000}
    cloud[0].created.clear()

    verdict = runner.run(
        good_program(largest=8), update=True, config={**CONFIG, "llm-platform:cost": cost}
    )

    assert verdict.failed
    assert "pool" in verdict.said["cost-running-total"]
    assert "aws:eks/nodeGroup:NodeGroup" not in cloud[0].created


@pytest.mark.parametrize(
    ("today", "policy", "stops"),
    [
        ("2027-02-15", "cost-catalogue-stale", False),
        ("2027-09-01", "cost-catalogue-expired", True),
    ],
)
def test_prices_that_grow_old_are_told_and_in_the_end_stop_production(
    runner: Runner, today: str, policy: str, stops: bool
) -> None:
    verdict = runner.run(good_program(), LLMP_POLICY_TODAY=today)

    assert verdict.failed is stops
    assert list(verdict.said) == [policy]


def test_without_settings_the_run_ends_before_any_resource(
    runner: Runner, cloud: tuple[AcceptingProvider, str]
) -> None:
    cloud[0].created.clear()

    verdict = runner.run(good_program(), update=True, config={"aws:region": "nowhere"})

    assert verdict.failed
    assert "policy pack: configuration of stack prod: 3 problems" in verdict.text
    assert "cost: is not set" in verdict.text
    assert "Traceback" not in verdict.text
    assert cloud[0].created == []
