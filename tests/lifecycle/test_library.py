"""The library as others use it: from another language by the plugin, from Python by the wheel."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
from google.protobuf.empty_pb2 import Empty
from library_world import (
    CLUSTER,
    EXAMPLES,
    LAUNCHER,
    NAMESPACE,
    Foreign,
    Remote,
    World,
    foreign_project,
    world,
    yaml_program,
)
from pulumi import automation
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from llm_platform.host.provider import PlatformProvider
from local.paths import REPOSITORY

MEGABYTE = 1_000_000
OWN_PLUGINS = ("pulumi", "pulumi-aws", "pulumi-eks", "pulumi-kubernetes")
SECRET = "s3://models-that-nobody-may-see/model_repo/"
YAML = EXAMPLES / "yaml-gpu-service" / "Pulumi.yaml"


@pytest.fixture(scope="module")
def shared(pulumi_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        with world(pulumi_path, tmp_path_factory.mktemp("engine")) as made:
            yield made


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    return foreign_project("python-gpu-service", tmp_path_factory.mktemp("foreign"))


# --- from another language -------------------------------------------------------------------


def test_the_engine_reads_the_schema_from_the_launcher(pulumi_path: Path, tmp_path: Path) -> None:
    launcher = Path(sys.executable).parent / LAUNCHER
    done = subprocess.run(
        [str(pulumi_path), "package", "get-schema", str(launcher)],
        env={
            **os.environ,
            "PULUMI_HOME": str(tmp_path),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    # the engine reads the schema into its own form and writes that
    assert json.loads(done.stdout) == {**json.loads(PlatformProvider().schema or ""), "config": {}}


def test_a_program_in_another_language_makes_all_three_components(shared: World) -> None:
    stack = shared.stack("made", yaml_program(YAML))
    stack.set_config("repository", automation.ConfigValue(SECRET, secret=True))

    result = stack.up(on_output=print)

    outputs = {name: one.value for name, one in result.outputs.items()}
    assert outputs["address"] == f"answers-predictor.{NAMESPACE}.svc.cluster.local"
    vpcs = shared.aws("ec2").describe_vpcs(VpcIds=[outputs["vpc"]])["Vpcs"]
    assert vpcs[0]["CidrBlock"] == "10.50.0.0/16"
    nodes = shared.aws("eks").describe_nodegroup(
        clusterName=CLUSTER, nodegroupName=outputs["nodes"]
    )["nodegroup"]
    assert nodes["scalingConfig"] == {"minSize": 1, "maxSize": 2, "desiredSize": 1}
    path = f"/apis/serving.kserve.io/v1beta1/namespaces/{NAMESPACE}/inferenceservices/answers"
    storage = shared.api.get(path)["spec"]["predictor"]["storageUris"]
    assert storage[0]["uri"] == f"{SECRET}smollm2"

    resources = exported(stack)
    parents = {each["urn"].rpartition("::")[2]: each.get("parent", "") for each in resources}
    for child, parent in (
        ("network-vpc", "llm-platform:index:Network::network"),
        ("l4-nodes", "llm-platform:index:GpuNodePool::l4"),
        ("answers-service", "llm-platform:index:LlmService::answers"),
        ("cluster", "pulumi:pulumi:Stack::gpu-service-yaml-made"),
    ):
        assert parents[child].endswith(parent)
    # the endpoint that the list of an enum asks for
    assert any(each["urn"].endswith("::network-sts") for each in resources)
    kept = [path for path in shared.cloud.engine_folder.rglob("*.json") if path.is_file()]
    assert kept
    assert [path for path in kept if SECRET in path.read_text(errors="replace")] == []
    assert SECRET not in result.stdout + result.stderr

    again = stack.preview().change_summary
    assert {getattr(kind, "value", kind) for kind in again} == {"same"}


def exported(stack: automation.Stack) -> list[dict[str, Any]]:
    deployment = stack.export_stack().deployment
    assert deployment is not None
    return deployment["resources"]


def test_wrong_inputs_are_named_all_at_once_in_the_callers_words(shared: World) -> None:
    def program() -> None:
        Remote(
            "llm-platform:index:Network",
            "network",
            {
                "cidr": pulumi.Output.secret("10.99.0.0/16"),
                "zones": ["eu-central-1a"],
                "nat": "SINGEL",
                "maxPod": 300,
                "flowLogRetentionDays": 31,
            },
        )

    with pytest.raises(automation.CommandError) as failed:
        shared.stack("wrong", program).preview()

    said = str(failed.value)
    assert "llm-platform:index:Network resource 'network' has a problem: 5 problems" in said
    for words in (
        "cidr: is a secret, or comes from a resource",
        "zones: 1 zones; allowed: 2 to 6 zones",
        "nat: 'SINGEL' is not known; allowed: one of SINGLE, PER_ZONE, NONE",
        "maxPod: is not a known input; did you mean maxPods?",
        "flowLogRetentionDays: CloudWatch Logs cannot keep logs for 31 days",
    ):
        assert words in said
    assert "10.99.0.0" not in said
    assert "llm_platform/" not in said, "a trace of the plugin"


# --- from Python, by the wheel ---------------------------------------------------------------

PREVIEW = """
import importlib.util, json, runpy, sys
from pulumi import automation
assert [n for n in ("infra", "local", "moto", "boto3") if importlib.util.find_spec(n)] == []
stack = automation.create_stack(
    "dev",
    project_name="gpu-service",
    program=lambda: runpy.run_path("__main__.py", run_name="__main__"),
    opts=automation.LocalWorkspaceOptions(work_dir="."),
)
stack.set_config("kubernetes:kubeconfig", automation.ConfigValue(sys.argv[1], secret=True))
seen = []
stack.preview(on_event=lambda event: seen.append(event.resource_pre_event))
planned = [each.metadata for each in seen if each]
print(json.dumps([[each.type, each.urn.rpartition("::")[2], each.op.value] for each in planned]))
"""


def test_a_foreign_project_previews_with_settings_of_its_own(
    shared: World, foreign: Foreign
) -> None:
    path = os.pathsep.join((str(shared.engine.parent), "/usr/bin", "/bin"))
    kubeconfig = shared.cloud.kubeconfig.read_text()

    said = foreign.run(PREVIEW, kubeconfig, **{**shared.env, "PATH": path})

    planned = [tuple(each) for each in json.loads(said.splitlines()[-1])]
    assert {op for _, _, op in planned} == {"create"}
    found = {(kind, name) for kind, name, _ in planned}
    assert {
        ("llm-platform:index:Network", "network"),
        ("llm-platform:index:GpuNodePool", "l4"),
        ("llm-platform:index:LlmService", "summaries"),
        ("aws:eks/nodeGroup:NodeGroup", "l4-nodes"),
        ("aws:ec2/natGateway:NatGateway", "network-nat-eu-central-1a"),
        ("kubernetes:serving.kserve.io/v1beta1:InferenceService", "summaries-service"),
    } <= found
    assert len(found) > 35


MISTAKEN = """
from llm_platform import Network

