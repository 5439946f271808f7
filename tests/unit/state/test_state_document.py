"""What is wrong with a document that is to become a state, and one that may be published."""

import copy
import json
from typing import Any

import pytest

from infra.state import document, sanitised
from infra.state.document import SECRET, SECRET_MARK, problems_of

STACK = "urn:pulumi:local::llm-platform::pulumi:pulumi:Stack::llm-platform-local"
PROVIDER = "urn:pulumi:local::llm-platform::pulumi:providers:aws::p"
COMPONENT = "urn:pulumi:local::llm-platform::llm-platform:index:Network::net"
VPC = "urn:pulumi:local::llm-platform::llm-platform:index:Network$aws:ec2/vpc:Vpc::net-vpc"
HIDDEN = {SECRET: SECRET_MARK, "plaintext": '"hello"'}


def whole() -> dict[str, Any]:
    resources: list[dict[str, Any]] = [
        {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"},
        {"urn": PROVIDER, "custom": True, "id": "1", "type": "pulumi:providers:aws"},
        {"urn": COMPONENT, "custom": False, "type": "llm-platform:index:Network", "parent": STACK},
        {
            "urn": VPC,
            "custom": True,
            "id": "vpc-1",
            "type": "aws:ec2/vpc:Vpc",
            "parent": COMPONENT,
            "dependencies": [COMPONENT],
            "provider": f"{PROVIDER}::1",
            "inputs": {"password": HIDDEN, "more": [{"deep": HIDDEN}]},
            "created": "2026-11-24T12:00:00Z",
        },
    ]
    return {"version": 3, "deployment": {"manifest": {}, "resources": resources}}


def test_a_whole_document_has_no_problems() -> None:
    assert problems_of(whole(), "local", "llm-platform") == []
    replaced = whole()
    resources = replaced["deployment"]["resources"]
    resources.append({**resources[3], "delete": True})
    assert problems_of(replaced, "local", "llm-platform") == []


def test_another_stack_or_project_is_told_of_every_resource() -> None:
    told = problems_of(whole(), "dev", "other")

    assert {each.problem for each in told} == {"is of stack local", "is of project llm-platform"}
    assert len(told) == 8


BROKEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "urn": (
        {"urn": "vpc"},
        ["deployment.resources[3].urn: 'vpc' is no URN"],
    ),
    "twice": (
        {"urn": COMPONENT, "type": "llm-platform:index:Network"},
        [f"deployment.resources[3].urn: {COMPONENT} stands twice"],
    ),
    "type": (
        {"type": "aws:ec2/subnet:Subnet"},
        ["deployment.resources[3].type: is 'aws:ec2/subnet:Subnet'"],
    ),
    "everything": (
        {"id": "", "parent": "a", "dependencies": [STACK, "b"], "provider": "c"},
        [
            "deployment.resources[3].dependencies[1]: b does not stand before it",
            "deployment.resources[3].id: is missing",
            "deployment.resources[3].parent: a does not stand before it",
            "deployment.resources[3].provider: c is not there",
        ],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_everything_wrong_with_a_resource_is_told_with_its_place(case: str) -> None:
    change, expected = BROKEN[case]
    changed = whole()
    changed["deployment"]["resources"][3] |= change

    told = [str(each) for each in sorted(problems_of(changed, "local", "llm-platform"))]

    assert [line.partition("; allowed")[0] for line in told] == expected
    assert all("; allowed: " in line for line in told)


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ([], ["document"]),
        ({}, ["deployment", "version"]),
        ({"version": 99, "deployment": {}, "checkpoint": {}}, ["checkpoint", "version"]),
        ({"version": 3, "deployment": {"resources": {"a": 1}}}, ["deployment.resources"]),
        ({"version": 3, "deployment": {"resources": [1]}}, ["deployment.resources[0]"]),
        ({"version": 3, "deployment": {"resource": []}}, ["deployment.resource"]),
    ],
    ids=["list", "empty", "version", "mapping", "number", "key"],
)
def test_a_document_of_another_form_is_told(value: Any, paths: list[str]) -> None:
    assert sorted(each.path for each in problems_of(value, "local", "llm-platform")) == paths


def test_secrets_are_found_wherever_they_are() -> None:
    inputs = whole()["deployment"]["resources"][3]["inputs"]

    assert list(document.plain_secrets(inputs)) == ["password", "more[0].deep"]
    assert document.has_secrets(whole())
    assert not document.has_secrets({"a": [{"b": "hello"}]})


def test_what_is_published_says_no_secret_no_path_no_port_and_no_time() -> None:
    state = whole()
    inputs = state["deployment"]["resources"][3]["inputs"]
    inputs |= {
        "shaped": {SECRET: SECRET_MARK, "plaintext": '{"user": "me", "port": 5, "on": [true]}'},
        "encrypted": {SECRET: SECRET_MARK, "ciphertext": "v1:abc"},
        "path": "/home/somebody/checkout/model_repo",
        "endpoint": "https://127.0.0.1:31337/api",
        "kubeconfig": json.dumps({"ca": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURQ=="}),
    }
    state["deployment"]["manifest"] = {"time": "2026-11-24T12:34:56Z", "magic": "m", "version": "v"}
    state["deployment"]["secrets_providers"] = {"type": "passphrase", "state": {"salt": "v1:s"}}
    before = copy.deepcopy(state)

    clean = sanitised.sanitise(state, ["/home/somebody/checkout"])

    assert state == before
    text = json.dumps(clean)
    words = ["hello", "somebody", "31337", "LS0tLS1", "salt", "12:34", '"me"', "v1:abc"]
    assert [word for word in words if word in text] == []
    manifest = {"time": "2026-11-24T00:00:00Z", "magic": "m", "version": "v"}
    assert clean["deployment"]["manifest"] == manifest
    kept = clean["deployment"]["resources"][3]["inputs"]
    assert kept["shaped"]["plaintext"] == '{"user": "[secret]", "port": 5, "on": [true]}'
    assert kept["encrypted"]["plaintext"] == '"[secret]"'
    assert kept["endpoint"] == "https://127.0.0.1:6443/api"
    assert problems_of(clean, "local", "llm-platform") == []
    assert sanitised.sanitise(clean) == clean
    lines = sanitised.as_lines(clean)
    assert json.loads(lines) == clean
    assert len(lines.splitlines()) == 4 + 2


def test_folders_of_this_machine_are_known() -> None:
    paths = sanitised.machine_paths()

    assert paths == sorted(paths, key=len, reverse=True)
    assert document.found_in(f"import {paths[0]}/x", paths)[0] == paths[0]
    assert document.found_in("import os", paths) == []
