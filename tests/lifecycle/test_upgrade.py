"""Today's program against the state of the last release: nothing that holds data is taken away.

The state is in tests/fixtures/state, made by `llmp state export local --sanitised` at a release.
It is previewed by the real engine with providers that have no cloud, so that what is compared
are the inputs that the release wrote and those that the program writes today.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.arguments import tenant_args
from infra.cli.program import Program
from infra.cli.workspace import load_settings
from infra.offline.exported import exported
from infra.offline.planned import Planned
from infra.offline.planning import Subject, plan
from infra.state.document import found_in
from infra.state.sanitised import machine_paths
from infra.state.stateful import holds, taken_away
from llm_platform import TenantNamespace
from local.source_positions import forget_source_positions

FIXTURES = Path(__file__).parents[1] / "fixtures" / "state"
STACK = "local"
SETTINGS = load_settings(STACK)
NEWEST = max(
    FIXTURES.glob("local-*.json"),
    key=lambda path: [int(part) for part in path.stem.rpartition("-")[2].split(".")],
)
TENANT = "tenant-assistants"
SMALL = 10


def released() -> dict[str, Any]:
    return json.loads(NEWEST.read_text(encoding="utf-8"))


def steps(document: Mapping[str, Any], program: Callable[[], None]) -> list[Planned]:
    """What the program would do with a stack in that state."""
    subject = Subject(STACK, SETTINGS.environment.name, SETTINGS.region, program, policy_packs=())
    made = plan(subject, state=exported(document, STACK, NEWEST))
    assert made.failure == "", made.log.errors
    return list(made.resources.resources.values())


def resource(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    [found] = [r for r in document["deployment"]["resources"] if r["urn"].endswith(f"::{name}")]
    return found


def test_the_fixture_is_the_whole_stack_and_may_be_published() -> None:
    resources = released()["deployment"]["resources"]
    kinds = {each["type"] for each in resources if holds(each["type"])}

    assert len(resources) > 200
    assert NEWEST.stat().st_size < 1_000_000
    for token in (
        "aws:ec2/vpc:Vpc",
        "aws:ec2/subnet:Subnet",
        "aws:eks/cluster:Cluster",
        "aws:eks/nodeGroup:NodeGroup",
        "aws:s3/bucket:Bucket",
        "aws:kms/key:Key",
        "aws:cloudwatch/logGroup:LogGroup",
        "kubernetes:core/v1:Namespace",
        "kubernetes:helm.sh/v3:Release",
    ):
        assert token in kinds
    text = NEWEST.read_text(encoding="utf-8")
    forbidden = ["/root/", "/home/", "PRIVATE KEY", "LS0tLS1", "ciphertext", *machine_paths()]
    assert found_in(text, forbidden) == []


def test_todays_program_takes_nothing_away_from_the_last_release() -> None:
    planned = steps(released(), Program(SETTINGS))

    assert len(planned) > 200
    assert taken_away(planned) == []


def test_what_would_be_taken_away_is_found() -> None:
    """The same preview of a state in which the release had made three things differently."""
    before = released()
    resource(before, "artifacts-bucket")["inputs"]["bucket"] = "another-name"
    resource(before, "network-flow-logs")["inputs"]["name"] = "another-name"
    room = resource(before, f"{TENANT}-namespace")
    room["inputs"]["metadata"]["name"] = "another-name"

    assert taken_away(steps(before, Program(SETTINGS))) == [
        "replace aws:cloudwatch/logGroup:LogGroup network-flow-logs",
        "replace aws:s3/bucket:Bucket artifacts-bucket",
        f"replace kubernetes:core/v1:Namespace {TENANT}-namespace",
    ]


def tenant_of_the_release() -> dict[str, Any]:
    """The release's state of one component, with what it stands on."""
    document = released()
    kept: list[dict[str, Any]] = [
        each
        for each in document["deployment"]["resources"]
        if TENANT in each["urn"]
        or each["type"] == "pulumi:pulumi:Stack"
        or each["urn"].endswith("kubernetes::kubernetes")
    ]
    known = {str(each["urn"]) for each in kept}
    for each in kept:
        each["dependencies"] = sorted(known & set(each.get("dependencies") or []))
        each.pop("propertyDependencies", None)
    document["deployment"]["resources"] = kept
    resource(document, f"llm-platform-{STACK}")["outputs"] = {}
    return document


def renamed(name: str, options: pulumi.ResourceOptions | None = None) -> Callable[[], None]:
    """A program with the tenant of the release, under a name."""
    provider = resource(released(), "kubernetes")["inputs"]
    [tenant] = SETTINGS.tenants

    def program() -> None:
        forget_source_positions()
        inside = kubernetes.Provider(
            "kubernetes",
            kubeconfig=provider["kubeconfig"],
            cluster_identifier=provider["clusterIdentifier"],
            enable_patch_force=True,
        )
        merged = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(provider=inside), options)
        TenantNamespace(name, tenant_args(SETTINGS, tenant), merged)

    return program


def operations(planned: Sequence[Planned]) -> set[str]:
    return {each.operation for each in planned if each.custom and "pulumi:" not in each.type}


NAMESPACE = "kubernetes:core/v1:Namespace"


def test_a_component_is_renamed_by_an_alias_and_only_by_one() -> None:
    before = tenant_of_the_release()
    assert len(before["deployment"]["resources"]) >= SMALL - 1
    alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=TENANT)])

    kept = steps(before, renamed("team-assistants", alias))
    lost = steps(before, renamed("team-assistants"))

    assert taken_away(kept) == []
    assert operations(kept) <= {"same", "update"}
    assert taken_away(lost) == [f"delete {NAMESPACE} {TENANT}-namespace"]


def test_a_child_is_renamed_by_an_alias_and_only_by_one() -> None:
    """As if the release had named the child differently."""
    before = tenant_of_the_release()
    old, new = f"{TENANT}-room", f"{TENANT}-namespace"
    text = json.dumps(before).replace(f"::{new}", f"::{old}")
    before = json.loads(text)

    def with_alias(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.name != new:
            return None
        alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=old)])
        merged = pulumi.ResourceOptions.merge(args.opts, alias)
        return pulumi.ResourceTransformResult(args.props, merged)

    aliased = pulumi.ResourceOptions(transforms=[with_alias])
    kept = steps(before, renamed(TENANT, aliased))
    lost = steps(before, renamed(TENANT))

    assert taken_away(kept) == []
    assert operations(kept) == {"same"}
    assert taken_away(lost) == [f"delete {NAMESPACE} {old}"]
