"""The pack as the engine meets it: a process that is started, configured and asked."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from helpers import CONFIG, urn
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from llm_platform_policies import catalogue
from llm_platform_policies.levels import LEVELS
from llm_platform_policies.settings import EnvironmentName

POLICIES = Path(__file__).resolve().parents[2] / "policies"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
TAGS = {"owner": "a", "environment": "b", "cost-center": "c"}


class PackProcess:
    """A running pack and a client for it."""

    def __init__(self, folder: Path) -> None:
        self.report = folder / "report.json"
        environment = {**os.environ, "LLMP_POLICY_REPORT": str(self.report)}
        environment["LLMP_POLICY_TODAY"] = "2026-11-24"
        self.process = subprocess.Popen(
            [str(POLICIES / "run"), "127.0.0.1:1"],
            stdout=subprocess.PIPE,
            cwd=folder,
            env=environment,
            text=True,
        )
        assert self.process.stdout is not None
        port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.client: Any = analyzer_pb2_grpc.AnalyzerStub(self.channel)

    def configure(self, config: dict[str, str], *, preview: bool = True) -> None:
        request = analyzer_pb2.AnalyzerStackConfigureRequest(
            stack="prod", project="llm-platform", dry_run=preview, config=config
        )
        self.client.ConfigureStack(request)

    def analyze(self, kind: str, properties: dict[str, Any], name: str = "it") -> list[Any]:
        request = analyzer_pb2.AnalyzeRequest(type=kind, urn=urn(kind, name), name=name)
        request.properties.update(properties)
        return list(self.client.Analyze(request).diagnostics)

    def stop(self) -> None:
        self.channel.close()
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackProcess]:
    process = PackProcess(tmp_path_factory.mktemp("pack"))
    yield process
    process.stop()


def test_a_verdict_before_the_configuration_is_refused(pack: PackProcess) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        pack.analyze(TEMPLATE, {})

    error: Any = raised.value
    assert "was not given the stack's configuration" in error.details()


def test_levels_are_those_of_the_environment_once_it_is_known(pack: PackProcess) -> None:
    environment = '{"name": "dev"}'
    pack.configure({**CONFIG, "llm-platform:environment": environment})

    policies = pack.client.GetAnalyzerInfo(empty_pb2.Empty()).policies

    names = {
        analyzer_pb2.ADVISORY: "advisory",
        analyzer_pb2.MANDATORY: "mandatory",
        analyzer_pb2.DISABLED: "disabled",
    }
    told = {policy.name: names[policy.enforcementLevel] for policy in policies}
    assert told == {policy: levels[EnvironmentName.DEV].value for policy, levels in LEVELS.items()}
    for policy in policies:
        known = catalogue.BY_ID[policy.name]
        assert policy.displayName == known.title
        assert policy.remediation_steps == known.remediation
        assert policy.severity != analyzer_pb2.POLICY_SEVERITY_UNSPECIFIED


def test_without_settings_it_refuses_with_everything_that_is_wrong(pack: PackProcess) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        pack.configure({})

    error: Any = raised.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "configuration of stack prod: 3 problems" in error.details()
    assert "cost: is not set" in error.details()


def test_an_unknown_value_is_a_mandatory_violation_not_a_note(pack: PackProcess) -> None:
    pack.configure(CONFIG)
    options = {"httpTokens": UNKNOWN_STRING_VALUE, "httpPutResponseHopLimit": 1}

    (found,) = pack.analyze(TEMPLATE, {"metadataOptions": options, "tags": TAGS})

    assert found.policyName == "compute-imdsv2"
    assert found.enforcementLevel == analyzer_pb2.MANDATORY
    assert "metadataOptions.httpTokens is not known at preview" in found.message
    assert "docs/policies.md#compute-imdsv2" in found.message
    assert "can't run policy" not in found.message


def test_stack_policies_judge_inputs_and_a_report_is_written(pack: PackProcess) -> None:
    pack.configure(CONFIG)
    kind = "aws:eks/nodeGroup:NodeGroup"
    inputs = {
        "instanceTypes": ["g6.2xlarge"],
        "scalingConfig": {"minSize": 1, "maxSize": 9},
        "tags": TAGS,
    }
    assert pack.analyze(kind, inputs, "gpu") == []
    request = analyzer_pb2.AnalyzeStackRequest()
    resource = request.resources.add(type=kind, urn=urn(kind, "gpu"), name="gpu")
    # what a provider computes at preview, although the program said nothing of it
    resource.properties.update({**inputs, "diskSize": UNKNOWN_STRING_VALUE})

    (found,) = pack.client.AnalyzeStack(request).diagnostics

    assert found.policyName == "cost-gpu-count-max"
    assert "9 GPUs" in found.message
    report = json.loads(pack.report.read_text(encoding="utf-8"))
    assert report["environment"] == "prod"
    assert report["cost"]["total"]["minimum"] == pytest.approx(0.9776 * 730 + 20 * 0.08)
    assert report["cost"]["undecided"] == []
    assert report["policies"]["compute-imdsv2"] == "mandatory"


def test_it_starts_light() -> None:
    """No provider SDK is imported, and it takes less than 1.5 s of processor time."""
    code = (
        "import sys, time, llm_platform_policies.server\n"
        "heavy = ('pulumi_aws', 'pulumi_eks', 'pulumi_kubernetes', 'boto3', 'kubernetes')\n"
        "print(time.process_time(), [name for name in heavy if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    seconds, _, heavy = answer.strip().partition(" ")
    assert float(seconds) < 1.5
    assert heavy == "[]"
