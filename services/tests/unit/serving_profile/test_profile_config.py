"""Measured values in config.pbtxt: read by meaning, changed as text, nothing else touched."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import profile_config
from serving.profile_config import ConfigError, Tuned, change, read

COMMENTED = """\
# max_batch_size: 3
name: "x" # instance_group [ { count: 9 } ]
backend: "python"
max_batch_size: 32
dynamic_batching {
  # wait { preferred_batch_size: [ 1 ]
  max_queue_delay_microseconds: 500
  preferred_batch_size: [ 8, 16 ] # why
  priority_levels: 2
  default_priority_level: 1
}
instance_group [ { kind: KIND_CPU, count: 1 } ]
parameters [ { key: "count" value: { string_value: "max_batch_size: 7 { count: 1" } } ]
"""
BARE = 'name: "y"\nbackend: "python"\n'
WANTED = Tuned(2, 16, (4, 8), 1000)
FORMS = {
    "commented": COMMENTED,
    "bare": BARE,
    "empty blocks": BARE + "max_batch_size: 8\ndynamic_batching { }\ninstance_group { }\n",
    "one line": BARE + "max_batch_size:8 dynamic_batching{max_queue_delay_microseconds:5}",
    "repeated": BARE + "dynamic_batching { preferred_batch_size: 1 preferred_batch_size: 2 }",
    "colons": BARE + "dynamic_batching: { preferred_batch_size: [ 1 ] }\ninstance_group: [ {} ]",
    "angles": BARE + "dynamic_batching < max_queue_delay_microseconds: 7 >\n",
}


def test_values_are_read_by_meaning() -> None:
    assert read(COMMENTED) == Tuned(1, 32, (8, 16), 500)
    assert read(BARE) == Tuned(1, 0, (), None)
    assert read(BARE + "instance_group [ { count: 2 }, { } ]") == Tuned(3, 0, (), None)


@pytest.mark.parametrize("name", FORMS)
def test_values_are_changed_in_every_form(name: str) -> None:
    changed = change(FORMS[name], WANTED)
    assert read(changed) == WANTED
    assert change(changed, WANTED) == changed


def test_only_the_values_change() -> None:
    expected = (
        COMMENTED.replace("max_batch_size: 32", "max_batch_size: 16")
        .replace("microseconds: 500", "microseconds: 1000")
        .replace("[ 8, 16 ]", "[ 4, 8 ]")
        .replace("KIND_CPU, count: 1", "KIND_CPU, count: 2")
    )
    assert change(COMMENTED, WANTED) == expected


def test_a_line_that_had_nothing_else_goes_with_them() -> None:
    text = BARE + "dynamic_batching {\n  preferred_batch_size: 4\n}\n"
    assert change(text, Tuned(1, 0, (), 0)) == BARE + "dynamic_batching {\n}\n"


def test_preferred_sizes_can_go() -> None:
    changed = change(COMMENTED, Tuned(1, 32, (), 500))
    assert read(changed).preferred_batch_size == ()
    assert "priority_levels: 2" in changed


def test_the_right_values_stay_as_they_are() -> None:
    assert change(COMMENTED, read(COMMENTED)) == COMMENTED


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        ("nonsense: 1", WANTED, "no configuration of Triton: 1:1"),
        (BARE + "instance_group [ {}, {} ]", WANTED, "several instance groups"),
        (BARE + "sequence_batching { }", WANTED, "sequence_batching"),
        (COMMENTED, Tuned(1, 32, (8, 16), None), "not taken out"),
        (BARE, Tuned(1, 8, (4,), None), "preferred batch sizes need dynamic batching"),
    ],
)
def test_what_cannot_be_changed_is_refused(text: str, wanted: Tuned, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        change(text, wanted)


@given(
    count=st.integers(1, 64),
    size=st.integers(1, 1024),
    preferred=st.lists(st.integers(1, 64), max_size=4).map(tuple),
    delay=st.integers(0, 10**6),
    form=st.sampled_from(sorted(FORMS)),
)
def test_any_values_in_any_form(
    count: int, size: int, preferred: tuple[int, ...], delay: int, form: str
) -> None:
    wanted = Tuned(count, size, preferred, delay)
    assert read(change(FORMS[form], wanted)) == wanted


def test_an_edit_that_would_change_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(text: str, path: tuple[str, ...], value: int) -> str:
        return text.replace("32", str(value)).replace('"x"', '"z"') if path else text

    monkeypatch.setattr(profile_config, "_set", careless)
    with pytest.raises(ConfigError, match="other fields"):
        change(COMMENTED, Tuned(1, 16, (8, 16), 500))


def test_the_definitions_do_not_clash_with_those_of_kserve() -> None:
    from gateway.upstream import messages  # noqa: PLC0415

    assert messages.message("ModelInferRequest")
    assert read(COMMENTED).max_batch_size == 32


def test_our_own_configurations_can_be_read(request: pytest.FixtureRequest) -> None:
    repository = Path(request.config.rootpath).parent / "model_repo"
    found = {path.parent.name: read(path.read_text()) for path in repository.glob("*/config.pbtxt")}
    assert found["synthetic"].max_batch_size > 1
    assert found["smollm2"].max_queue_delay_microseconds is None
