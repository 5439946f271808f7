"""The table of what is taken for true: complete for our stacks, dated, and refused by name."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.assumed import catalogue, model
from local.assumed.answers import ANSWERS, answer
from local.assumed.model import FACTS, Fact, NotAssumedError, Setting
from local.paths import REPOSITORY

PROD = Setting("prod")
DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")


def test_every_entry_has_value_date_and_source() -> None:
    rooms: dict[str, dict[str, Any]] = yaml.safe_load(FACTS.read_text())
    entries = [(room, name) for room, names in rooms.items() for name in names]
    assert entries
    for room, name in entries:
        found = model.fact(room, name, "it")
        assert found.value
        assert found.source
        assert DAY.match(found.day)


@pytest.mark.parametrize("file", sorted((REPOSITORY / "stacks").glob("Pulumi.*.yaml")), ids=str)
def test_every_environment_of_the_stacks_has_an_account(file: Path) -> None:
    config = yaml.safe_load(file.read_text())["config"]
    setting = Setting(config["llm-platform:environment"]["name"])
    assert re.fullmatch(r"\d{12}", str(setting.account().value))


def test_an_account_without_an_entry_is_refused_by_name() -> None:
    with pytest.raises(NotAssumedError) as caught:
        Setting("qa").account()
    assert str(caught.value) == (
        "the AWS account of qa is not known offline: add it, with its date and source, to "
        "local/assumed/facts.yaml under accounts.qa"
    )


def test_an_account_that_a_state_tells_comes_first() -> None:
    told = Fact("000000000001", "2026-11-24", "a state")
    assert Setting("prod", {"account": told}).account() is told


@pytest.mark.parametrize("lacks", ["value", "date", "source"])
def test_an_entry_that_lacks_something_is_no_entry(
    lacks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"value": "1", "date": "2026-11-24", "source": "x"}
    del entry[lacks]
    path = tmp_path / "facts.yaml"
    path.write_text(yaml.safe_dump({"accounts": {"prod": entry}}))
    monkeypatch.setattr(model, "FACTS", path)
    model._facts.cache_clear()  # pyright: ignore[reportPrivateUsage]
    try:
        with pytest.raises(NotAssumedError, match=r"under accounts\.prod"):
            PROD.account()
    finally:
        model._facts.cache_clear()  # pyright: ignore[reportPrivateUsage]


def ask(service: str, operation: str, region: str = "eu-central-1", **arguments: Any) -> Any:
    return answer(PROD, service, operation, region, arguments)


def test_caller() -> None:
    found = ask("sts", "get_caller_identity")
    assert found.response["Account"] == found.fact.value == "333333333333"
    assert ":333333333333:" in found.response["Arn"]


def test_zones_are_those_that_the_stacks_name() -> None:
    found = ask("ec2", "describe_availability_zones")
    assert found.fact.value == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    wanted = [{"Name": "zone-name", "Values": ["eu-central-1b"]}]
    found = ask("ec2", "describe_availability_zones", Filters=wanted)
    assert [zone["ZoneId"] for zone in found.response["AvailabilityZones"]] == ["euc1-az2"]


def test_instance_types_and_offerings() -> None:
    found = ask("ec2", "describe_instance_types", InstanceTypes=["g6.2xlarge"])
    assert found.response["InstanceTypes"][0]["VCpuInfo"]["DefaultVCpus"] == 8
    wanted = [{"Name": "instance-type", "Values": ["g6.2xlarge"]}]
    found = ask(
        "ec2",
        "describe_instance_type_offerings",
        LocationType="availability-zone",
        Filters=wanted,
    )
    assert "g6.2xlarge in eu-central-1a" in found.fact.value


def test_addon_version_is_the_local_clouds_newest() -> None:
    found = ask("eks", "describe_addon_versions", addonName="vpc-cni", kubernetesVersion="1.35")
    newest = found.response["addons"][0]["addonVersions"][0]["addonVersion"]
    assert found.fact.value.startswith(newest)
    assert found.fact.source


def test_image_parameter() -> None:
    root = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/nvidia/recommended"
    found = ask("ssm", "get_parameter", Name=f"{root}/release_version")
    assert found.response["Parameter"]["Value"] == found.fact.value
    found = ask("ssm", "get_parameter", Name=f"{root}/image_id")
    assert "made up" in found.fact.source


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "told"),
    [
        ("rds", "describe_db_engines", {}, "rds describe_db_engines"),
        ("ec2", "describe_instance_types", {"InstanceTypes": ["x9.tiny"]}, "instance type x9.tiny"),
        (
            "eks",
            "describe_addon_versions",
            {"addonName": "nothing", "kubernetesVersion": "1.35"},
            "a version of add-on nothing for Kubernetes 1.35",
        ),
        (
            "eks",
            "describe_addon_versions",
            {"addonName": "vpc-cni", "kubernetesVersion": "1.99"},
            "a version of add-on vpc-cni for Kubernetes 1.99",
        ),
        ("ssm", "get_parameter", {"Name": "/own"}, "SSM parameter /own in eu-central-1"),
        (
            "ec2",
            "describe_availability_zones",
            {"Filters": [{"Name": "message", "Values": ["x"]}]},
            "filter message of describe_availability_zones",
        ),
    ],
)
def test_what_no_table_has_is_refused_by_name_and_place(
    service: str, operation: str, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(NotAssumedError) as caught:
        ask(service, operation, **arguments)
    text = str(caught.value)
    assert told in text
    place = re.search(r"to (local/\S+\.py)", text)
    assert place
    assert (REPOSITORY / place[1]).is_file()


def test_a_region_that_no_table_has_is_refused() -> None:
    with pytest.raises(NotAssumedError, match="availability zones of mars-east-1"):
        ask("ec2", "describe_availability_zones", "mars-east-1")
    with pytest.raises(NotAssumedError, match="instance types of mars-east-1 by region"):
        ask("ec2", "describe_instance_type_offerings", "mars-east-1", LocationType="region")


def test_every_answer_is_tried_above() -> None:
    source = Path(__file__).read_text()
    assert [call for call in ANSWERS if f'"{call[1]}"' not in source] == []


def test_the_day_of_motos_tables_is_that_of_the_pinned_moto() -> None:
    lock = tomllib.loads((REPOSITORY / "uv.lock").read_text())
    moto = next(each for each in lock["package"] if each["name"] == "moto")
    assert moto["sdist"]["upload-time"].startswith(catalogue.DAY)
    assert catalogue.SOURCE.endswith(f"moto {moto['version']}")