Network("network", {"cidr": 16, "zones": []})
"""


def test_its_types_are_checked_against_the_wheel(foreign: Foreign) -> None:
    checker = Path(sys.executable).parent / "basedpyright"
    command = [str(checker), "--outputjson", "--pythonpath", str(foreign.python)]
    mistaken = foreign.folder / "mistaken.py"
    mistaken.write_text(MISTAKEN)

    done = subprocess.run(command, cwd=foreign.folder, capture_output=True, text=True, check=False)
    mistaken.unlink()

    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == 3
    found = report["generalDiagnostics"]
    assert {Path(each["file"]).name for each in found} == {"mistaken.py"}, found
    said = " ".join(each["message"] for each in found)
    assert "NetworkArgs" in said
    assert '"Literal[16]" is not assignable to "str"' in said


SIZES = """
import json, sys
from importlib.metadata import distribution, distributions
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

def closure(names):
    found, todo = set(), list(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name in found:
            continue
        found.add(name)
        for text in distribution(name).requires or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                todo.append(needed.name)
    return found

pulumi = closure(sys.argv[1:])
sizes = {
    canonicalize_name(each.name): sum(
        file.locate().stat().st_size for file in each.files or [] if file.locate().exists()
    )
    for each in distributions()
}
print(json.dumps({"pulumi": sum(sizes[n] for n in pulumi), "more": {
    name: size for name, size in sizes.items() if name not in pulumi
}}))
"""


def test_the_library_brings_nothing_beyond_pulumi_but_itself(foreign: Foreign) -> None:
    sizes = json.loads(foreign.run(SIZES, *OWN_PLUGINS))
    more: dict[str, int] = sizes["more"]
    sys.stdout.write(f"Pulumi's own: {sizes['pulumi'] / MEGABYTE:.1f} MB; beyond: {more}\n")

    assert set(more) == {"llm-platform-components"}
    assert 0 < sum(more.values()) < 60 * MEGABYTE


def test_the_wheel_holds_the_package_and_nothing_else(foreign: Foreign) -> None:
    with zipfile.ZipFile(foreign.wheel) as wheel:
        names = wheel.namelist()
        info = next(name for name in names if name.endswith(".dist-info/METADATA"))
        about = wheel.read(info).decode()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"llm_platform", info.partition("/")[0]}
    tracked = REPOSITORY / "components" / "llm_platform"
    sources = {
        str(file.relative_to(tracked.parent))
        for file in tracked.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {name for name in names if name.startswith("llm_platform/")} == sources
    assert "llm_platform/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "License-Expression: Apache-2.0" in about
    assert "Requires-Python: <3.14,>=3.11" in about

    with tarfile.open(foreign.source) as source:
        kept = {name.partition("/")[2] for name in source.getnames()}
    assert {"PulumiPlugin.yaml", "__main__.py", "LICENSE", "pyproject.toml"} <= kept
    assert (REPOSITORY / "components" / "LICENSE").read_bytes() == (
        REPOSITORY / "LICENSE"
    ).read_bytes()


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.argv[1], "127.0.0.1:1"], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
time.sleep(600)
"""


def test_the_installed_launcher_serves_until_its_parent_is_gone(foreign: Foreign) -> None:
    launcher = foreign.python.parent / LAUNCHER
    with subprocess.Popen(
        [str(foreign.python), "-c", PARENT, str(launcher)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child, port = map(int, parent.stdout.readline().split())
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
                schema = stub.GetSchema(provider_pb2.GetSchemaRequest()).schema
                about = stub.GetPluginInfo(Empty())
            assert schema == PlatformProvider().schema
            assert about.version == json.loads(schema)["version"]
        finally:
            parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < deadline, "the plugin outlives the engine"
        time.sleep(0.1)
