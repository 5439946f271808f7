"""What is measured, what follows from it, and the reviewed file that keeps it."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import yaml
from serving import profile, profile_file, profile_run
from serving.profile_config import Tuned, read
from serving.profile_file import Machine, ProfileError
from serving.profile_results import (
    Choice,
    Measured,
    Point,
    ResultsError,
    choose,
    pair,
    read_points,
)
from serving.profile_search import (
    SEARCHES,
    Places,
    Search,
    analyzer_settings,
    search_for,
    sentence_inputs,
)

TODAY = Tuned(1, 32, (8, 16), 500)
TABLE = """\
Model,Concurrency,Model Config Path,Throughput (infer/sec),Avg Latency (ms),p99 Latency (ms)
m,32,m_config_0,813.5,12.0,14.3
m,1,m_config_0,90,6.0,7.0
m,32,m_config_default,588,20,24.8
m,1,m_config_default,100.0,5.0,6.0
m,32,m_config_1,900,9,10

"""
MACHINE = Machine(cpu="a processor", cores=2, memory_gib=24, load_average=0.1)


def measured(
    values: Tuned, throughput: float, p99: float = 20, alone: float = 5, name: str = "x"
) -> Measured:
    return Measured(
        values, Point(name, 1, 100, alone, alone), Point(name, 32, throughput, p99, p99)
    )


def decide(*others: Measured) -> Choice:
    return choose([measured(TODAY, 600), *others], TODAY)


def test_the_table_is_read_and_what_was_not_measured_whole_is_left_out() -> None:
    points = read_points(TABLE)
    assert points[0] == Point("m_config_0", 32, 813.5, 12.0, 14.3)
    values = {"m_config_0": Tuned(2, 32, (32,), 0), "m_config_default": TODAY, "m_config_1": TODAY}
    found = pair(points, values, (1, 32))
    assert [each.loaded.configuration for each in found] == ["m_config_0", "m_config_default"]
    assert found[0].alone.p99_ms == 7.0


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", TABLE.replace("p99 Latency (ms)", "p95")])
def test_a_table_that_is_another(text: str) -> None:
    with pytest.raises(ResultsError, match="p99 Latency"):
        read_points(text)


def test_the_fastest_under_load_is_chosen() -> None:
    best = measured(Tuned(2, 32, (32,), 0), 900)
    assert decide(measured(Tuned(1, 8, (8,), 0), 700), best).chosen == best


def test_not_at_the_cost_of_the_slowest_answers() -> None:
    later = measured(Tuned(2, 32, (32,), 0), 900, p99=20.1)
    lonely = measured(Tuned(2, 32, (32,), 9000), 900, alone=7)
    fine = measured(Tuned(1, 32, (32,), 0), 700, p99=20, alone=6.2)
    assert decide(later, lonely, fine).chosen == fine


def test_of_equals_the_cheapest() -> None:
    two = measured(Tuned(2, 32, (32,), 0), 1000)
    waits = measured(Tuned(1, 32, (32,), 1000), 990)
    big = measured(Tuned(1, 32, (32,), 0), 980)
    small = measured(Tuned(1, 8, (8,), 0), 960)
    assert decide(two, waits, big, small).chosen == small


def test_what_is_hardly_better_changes_nothing() -> None:
    choice = decide(measured(Tuned(1, 8, (8,), 0), 620))
    assert choice.chosen.values == TODAY


def test_without_the_present_values_nothing_can_be_said() -> None:
    with pytest.raises(ResultsError, match="present values"):
        choose([measured(Tuned(2, 32, (), 0), 900)], TODAY)


def test_every_value_has_its_measured_reason() -> None:
    reasons = decide(measured(Tuned(2, 32, (8, 16), 0), 900, p99=14.3)).reasons
    assert reasons == {
        "instance_count": "2: 900/s, p99 14.3 ms; best with 1: 600/s, p99 20.0 ms",
        "max_batch_size": "32: 900/s, p99 14.3 ms; no other value was tried",
        "preferred_batch_size": "8+16: 900/s, p99 14.3 ms; no other value was tried",
        "max_queue_delay_microseconds": "0: 900/s, p99 14.3 ms; best with 500: 600/s, p99 20.0 ms",
    }


def made() -> profile_file.Profile:
    return profile_file.make(
        decide(measured(Tuned(2, 16, (), 0), 900)),
        search=Search("m"),
        machine=MACHINE,
        versions={"triton": "2.51.0"},
        day=date(2026, 11, 24),
    )


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(made().text())
    assert profile_file.read(file) == made()
    assert made().values.tuned() == Tuned(2, 16, (), 0)
    assert made().text().startswith("# Measured values of m/config.pbtxt")


def test_everything_that_is_wrong_with_a_profile_is_told(tmp_path: Path) -> None:
    content = yaml.safe_load(made().text())
    content["values"]["max_batch_size"]["value"] = -1
    del content["values"]["instance_count"]["reason"]
    content["machin"] = content.pop("machine")
    file = tmp_path / "m.yaml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(ProfileError) as caught:
        profile_file.read(file)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(str(file)) for line in lines)
    assert sorted(line.split(": ")[1] for line in lines) == [
        "machin",
        "machine",
        "values.instance_count.reason",
        "values.max_batch_size.value",
    ]


def test_a_profile_of_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(made().text())
    with pytest.raises(ProfileError, match="allowed: other"):
        profile_file.read(tmp_path / "other.yaml")
    with pytest.raises(ProfileError, match="No such file"):
        profile_file.read(tmp_path / "none.yaml")


def places() -> Places:
    folder = Path("/f")
    return Places(folder, folder / "o", folder / "t", folder / "p", folder / "i", (1, 2, 3))


def test_model_analyzer_is_told_all_values_and_stays_on_loopback() -> None:
    search = Search("m", (1, 2), (8, 32), (0, 1000), (1, 32))
    told = analyzer_settings(search, places(), TODAY)
    tried = told["profile_models"]["m"]["model_config_parameters"]
    assert tried == {
        "instance_group": [{"kind": "KIND_CPU", "count": [1, 2]}],
        "max_batch_size": [8, 32],
        "dynamic_batching": {"max_queue_delay_microseconds": [0, 1000]},
    }
    assert "model_config_parameters" not in told["profile_models"]["m_today"]
    assert set(told["triton_server_flags"].values()) == {"127.0.0.1"}
    assert told["profile_models"]["m"]["perf_analyzer_flags"]["input-data"] == "/f/i"
    # 2 counts, 2 delays, batches of 8, 32; and what is there today, without and with its sizes.
    assert (search.configurations(), search.points()) == (10, 20)


def test_a_model_that_takes_no_batches_is_only_copied() -> None:
    told = analyzer_settings(Search("m"), places(), Tuned(1, 0, (), None))
    assert list(told["profile_models"]["m"]["model_config_parameters"]) == ["instance_group"]


def test_what_is_measured_is_a_copy_without_preferred_sizes_and_one_with_them(
    tmp_path: Path,
) -> None:
    text = 'name: "m" # m\nbackend: "python"\ndynamic_batching { preferred_batch_size: 4 }\n'
    repo = repository(tmp_path / "repo", text)
    (repo / "m" / "1").mkdir()
    (repo / "m" / "1" / "model.py").write_text("code")
    today = profile_run.copy_model(Search("m"), repo, tmp_path / "copy")
    assert today == Tuned(1, 0, (4,), 0)
    copies = {path.parent.name: path.read_text() for path in tmp_path.glob("copy/*/config.pbtxt")}
    assert read(copies["m"]) == Tuned(1, 0, (), 0)
    assert copies["m_today"] == text.replace('"m"', '"m_today"')
    assert (tmp_path / "copy" / "m" / "1" / "model.py").read_text() == "code"


def test_an_ensemble_is_measured_by_the_step_that_takes_the_time() -> None:
    assert search_for("minilm").model == "minilm_encoder"
    assert search_for("unheard-of") == Search("unheard-of")
    assert all(name == search.model for name, search in SEARCHES.items())


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--clients", "1", "allowed: two numbers"),
        ("--delays", "x", "no list of numbers"),
        ("--batch-sizes", "0,8", "allowed: 1 and more"),
    ],
)
def test_values_that_cannot_be_tried(
    option: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        profile.parse([option, value])
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


def test_the_command_line_may_name_other_values() -> None:
    options = profile.parse(["minilm", "--delays", "500,0", "--instance-counts", "1"])
    found = profile.chosen_search("minilm_encoder", options)
    assert (found.instance_counts, found.delays, found.batch_sizes) == ((1,), (0, 500), (32, 64))
    assert found.inputs


def test_sentences_are_the_same_every_time_and_of_one_length() -> None:
    rows = sentence_inputs(count=5, width=16)
    assert rows == sentence_inputs(count=5, width=16)
    for row in rows:
        lengths = {name: len(each["content"]) for name, each in row.items()}
        assert lengths == {"input_ids": 16, "attention_mask": 16, "token_type_ids": 16}
        assert sum(row["attention_mask"]["content"]) == sum(
            1 for i in row["input_ids"]["content"] if i
        )


def repository(folder: Path, text: str = 'name: "m"\nbackend: "python"\n') -> Path:
    (folder / "m").mkdir(parents=True)
    (folder / "m" / "config.pbtxt").write_text(text)
    return folder


def run(repo: Path, *arguments: str) -> int:
    words: Sequence[str] = (*arguments, "--repository", str(repo))
    return profile.main(words)


def test_accepted_values_reach_the_configuration_and_a_difference_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = repository(tmp_path / "repo")
    proposal = tmp_path / "profile.yaml"
    proposal.write_text(made().text())
    assert profile.accept(repo, proposal) == repo / "profiles" / "m.yaml"
    assert run(repo, "check") == 1
    assert "max_batch_size is 0, the accepted profile says 16" in capsys.readouterr().err
    assert run(repo, "apply") == 0
    assert read((repo / "m" / "config.pbtxt").read_text()) == Tuned(2, 16, (), 0)
    assert run(repo, "check") == 0
    assert run(repo, "apply", "m") == 0
    assert "has the accepted values already" in capsys.readouterr().err


def test_a_wrong_proposal_is_not_accepted(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (tmp_path / "profile.yaml").write_text("model: m\n")
    with pytest.raises(ProfileError, match="values: Field required"):
        profile.accept(repo, tmp_path / "profile.yaml")
    assert not (repo / "profiles").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nix",), 2, "no model nix"),
        (("apply", "m"), 1, "m.yaml: No such file"),
        (("accept", "m"), 1, "measure first"),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    monkeypatch.setenv("LLMP_CACHE", str(tmp_path / "cache"))
    assert run(repository(tmp_path / "repo"), *arguments) == code
    assert words in capsys.readouterr().err


def test_our_configurations_have_the_values_that_were_accepted() -> None:
    assert profile.differences(profile.REPOSITORY) == []
