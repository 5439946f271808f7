"""Settings: one error with all problems, paths below the file's folder."""

import json
from pathlib import Path

import gateway
import pytest
from gateway.settings import SettingsError, check, load

LOCAL = Path(gateway.__file__).parent / "config" / "local.yaml"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_the_settings_of_a_laptop_are_good() -> None:
    settings = load(LOCAL)

    assert settings.listen.host == "127.0.0.1"
    assert settings.keys.required is False
    assert {each.name for each in settings.models} >= set(settings.admission.models)


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    data = {"keys": {"required": False}, "listen": {"http_port": 8080}}
    yaml = write(tmp_path, "a.yaml", "keys: {required: false}\nlisten: {http_port: 8080}\n")

    assert load(yaml) == load(write(tmp_path, "a.json", json.dumps(data)))


def test_every_problem_is_named_with_its_path_and_what_is_allowed(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "a.yaml",
        """
keys: {required: false}
listen: {http_port: 99999, prt: 1}
upstream: {grpc: nowhere}
admission: {slots: 0, models: {smollm2: {slot: 1}}, priorities: {a: 10}}
elsewhere: {}
""",
    )

    with pytest.raises(SettingsError) as caught:
        load(file)

    lines = str(caught.value).splitlines()
    assert len(lines) == 7
    assert all(line.startswith(f"{file}: ") for line in lines)
    text = str(caught.value)
    assert "listen.http_port: input should be less than or equal to 65535" in text
    assert "listen.prt: is not known; allowed: body_bytes, " in text
    assert "upstream.grpc: string should match pattern" in text
    assert "admission.models.smollm2.slot: is not known; allowed: queue, " in text
    assert "admission.priorities.a: input should be less than or equal to 9" in text
    assert "elsewhere: is not known; allowed: admission, budgets, cache, " in text


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "listen: {http_port: 1, http_port: 2}", "set more than once: http_port"),
        ("a.json", '{"keys": {}, "keys": {}}', "set more than once: keys"),
        ("a.yaml", "listen: [", "expected"),
        ("a.json", "{", "Expecting property name"),
        ("a.yaml", "- 1", "must be a mapping of sections"),
        ("a.yaml", "", "keys: is missing"),
        ("a.yaml", "keys: {required: true}", "file must name a key file"),
    ],
)
def test_a_file_that_is_no_settings(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(write(tmp_path, name, text))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load(tmp_path / "none.yaml")


def test_relative_paths_begin_at_the_file(tmp_path: Path) -> None:
    settings = load(write(tmp_path, "a.yaml", "keys: {file: keys.json}"))

    assert settings.keys.file == tmp_path / "keys.json"


def test_limits_that_contradict_each_other() -> None:
    listen = {"http_port": 5000, "grpc_port": 5000}
    with pytest.raises(SettingsError, match="must differ; both are 5000"):
        check({"keys": {"required": False}, "listen": listen})


def test_a_drain_is_as_long_as_the_longest_answer_unless_it_is_said() -> None:
    settings = check({"keys": {"required": False}, "listen": {"deadline_seconds": 77}})
    shorter = check({"keys": {"required": False}, "listen": {"drain_seconds": 5}})

    assert settings.listen.drain == 77
    assert shorter.listen.drain == 5
