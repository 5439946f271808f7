"""Offline plans by the real engine: no network, no credentials, every environment.

Three environments are planned at once in a network namespace that has nothing but loopback.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest

from infra.cli import offline
from infra.cli.workspace import load_settings
from infra.offline import schemas
from infra.offline.exported import exported, read_exported
from infra.offline.planning import Plan
from local.cluster import crds
from local.cluster.crd_catalogue import CATALOGUE
from local.reporter import LineReporter
from tests.lifecycle.offline_world import (
    SECRET,
    STACK,
    as_exported,
    in_namespace,
    namespace_problem,
    plan_small,
    small,
)

ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="module", autouse=True)
def cached(pulumi_path: Path) -> None:
    """What a machine has after its first run: the engine, and the schemas of the manifests."""
    assert pulumi_path.exists()
    schemas.built_in("v1", LineReporter())
    crds.fetch(CATALOGUE, LineReporter())


@pytest.fixture(scope="module")
def planned_alone(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    problem = namespace_problem()
    if problem:
        pytest.skip(f"no network namespace can be made here: {problem}")
    commands = [
        [sys.executable, "-m", "infra.cli.main", "preview", each, "--offline", "--json"]
        for each in ENVIRONMENTS
    ]
    return in_namespace(commands, tmp_path_factory.mktemp("alone"))


class TestWithoutNetwork:
    def test_nothing_but_loopback_and_nobody_tried_to_leave(
        self, planned_alone: list[dict[str, Any]]
    ) -> None:
        about = planned_alone[-1]
        assert about["interfaces"] == ["lo"]
        assert about["attempts"] == {"Ip: OutNoRoutes": 0, "Udp: OutDatagrams": 0}

    @pytest.mark.parametrize("stack", ENVIRONMENTS)
    def test_every_environment_passes(
        self, stack: str, planned_alone: list[dict[str, Any]]
    ) -> None:
        ended = planned_alone[ENVIRONMENTS.index(stack)]
        assert ended["code"] == 0, ended["err"] + ended["out"]
        found = json.loads(ended["out"])
        assert (found["stack"], found["passed"], found["errors"]) == (stack, True, [])
        assert set(found["counts"]) == {"create"}
        assert found["counts"]["create"] > 150
        assert found["state"] is None

    @pytest.mark.parametrize("stack", ENVIRONMENTS)
    def test_policies_and_cost_are_complete(
        self, stack: str, planned_alone: list[dict[str, Any]]
    ) -> None:
        found = json.loads(planned_alone[ENVIRONMENTS.index(stack)]["out"])
        assert found["policies"]["complete"]
        assert "llm-platform" in found["policies"]["packs"]
        assert all(each["level"] != "mandatory" for each in found["policies"]["findings"])
        cost = found["cost"]
        assert 0 < cost["total"]["minimum"] <= cost["total"]["expected"] <= cost["total"]["worst"]
        assert cost["total"]["worst"] <= cost["budget"]
        assert cost["unpriced"] == []

    @pytest.mark.parametrize("stack", ENVIRONMENTS)
    def test_every_manifest_is_valid(self, stack: str, planned_alone: list[dict[str, Any]]) -> None:
        found = json.loads(planned_alone[ENVIRONMENTS.index(stack)]["out"])["manifests"]
        assert found["problems"] == []
        assert found["notValidated"] == []
        assert found["valid"] == found["objects"] > 30

    def test_what_was_assumed_is_told_with_date_and_source(
        self, planned_alone: list[dict[str, Any]]
    ) -> None:
        for ended in planned_alone[:-1]:
            assumed = json.loads(ended["out"])["assumed"]
            assert {"caller identity", "region"} <= {each["what"] for each in assumed}
            assert all(each["value"] and each["date"] and each["source"] for each in assumed)


class TestWhatIsWrong:
    def test_an_invalid_manifest_fails_by_object_and_path(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def program() -> None:
            kubernetes.Provider("cluster", kubeconfig="{}")
            wrong: Any = {
                "replicas": "three",
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"spec": {"containers": [{"image": "x", "imagePolicy": "y"}]}},
            }
            kubernetes.apps.v1.Deployment("web", metadata={"name": "web"}, spec=wrong)

        code = run_instead(program, monkeypatch, as_json=True)
        found = json.loads(capsys.readouterr().out)
        assert code == 1
        # the pack of prod has something to say of such a Deployment too
        assert found["reasons"][-1] == "3 problems in manifests"
        assert found["policies"]["findings"]
        place = "spec.template.spec.containers[0]"
        assert [
            (each["kind"], each["name"], each["path"]) for each in found["manifests"]["problems"]
        ] == [
            ("Deployment (apps/v1)", "web", "spec.replicas"),
            ("Deployment (apps/v1)", "web", f"{place}.imagePolicy"),
            ("Deployment (apps/v1)", "web", f"{place}.name"),
        ]

    def test_a_question_that_no_table_answers_fails_by_name(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def program() -> None:
            aws.eks.get_addon_version(addon_name="unheard-of", kubernetes_version="1.35")

        code = run_instead(program, monkeypatch, as_json=False)
        told = capsys.readouterr().out
        assert code == 1
        words = "a version of add-on unheard-of for Kubernetes 1.35 is not known offline: add it"
        assert words in " ".join(told.split())
        assert "Traceback" not in told


def run_instead(
    program: Callable[[], None], monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> int:
    """`llmp preview prod --offline` with another program."""

    class Instead:
        def __init__(self, _: object) -> None:
            pass

        def load_in_background(self) -> None:
            pass

        def __call__(self) -> None:
            program()

    monkeypatch.setattr(offline, "Program", Instead)
    return offline.preview_offline(
        STACK, load_settings(STACK), state=None, as_json=as_json, diff=False
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        made = plan_small(small())
    assert made.failure == ""
    assert made.counts == {"create": 4}
    assert list(folder.iterdir()) == [], "a plan leaves something behind"
    return made


class TestAgainstAState:
    def test_the_same_program_changes_nothing(self, first: Plan, tmp_path: Path) -> None:
        path = tmp_path / "export.json"
        path.write_text(json.dumps(as_exported(first)))
        state = read_exported(path, STACK)
        assert state.masked > 0
        again = plan_small(small(), state=state)
        assert again.failure == ""
        assert again.counts == {"same": 4}

    def test_what_differs_is_told(self, first: Plan) -> None:
        state = exported(as_exported(first), STACK, Path("x"))
        changed = small(owner="b", map_name="other", with_parameter=False, secret="new")
        made = plan_small(changed, state=state)
        assert made.failure == ""
        assert made.counts == {"delete": 1, "replace": 1, "same": 1, "update": 1}
        by_name = {each.name: each for each in made.resources.resources.values()}
        assert by_name["topic"].operation == "update"
        assert "tags.owner" in by_name["topic"].differs
        assert by_name["map"].differs == {"metadata.name": "update-replace"}
        assert by_name["password"].operation == "delete"
        # a secret of a masked state cannot be compared
        assert by_name["hidden"].operation == "same"

    def test_secrets_are_not_in_a_plan(self, first: Plan) -> None:
        for each in first.resources.resources.values():
            assert SECRET not in json.dumps([dict(each.inputs), dict(each.old)])
