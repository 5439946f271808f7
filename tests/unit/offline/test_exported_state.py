"""An exported state: secrets masked, told apart from anything else, its account found."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from infra.offline.exported import UNKNOWN, ExportedState, read_exported
from llm_platform.problems import InvalidInputsError

SECRET = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "v1:abc",
}
STACK = {"urn": "urn:pulumi:prod::llm-platform::pulumi:pulumi:Stack::llm-platform-prod"}


def resource(token: str, name: str, stack: str = "prod", **parts: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:{stack}::llm-platform::{token}::{name}"
    return {"urn": urn, "type": token, "custom": True, **parts}


def document(*resources: dict[str, Any], **parts: Any) -> dict[str, Any]:
    deployment = {
        "manifest": {"time": "2026-11-20T10:00:00Z"},
        "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:x"}},
        "resources": [{**STACK, "type": "pulumi:pulumi:Stack"}, *resources],
        **parts,
    }
    return {"version": 3, "deployment": deployment}


def read(tmp_path: Path, content: Any) -> ExportedState:
    path = tmp_path / "export.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_exported(path, "prod")


def test_secrets_are_masked_at_any_depth(tmp_path: Path) -> None:
    password = resource(
        "aws:ssm/parameter:Parameter",
        "p",
        inputs={"value": SECRET, "list": [{"a": SECRET}], "name": "/p"},
        outputs={"value": SECRET},
    )
    found = read(tmp_path, document(password))
    assert found.masked == 3
    kept = found.deployment["resources"][1]
    assert kept["inputs"] == {"value": UNKNOWN, "list": [{"a": UNKNOWN}], "name": "/p"}
    assert kept["outputs"] == {"value": UNKNOWN}
    assert "v1:" not in json.dumps(found.deployment)


def test_the_provider_of_secrets_is_left_behind(tmp_path: Path) -> None:
    assert "secrets_providers" not in read(tmp_path, document()).deployment


def test_references_between_resources_stay(tmp_path: Path) -> None:
    reference = {
        "4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e",
        "urn": "urn:pulumi:prod::llm-platform::x:y:Z::z",
    }
    found = read(tmp_path, document(resource("x:y:Z", "z", outputs={"of": reference})))
    assert found.masked == 0
    assert found.deployment["resources"][1]["outputs"]["of"] == reference


def test_resources_are_counted_without_stack_and_providers(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        document(
            resource("pulumi:providers:aws", "default"),
            resource("llm-platform:index:Network", "n", custom=False),
            resource("aws:ec2/vpc:Vpc", "v"),
        ),
    )
    assert found.resources == 1


def test_operations_under_way_are_left_out_and_counted(tmp_path: Path) -> None:
    pending = [{"resource": resource("aws:ec2/vpc:Vpc", "v"), "type": "creating"}]
    found = read(tmp_path, document(pending_operations=pending))
    assert found.pending == 1
    assert "pending_operations" not in found.deployment


def test_the_account_is_the_one_that_most_arns_name(tmp_path: Path) -> None:
    arns = [
        "arn:aws:kms:eu-central-1:444444444444:key/1",
        "arn:aws:iam::444444444444:role/x",
        "arn:aws:iam::aws:policy/Managed",
        "arn:aws:eks:eu-central-1:555555555555:cluster/x",
    ]
    made = [
        resource("aws:x/y:Y", str(index), outputs={"arn": arn}) for index, arn in enumerate(arns)
    ]
    other = resource("kubernetes:core/v1:Pod", "p", outputs={"arn": arns[3]})
    found = read(tmp_path, document(*made, other, {**other, "urn": other["urn"] + "2"}))
    assert found.account is not None
    assert (found.account.value, found.account.day) == ("444444444444", "2026-11-20")
    assert read(tmp_path, document()).account is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "has no `deployment`"),
        ({"version": 3}, "has no `deployment`"),
        (document(resource("aws:ec2/vpc:Vpc", "v", stack="dev")), "is a state of stack dev"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: Any, told: str) -> None:
    with pytest.raises(InvalidInputsError) as caught:
        read(tmp_path, content)
    assert told in str(caught.value)
    assert "export.json" in str(caught.value)


def test_a_compressed_file(tmp_path: Path) -> None:
    path = tmp_path / "export.json.gz"
    path.write_bytes(gzip.compress(json.dumps(document()).encode()))
    assert read_exported(path, "prod").resources == 0
    path.write_bytes(b"{}")
    with pytest.raises(InvalidInputsError, match="cannot be read"):
        read_exported(path, "prod")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputsError, match="cannot be read"):
        read_exported(tmp_path / "none.json", "prod")
